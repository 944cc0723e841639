-- +goose Up
-- Acting on behalf at real services: clients, requests under way, delegations,
-- codes, tokens, checks, and what is pushed out when something ends. Random
-- secrets are kept as SHA-256: they have 256 bits, so no slow hash is needed.
CREATE TABLE clients (
  id              uuid PRIMARY KEY,
  client_id       text NOT NULL UNIQUE CHECK (length(client_id) BETWEEN 3 AND 100),
  kind            text NOT NULL CHECK (kind IN ('service','software')),
  name            text NOT NULL CHECK (length(name) BETWEEN 2 AND 200),
  pack            text NOT NULL,
  organisation_id uuid REFERENCES organisations,     -- software only
  state           text NOT NULL CHECK (state IN ('active','suspended','ended')),
  auth_method     text NOT NULL CHECK (auth_method IN ('private_key_jwt','client_secret_basic','client_secret_post')),
  secret_hash     bytea CHECK (octet_length(secret_hash) = 32),
  secret_sealed   bytea,                             -- only where the protocol needs the secret itself: HS256
  jwks            jsonb,
  redirect_uris   text[] NOT NULL DEFAULT '{}',
  post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
  backchannel_logout_uri text NOT NULL DEFAULT '',
  events_uri      text NOT NULL DEFAULT '',
  profile         text NOT NULL DEFAULT 'relais' CHECK (profile IN ('relais','franceconnect')),
  id_token_alg    text NOT NULL DEFAULT 'ES256' CHECK (id_token_alg IN ('ES256','RS256','HS256')),
  userinfo_alg    text NOT NULL DEFAULT '' CHECK (userinfo_alg IN ('','ES256','RS256')),
  claims          text[] NOT NULL DEFAULT '{}',
  procedures      text[] NOT NULL DEFAULT '{}',
  scopes          text[] NOT NULL DEFAULT '{}',
  version         int NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  CHECK ((kind = 'software') = (organisation_id IS NOT NULL)),
  CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX clients_organisation ON clients (organisation_id) WHERE organisation_id IS NOT NULL;
CREATE TRIGGER clients_history AFTER INSERT OR UPDATE OR DELETE ON clients FOR EACH ROW EXECUTE FUNCTION relais_row_history();

-- Assertions of private_key_jwt that were used (RFC 7523, 3, point 7).
CREATE TABLE client_assertions (
  hash            bytea PRIMARY KEY CHECK (octet_length(hash) = 32),  -- SHA-256 of client and jti
  expires_at      timestamptz NOT NULL
);
CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

-- A service's request, until the mediator has chosen. browser_hash, account and
-- session are set when it is first opened.
CREATE TABLE acting_requests (
  id              uuid PRIMARY KEY,
  client_id       uuid NOT NULL REFERENCES clients,
  params          jsonb NOT NULL,                    -- the validated request
  browser_hash    bytea CHECK (octet_length(browser_hash) = 32),
  account_id      uuid REFERENCES accounts,
  organisation_id uuid REFERENCES organisations,
  session_id      uuid,
  beneficiary_id  uuid REFERENCES beneficiaries,
  mandate_id      uuid,
  procedure       text NOT NULL DEFAULT '',
  actions         text[] NOT NULL DEFAULT '{}',
  state           text NOT NULL CHECK (state IN ('open','granted','declined','expired','used')),
  version         int NOT NULL DEFAULT 1,
  auth_time       timestamptz,
  acr             text NOT NULL DEFAULT '',
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL
);
CREATE INDEX acting_requests_expiry ON acting_requests (expires_at);

CREATE TABLE pushed_requests (
  uri_hash        bytea PRIMARY KEY CHECK (octet_length(uri_hash) = 32),
  client_id       uuid NOT NULL REFERENCES clients,
  params          jsonb NOT NULL,
  expires_at      timestamptz NOT NULL,
  used_at         timestamptz
);
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);

-- What a mediator was given at one service, for one person, under one mandate.
CREATE TABLE delegations (
  id              uuid PRIMARY KEY,
  request_id      uuid NOT NULL UNIQUE,
  client_id       uuid NOT NULL REFERENCES clients,
  account_id      uuid NOT NULL REFERENCES accounts,
  organisation_id uuid NOT NULL REFERENCES organisations,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  mandate_id      uuid NOT NULL REFERENCES mandates,
  grant_id        uuid NOT NULL REFERENCES grants,
  procedure       text NOT NULL,
  actions         text[] NOT NULL CHECK (cardinality(actions) > 0),
  scopes          text[] NOT NULL,
  nonce           text NOT NULL DEFAULT '',
  auth_time       timestamptz NOT NULL,
  acr             text NOT NULL DEFAULT '',
  session_id      uuid NOT NULL,
  created_at      timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,              -- exclusive
  ended_at        timestamptz,
  end_reason      text NOT NULL DEFAULT '',
  CHECK (ends_at > created_at)
);
CREATE INDEX delegations_mandate ON delegations (mandate_id);
CREATE INDEX delegations_live_account ON delegations (account_id) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_organisation ON delegations (organisation_id) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_beneficiary ON delegations (beneficiary_id) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_client ON delegations (client_id) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_end ON delegations (ends_at) WHERE ended_at IS NULL;

CREATE TABLE acting_codes (
  code_hash       bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
  delegation_id   uuid NOT NULL REFERENCES delegations,
  client_id       uuid NOT NULL,
  redirect_uri    text NOT NULL,
  code_challenge  text NOT NULL,                     -- S256; empty only in the franceconnect profile
  expires_at      timestamptz NOT NULL,
  used_at         timestamptz
);
CREATE INDEX acting_codes_expiry ON acting_codes (expires_at);

-- Access and refresh tokens, by SHA-256. The family is what one code gave.
CREATE TABLE acting_tokens (
  token_hash      bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  kind            text NOT NULL CHECK (kind IN ('access','refresh')),
  delegation_id   uuid NOT NULL REFERENCES delegations,
  family          uuid NOT NULL,
  holder_id       uuid NOT NULL,                     -- the client it is for: the delegation's, or that of an exchange
  audience        text NOT NULL DEFAULT '',
  scopes          text[] NOT NULL,
  actions         text[] NOT NULL,
  expires_at      timestamptz NOT NULL,
  used_at         timestamptz,                       -- refresh: rotated
  revoked_at      timestamptz
);
CREATE INDEX acting_tokens_expiry ON acting_tokens (expires_at);

-- Access tokens of client credentials: an organisation's own software.
CREATE TABLE software_tokens (
  token_hash      bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  client_id       uuid NOT NULL REFERENCES clients,
  scopes          text[] NOT NULL,
  expires_at      timestamptz NOT NULL,
  revoked_at      timestamptz
);
CREATE INDEX software_tokens_expiry ON software_tokens (expires_at);

-- Commit checks: the signed answer to each key, so that asking again answers
-- the same bytes.
CREATE TABLE acting_checks (
  client_id       uuid NOT NULL,
  request_key     text NOT NULL CHECK (length(request_key) BETWEEN 1 AND 100),
  content_hash    bytea NOT NULL,
  allowed         boolean NOT NULL,
  reasons         text[] NOT NULL,
  answer          bytea NOT NULL,                    -- the JWS
  at              timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  PRIMARY KEY (client_id, request_key)
);
CREATE INDEX acting_checks_at ON acting_checks (at);

CREATE TABLE webhooks (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  url             text NOT NULL CHECK (length(url) <= 500),
  secret_sealed   bytea NOT NULL,                    -- signing needs the secret itself
  kinds           text[] NOT NULL,
  state           text NOT NULL CHECK (state IN ('active','ended')),
  created_at      timestamptz NOT NULL,
  ended_at        timestamptz
);
CREATE INDEX webhooks_live ON webhooks (organisation_id) WHERE state = 'active';
CREATE TRIGGER webhooks_history AFTER INSERT OR UPDATE OR DELETE ON webhooks FOR EACH ROW EXECUTE FUNCTION relais_row_history();

-- One event on its way to one receiver, and what became of it.
CREATE TABLE deliveries (
  id              uuid PRIMARY KEY,                  -- also the jti
  kind            text NOT NULL CHECK (kind IN ('set','logout','webhook')),
  receiver_id     uuid NOT NULL,                     -- client or webhook
  event_id        uuid NOT NULL,                     -- the log's event it comes from
  subject_id      uuid NOT NULL,                     -- set: mandate; logout: delegation; webhook: the event
  body            bytea NOT NULL,                    -- claims, without what is set at each sending
  state           text NOT NULL CHECK (state IN ('queued','sent','failed')),
  attempts        int NOT NULL DEFAULT 0,
  next_at         timestamptz,
  last_status     int,                               -- HTTP status of the last answer
  last_error      text NOT NULL DEFAULT '',          -- a short code
  created_at      timestamptz NOT NULL,
  sent_at         timestamptz
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (kind, receiver_id, event_id, subject_id);
CREATE INDEX deliveries_receiver ON deliveries (receiver_id, created_at DESC);
CREATE INDEX deliveries_waiting ON deliveries (created_at) WHERE state = 'queued';

-- The service that reported a step, for steps that no mediator typed.
ALTER TABLE steps ADD COLUMN reported_by uuid REFERENCES clients;
