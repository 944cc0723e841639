-- +goose Up
-- The software that registered a webhook, when no referent did: it ends with
-- that software, and is silent while that is suspended.
ALTER TABLE webhooks ADD COLUMN client_id uuid REFERENCES clients;
CREATE INDEX webhooks_live_client ON webhooks (client_id) WHERE state = 'active' AND client_id IS NOT NULL;
