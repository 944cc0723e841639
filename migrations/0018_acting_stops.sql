-- +goose Up
-- A stop ends what is still live of a session, account, organisation or client
-- (mandates/acting): delegations that their time ended are most of those that
-- nobody ended, and are passed over by the index. A session's had none, and the
-- one by end alone served nothing.
DROP INDEX delegations_live_end;
DROP INDEX delegations_live_account;
DROP INDEX delegations_live_organisation;
DROP INDEX delegations_live_beneficiary;
DROP INDEX delegations_live_client;
CREATE INDEX delegations_live_session ON delegations (session_id, ends_at) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_account ON delegations (account_id, ends_at) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_organisation ON delegations (organisation_id, ends_at) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_beneficiary ON delegations (beneficiary_id, ends_at) WHERE ended_at IS NULL;
CREATE INDEX delegations_live_client ON delegations (client_id, ends_at) WHERE ended_at IS NULL;
