-- +goose Up
-- Mandates, their scope line by line, and how consent was given.
CREATE TABLE mandates (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  state           text NOT NULL CHECK (state IN ('draft','presented','awaiting_signature','active','suspended','expired','revoked','renounced','superseded','void')),
  version         int  NOT NULL DEFAULT 1,           -- grows at every change; a stale page is refused
  mediator_id     uuid NOT NULL REFERENCES accounts, -- who recorded it
  duration_days   int  NOT NULL DEFAULT 0,
  draft           jsonb NOT NULL DEFAULT '{}',       -- the choices of a mandate not yet presented
  pack            text NOT NULL,
  catalogue_version text NOT NULL DEFAULT '',
  consent_version text NOT NULL DEFAULT '',
  language        text NOT NULL DEFAULT 'fr',        -- the language read together
  interpreter     text NOT NULL DEFAULT '',
  conflict        text NOT NULL DEFAULT '',          -- declared conflict of interest
  payload         bytea,                             -- canonical bytes: what was read is what is signed
  payload_hash    bytea,
  jws             text,
  method          text NOT NULL DEFAULT '',          -- drawn, scan, phone_code, witness
  created_at      timestamptz NOT NULL,
  presented_at    timestamptz,
  signed_at       timestamptz,
  ends_at         timestamptz,                       -- exclusive: the first instant it no longer holds
  ended_at        timestamptz,
  ended_by        text NOT NULL DEFAULT '',          -- person, mediator, referent, supervisor, system
  end_reason      text NOT NULL DEFAULT '',
  suspended_at    timestamptz,
  suspended_reason text NOT NULL DEFAULT '',
  renews_id       uuid REFERENCES mandates,
  first_used_at   timestamptz,
  idempotency_key text,
  CHECK (state NOT IN ('presented','awaiting_signature','active','suspended') OR payload_hash IS NOT NULL),
  CHECK (state NOT IN ('active','suspended','expired','revoked','renounced','superseded') OR (signed_at IS NOT NULL AND ends_at IS NOT NULL AND jws IS NOT NULL)),
  CHECK ((state IN ('expired','revoked','renounced','superseded','void')) = (ended_at IS NOT NULL))
);
CREATE INDEX mandates_of_beneficiary ON mandates (beneficiary_id, created_at);
CREATE INDEX mandates_live ON mandates (organisation_id, ends_at, id) WHERE state IN ('active','suspended');
CREATE INDEX mandates_open ON mandates (organisation_id, mediator_id, created_at) WHERE state IN ('draft','presented','awaiting_signature');
CREATE INDEX mandates_due ON mandates (ends_at) WHERE state IN ('active','suspended');
CREATE INDEX mandates_organisation ON mandates (organisation_id, created_at DESC, id);
CREATE UNIQUE INDEX mandates_idempotency ON mandates (organisation_id, mediator_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- One line of a scope. procedures and actions are frozen when presented (MA-13).
CREATE TABLE grants (
  id              uuid PRIMARY KEY,
  mandate_id      uuid NOT NULL REFERENCES mandates,
  organisation_id uuid NOT NULL,
  beneficiary_id  uuid NOT NULL,
  theme           text NOT NULL,
  procedures      text[] NOT NULL CHECK (cardinality(procedures) > 0),
  actions         text[] NOT NULL CHECK (cardinality(actions) > 0),
  state           text NOT NULL CHECK (state IN ('pending','active','revoked','superseded','expired')),
  ended_at        timestamptz,
  ended_by        text NOT NULL DEFAULT '',
  end_reason      text NOT NULL DEFAULT '',
  superseded_by   uuid
);
CREATE UNIQUE INDEX grants_theme ON grants (mandate_id, theme);
CREATE UNIQUE INDEX grants_one_live ON grants (organisation_id, beneficiary_id, theme) WHERE state = 'active';

CREATE TABLE evidences (
  id              uuid PRIMARY KEY,
  mandate_id      uuid NOT NULL REFERENCES mandates,
  method          text NOT NULL CHECK (method IN ('drawn','scan','phone_code','witness')),
  payload_hash    bytea NOT NULL,                    -- what this evidence agrees to
  hash            bytea NOT NULL,                    -- SHA-256 of content
  media_type      text NOT NULL DEFAULT '',
  content         bytea,                             -- image or scan
  strokes         jsonb,
  witness_id      uuid REFERENCES accounts,
  phone_code_id   uuid REFERENCES phone_codes,
  collected_by    uuid NOT NULL REFERENCES accounts,
  collected_at    timestamptz NOT NULL
);
CREATE INDEX evidences_of ON evidences (mandate_id);

CREATE TRIGGER mandates_history AFTER INSERT OR UPDATE OR DELETE ON mandates FOR EACH ROW EXECUTE FUNCTION relais_row_history();
CREATE TRIGGER grants_history AFTER INSERT OR UPDATE OR DELETE ON grants FOR EACH ROW EXECUTE FUNCTION relais_row_history();
