-- +goose Up
-- What an organisation's own software asked to be done, by its key: the same key
-- asks for the same thing. No content is kept, only its SHA-256; what was made
-- has an id that comes from the key.
CREATE TABLE software_requests (
  client_id       uuid NOT NULL REFERENCES clients,
  request_key     text NOT NULL CHECK (length(request_key) BETWEEN 1 AND 100),
  content_hash    bytea NOT NULL CHECK (octet_length(content_hash) = 32),
  at              timestamptz NOT NULL,
  PRIMARY KEY (client_id, request_key)
);
CREATE INDEX software_requests_at ON software_requests (at);

-- Lists that software reads page by page.
CREATE INDEX beneficiaries_in_order ON beneficiaries (organisation_id, created_at, id) WHERE erased_at IS NULL;
CREATE INDEX mandates_in_order ON mandates (organisation_id, created_at, id);
CREATE INDEX cases_in_order ON cases (organisation_id, opened_at, id);
