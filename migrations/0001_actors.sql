-- +goose Up
-- Who may act: accounts, organisations, memberships, training, charter, remits.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Lower case without accents; IMMUTABLE so that indexes may use it.
-- +goose StatementBegin
CREATE FUNCTION relais_fold(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, t)) $$;
-- +goose StatementEnd

CREATE TABLE accounts (
  id          uuid PRIMARY KEY,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  email       text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),      -- as invited; never identity
  issuer      text,                                                        -- bound at first sign-in
  subject     text,
  state       text NOT NULL CHECK (state IN ('invited','bound','suspended','ended')),
  language    text NOT NULL DEFAULT 'fr',
  created_at  timestamptz NOT NULL,
  bound_at    timestamptz,
  suspended_at timestamptz,
  suspended_reason text,
  CHECK ((issuer IS NULL) = (subject IS NULL)),
  CHECK (state <> 'bound' OR issuer IS NOT NULL)
);
CREATE UNIQUE INDEX accounts_identity ON accounts (issuer, subject);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email)) WHERE state <> 'ended';

CREATE TABLE organisations (
  id          uuid PRIMARY KEY,
  name        text NOT NULL CHECK (length(name) BETWEEN 2 AND 200),
  kind        text NOT NULL DEFAULT '',
  pack        text NOT NULL,                       -- country pack id
  time_zone   text NOT NULL,
  territory   text NOT NULL DEFAULT '',            -- what a territorial remit compares
  address     text NOT NULL DEFAULT '',
  city        text NOT NULL DEFAULT '',
  phone       text NOT NULL DEFAULT '',
  email       text NOT NULL DEFAULT '',
  state       text NOT NULL CHECK (state IN ('active','suspended')),
  suspended_reason text,
  allowed_themes text[] NOT NULL DEFAULT '{}',     -- empty: all of the pack
  created_at  timestamptz NOT NULL
);

CREATE TABLE memberships (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES accounts,
  organisation_id uuid NOT NULL REFERENCES organisations,
  role          text NOT NULL CHECK (role IN ('mediator','referent')),
  state         text NOT NULL CHECK (state IN ('invited','active','suspended','ended')),
  invited_at    timestamptz NOT NULL,
  invited_by    uuid,
  confirmed_at  timestamptz,
  confirmed_by  uuid,
  suspended_at  timestamptz,
  suspended_by  uuid,
  suspended_reason text,
  ended_at      timestamptz,
  ended_by      uuid,
  CHECK (state <> 'active' OR confirmed_at IS NOT NULL),
  CHECK (confirmed_by IS NULL OR confirmed_by <> account_id)
);
CREATE UNIQUE INDEX memberships_live ON memberships (account_id, organisation_id, role) WHERE state <> 'ended';
CREATE INDEX memberships_organisation ON memberships (organisation_id, state);

CREATE TABLE trainings (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES accounts,
  organisation_id uuid NOT NULL REFERENCES organisations,
  course        text NOT NULL CHECK (length(course) BETWEEN 2 AND 200),
  completed_on  date NOT NULL,
  expires_on    date,                               -- last valid day, none: no expiry
  evidence      text NOT NULL CHECK (length(evidence) BETWEEN 2 AND 500),
  recorded_by   uuid NOT NULL,
  recorded_at   timestamptz NOT NULL,
  CHECK (recorded_by <> account_id),
  CHECK (expires_on IS NULL OR expires_on >= completed_on)
);
CREATE INDEX trainings_of ON trainings (account_id, organisation_id);

CREATE TABLE charter_acceptances (
  account_id    uuid NOT NULL REFERENCES accounts,
  organisation_id uuid NOT NULL REFERENCES organisations,
  version       text NOT NULL,
  accepted_at   timestamptz NOT NULL,
  PRIMARY KEY (account_id, organisation_id, version)
);

-- What a supervisor may see: one organisation or one territory per line.
CREATE TABLE remits (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES accounts,
  organisation_id uuid REFERENCES organisations,
  territory     text,
  granted_by    uuid NOT NULL,
  granted_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  CHECK (num_nonnulls(organisation_id, territory) = 1),
  CHECK (granted_by <> account_id)
);
CREATE INDEX remits_of ON remits (account_id) WHERE ended_at IS NULL;

CREATE TABLE operators (
  account_id    uuid PRIMARY KEY REFERENCES accounts,
  granted_by    uuid,                               -- null: by the command line
  granted_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  CHECK (granted_by <> account_id)
);

CREATE TABLE invitations (
  id            uuid PRIMARY KEY,
  account_id    uuid NOT NULL REFERENCES accounts,
  membership_id uuid REFERENCES memberships,
  email         text NOT NULL,
  invited_by    uuid,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  accepted_at   timestamptz
);

-- Row history: written by triggers, refused when nobody is said to act.
CREATE TABLE row_history (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name    text NOT NULL,
  row_id        uuid,
  operation     text NOT NULL,
  acting        text NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  before        jsonb,
  after         jsonb
);
CREATE INDEX row_history_row ON row_history (row_id, id);

-- +goose StatementBegin
CREATE FUNCTION relais_row_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE acting text := nullif(current_setting('relais.acting', true), '');
DECLARE r jsonb;
BEGIN
  IF acting IS NULL THEN
    RAISE EXCEPTION 'relais: a change of % needs an acting account', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END IF;
  r := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
  INSERT INTO row_history (table_name, row_id, operation, acting, before, after)
  VALUES (TG_TABLE_NAME, coalesce(r->>'id', r->>'account_id')::uuid, TG_OP, acting,
          CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['accounts','organisations','memberships','trainings','remits','operators'] LOOP
    EXECUTE format('CREATE TRIGGER %I_history AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION relais_row_history()', t, t);
  END LOOP;
END $$;
-- +goose StatementEnd
