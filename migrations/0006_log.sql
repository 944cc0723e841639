-- +goose Up
-- The transparency log: append-only events, and the tree over them.
CREATE TABLE log_incarnation (                        -- grows at every restore: xid8 restarts after dump and restore
  incarnation int PRIMARY KEY,
  since       timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO log_incarnation (incarnation) VALUES (1);

CREATE TABLE events (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incarnation     int   NOT NULL DEFAULT 1,
  xid             xid8  NOT NULL DEFAULT pg_current_xact_id(),
  event_id        uuid  NOT NULL,
  kind            text  NOT NULL,
  at              timestamptz NOT NULL,
  actor_role      text  NOT NULL,                     -- mediator, referent, supervisor, operator, person, visitor, system
  actor_id        uuid,
  organisation_id uuid,
  beneficiary_id  uuid,
  mandate_id      uuid,
  case_id         uuid,
  step_id         uuid,
  procedure       text,
  action          text,
  outcome         text,                               -- done, refused, or the step's outcome
  leaf            bytea NOT NULL,                     -- exact canonical bytes, public
  facts           bytea NOT NULL,                     -- exact canonical bytes behind leaf.facts
  facts_salt      bytea NOT NULL,
  personal        bytea,                              -- exact canonical bytes behind leaf.personal, erasable
  personal_salt   bytea
);
CREATE UNIQUE INDEX events_order ON events (incarnation, xid, id);
CREATE UNIQUE INDEX events_event_id ON events (event_id);
CREATE INDEX events_organisation ON events (organisation_id, id);
CREATE INDEX events_mediator ON events (organisation_id, actor_id, id);
CREATE INDEX events_beneficiary ON events (beneficiary_id, id) WHERE beneficiary_id IS NOT NULL;
CREATE INDEX events_procedure ON events (organisation_id, procedure, id) WHERE procedure IS NOT NULL;
-- A mandate's entries are found among its person's: an index less on every step.
CREATE INDEX events_at ON events USING brin (at);

-- Only one change is ever let through: the owner's erasure of personal content.
-- +goose StatementBegin
CREATE FUNCTION relais_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.personal IS NULL AND NEW.personal_salt IS NULL AND OLD.personal IS NOT NULL
     AND to_jsonb(NEW) - 'personal' - 'personal_salt' = to_jsonb(OLD) - 'personal' - 'personal_salt' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'relais: events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER events_guard BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION relais_events_guard();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION relais_refuse_change();

-- Full tiles only (C2SP tlog-tiles: 256 hashes of 32 bytes), written once.
CREATE TABLE log_tiles (
  level   int    NOT NULL,
  index   bigint NOT NULL,
  hashes  bytea  NOT NULL CHECK (length(hashes) = 8192),
  PRIMARY KEY (level, index)
);
-- Which events a run of positions holds: rank inside (from, to] gives the position.
CREATE TABLE log_batches (
  first_position bigint PRIMARY KEY,
  size           int    NOT NULL CHECK (size > 0),
  incarnation    int    NOT NULL,
  last_xid       xid8   NOT NULL,
  last_id        bigint NOT NULL,
  at             timestamptz NOT NULL
);
CREATE UNIQUE INDEX log_batches_key ON log_batches (incarnation, last_xid, last_id);
CREATE TABLE log_checkpoints (
  size     bigint PRIMARY KEY,
  root     bytea NOT NULL,
  at       timestamptz NOT NULL,
  note     text NOT NULL                              -- the signed note (C2SP tlog-checkpoint)
);
CREATE TRIGGER log_tiles_immutable BEFORE UPDATE OR DELETE ON log_tiles FOR EACH ROW EXECUTE FUNCTION relais_refuse_change();
CREATE TRIGGER log_batches_immutable BEFORE UPDATE OR DELETE ON log_batches FOR EACH ROW EXECUTE FUNCTION relais_refuse_change();
CREATE TRIGGER log_checkpoints_immutable BEFORE UPDATE OR DELETE ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION relais_refuse_change();

-- Erasing a person: the only way personal content leaves, as the owner.
-- +goose StatementBegin
CREATE FUNCTION relais_erase_events(person uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE n bigint;
BEGIN
  UPDATE events SET personal = NULL, personal_salt = NULL WHERE beneficiary_id = person AND personal IS NOT NULL;
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM row_history WHERE row_id = person
     OR row_id IN (SELECT id FROM mandates WHERE beneficiary_id = person)
     OR row_id IN (SELECT id FROM grants WHERE beneficiary_id = person)
     OR row_id IN (SELECT id FROM cases WHERE beneficiary_id = person)
     OR row_id IN (SELECT id FROM disputes WHERE beneficiary_id = person);
  RETURN n;
END $$;
-- +goose StatementEnd
