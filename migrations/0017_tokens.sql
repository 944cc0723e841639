-- +goose Up
-- A token's delegation is found, and locked, by the very statement that inserts
-- the token (mandates/acting), so a foreign key would only look for it again, at
-- each of the two; delegations are never deleted.
ALTER TABLE acting_tokens DROP CONSTRAINT acting_tokens_delegation_id_fkey;
