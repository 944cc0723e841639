-- +goose Up
-- Web sessions, and messages to people.
CREATE TABLE web_sessions (
  token_hash      bytea PRIMARY KEY,
  id              uuid NOT NULL UNIQUE,
  account_id      uuid REFERENCES accounts,
  beneficiary_id  uuid REFERENCES beneficiaries,
  tier            text NOT NULL DEFAULT '',           -- person: card, phone
  organisation_id uuid,                               -- acted for
  issuer_id       text NOT NULL DEFAULT '',
  sid             text NOT NULL DEFAULT '',
  id_token        text NOT NULL DEFAULT '',           -- hint for provider sign-out
  data            jsonb NOT NULL DEFAULT '{}',        -- small page state: flash, choices
  created_at      timestamptz NOT NULL,
  seen_at         timestamptz NOT NULL,
  strong_at       timestamptz,                        -- last step-up
  expires_at      timestamptz NOT NULL
);
CREATE INDEX web_sessions_account ON web_sessions (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX web_sessions_expiry ON web_sessions (expires_at);

CREATE TABLE messages (
  id              uuid PRIMARY KEY,
  dedupe_key      text NOT NULL UNIQUE,               -- one message per event and channel
  organisation_id uuid REFERENCES organisations,
  beneficiary_id  uuid REFERENCES beneficiaries,
  account_id      uuid REFERENCES accounts,
  kind            text NOT NULL,                      -- mandate_signed, mandate_revoked, first_use, invitation, phone_code, …
  channel         text NOT NULL CHECK (channel IN ('sms','mail','letter')),
  language        text NOT NULL,
  recipient       text NOT NULL,
  subject         text NOT NULL DEFAULT '',
  body            text NOT NULL,                      -- emptied once sent when it held a code
  state           text NOT NULL CHECK (state IN ('queued','sent','failed','printed')),
  attempts        int NOT NULL DEFAULT 0,
  error           text NOT NULL DEFAULT '',
  created_at      timestamptz NOT NULL,
  sent_at         timestamptz
);
CREATE INDEX messages_letters ON messages (organisation_id, created_at) WHERE channel = 'letter' AND state = 'queued';
CREATE INDEX messages_beneficiary ON messages (beneficiary_id, created_at) WHERE beneficiary_id IS NOT NULL;
