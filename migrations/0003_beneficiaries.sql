-- +goose Up
-- The people helped, as one organisation knows them, and the codes they hold.
CREATE TABLE beneficiaries (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  given_names     text NOT NULL CHECK (length(given_names) <= 200),
  family_name     text NOT NULL CHECK (length(family_name) <= 200),       -- birth name
  usage_name      text NOT NULL DEFAULT '' CHECK (length(usage_name) <= 200),  -- married or used name
  birth_date      date,
  birth_place     text NOT NULL DEFAULT '' CHECK (length(birth_place) <= 200),
  language        text NOT NULL DEFAULT 'fr',
  phone           text NOT NULL DEFAULT '',          -- E.164
  email           text NOT NULL DEFAULT '',
  address         text NOT NULL DEFAULT '' CHECK (length(address) <= 500),
  channel         text NOT NULL CHECK (channel IN ('sms','mail','letter','none')),
  identity_check  text NOT NULL,                     -- kind of document seen, a pack's code; never its number
  identity_checked_by uuid NOT NULL REFERENCES accounts,
  identity_checked_at timestamptz NOT NULL,
  protection      text NOT NULL DEFAULT 'none',      -- a pack's protection status
  created_at      timestamptz NOT NULL,
  created_by      uuid NOT NULL REFERENCES accounts,
  erased_at       timestamptz,
  search          text GENERATED ALWAYS AS (relais_fold(given_names || ' ' || family_name || ' ' || usage_name)) STORED
);
CREATE INDEX beneficiaries_names ON beneficiaries (organisation_id, relais_fold(family_name), id) WHERE erased_at IS NULL;
CREATE INDEX beneficiaries_search ON beneficiaries USING gin (search gin_trgm_ops);
CREATE INDEX beneficiaries_birth ON beneficiaries (organisation_id, birth_date);
CREATE INDEX beneficiaries_phone ON beneficiaries (organisation_id, phone) WHERE phone <> '';

-- Codes on cards: one per mandate at a time; keyed hash only.
CREATE TABLE access_codes (
  id              uuid PRIMARY KEY,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  mandate_id      uuid NOT NULL,
  code_hash       bytea NOT NULL UNIQUE,             -- HMAC-SHA256 under the configured key; wrong tries are counted in rate_windows
  created_at      timestamptz NOT NULL,
  revoked_at      timestamptz
);
CREATE INDEX access_codes_of ON access_codes (beneficiary_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX access_codes_live ON access_codes (mandate_id) WHERE revoked_at IS NULL;

-- Codes sent to a phone: for consent or to open the whole history.
CREATE TABLE phone_codes (
  id              uuid PRIMARY KEY,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  mandate_id      uuid,                              -- consent only
  purpose         text NOT NULL CHECK (purpose IN ('consent','portal','unlock')),
  code_hash       bytea NOT NULL,
  phone           text NOT NULL,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  failures        int NOT NULL DEFAULT 0,
  used_at         timestamptz
);
CREATE INDEX phone_codes_of ON phone_codes (beneficiary_id, purpose, created_at DESC);

-- Rate limits shared by every server: fixed windows.
CREATE TABLE rate_windows (
  key             bytea NOT NULL,                    -- hash of what is limited, never the address itself
  started_at      timestamptz NOT NULL,
  hits            int NOT NULL,
  PRIMARY KEY (key, started_at)
);

CREATE TRIGGER beneficiaries_history AFTER INSERT OR UPDATE OR DELETE ON beneficiaries
  FOR EACH ROW EXECUTE FUNCTION relais_row_history();

-- A national sign-in that a person linked to their space, once it was open.
CREATE TABLE beneficiary_identities (
  issuer          text NOT NULL,
  subject         text NOT NULL,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  linked_at       timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject, beneficiary_id)
);
CREATE INDEX beneficiary_identities_of ON beneficiary_identities (beneficiary_id);
