-- +goose Up
-- Sign-ins under way at an identity provider, and logout tokens already used.
-- Both are short-lived: the program removes what has expired as it goes.
CREATE TABLE login_attempts (
  state_hash   bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),   -- SHA-256 of state
  browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),    -- SHA-256 of the browser's cookie
  nonce        text NOT NULL,                          -- emptied once used
  verifier     text NOT NULL,                          -- PKCE, emptied once used
  issuer_id    text NOT NULL,
  next         text NOT NULL,                          -- local path
  stash        bytea CHECK (octet_length(stash) <= 65536), -- sealed form to resume, emptied once used
  session_id   uuid NOT NULL,                          -- session to strengthen; nil UUID: none
  step_up      boolean NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  used_at      timestamptz
);
CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);

CREATE TABLE logout_tokens_seen (
  issuer       text NOT NULL,
  jti          text NOT NULL CHECK (length(jti) <= 512),
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (issuer, jti)
);
CREATE INDEX logout_tokens_seen_expiry ON logout_tokens_seen (expires_at);
