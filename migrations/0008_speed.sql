-- +goose Up
-- Counts of "my people" by index alone: who holds a live mandate, who held one,
-- and the few who were erased. None of these is touched when a step is logged.
CREATE INDEX mandates_holders ON mandates (organisation_id, beneficiary_id, ends_at) WHERE state IN ('active', 'suspended');
CREATE INDEX mandates_past ON mandates (organisation_id, beneficiary_id, ends_at)
  WHERE signed_at IS NOT NULL AND state IN ('expired', 'revoked', 'renounced', 'superseded');
CREATE INDEX beneficiaries_erased ON beneficiaries (organisation_id, id) WHERE erased_at IS NOT NULL;
