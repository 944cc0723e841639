-- +goose Up
-- Who placed a suspension, by role: a referent does not lift a supervisor's.
ALTER TABLE mandates
  ADD COLUMN suspended_role text NOT NULL DEFAULT '' CHECK (suspended_role IN ('','referent','supervisor','operator','system')),
  ADD COLUMN suspended_by   uuid;
ALTER TABLE memberships
  ADD COLUMN suspended_role text NOT NULL DEFAULT '' CHECK (suspended_role IN ('','referent','supervisor','operator','system'));

-- What holds now was placed by whoever the log says placed it last.
SELECT set_config('relais.acting', 'migration:0009', true);
UPDATE mandates m SET suspended_role = e.actor_role, suspended_by = e.actor_id
  FROM (SELECT DISTINCT ON (mandate_id) mandate_id, actor_role, actor_id FROM events
    WHERE kind = 'mandate.suspended' ORDER BY mandate_id, id DESC) e
  WHERE e.mandate_id = m.id AND m.state = 'suspended' AND e.actor_role IN ('referent','supervisor','operator');
UPDATE memberships m SET suspended_role = CASE WHEN EXISTS (SELECT FROM memberships r WHERE r.account_id = m.suspended_by
    AND r.organisation_id = m.organisation_id AND r.role = 'referent') THEN 'referent' ELSE 'supervisor' END
  WHERE m.state = 'suspended';
