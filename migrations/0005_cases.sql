-- +goose Up
-- Cases, their steps, and what the person disputes.
CREATE TABLE cases (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  procedure       text NOT NULL,
  state           text NOT NULL CHECK (state IN ('opened','in_progress','submitted','awaiting_decision','granted','refused','withdrawn','abandoned')),
  version         int NOT NULL DEFAULT 1,
  opened_by       uuid NOT NULL REFERENCES accounts,
  opened_under    uuid NOT NULL REFERENCES mandates,
  assigned_to     uuid NOT NULL REFERENCES accounts,
  due_on          date,
  opened_at       timestamptz NOT NULL,
  closed_at       timestamptz
);
CREATE INDEX cases_of_beneficiary ON cases (beneficiary_id, opened_at);
CREATE INDEX cases_assigned ON cases (assigned_to, organisation_id, due_on) WHERE closed_at IS NULL;

-- A step is immutable: no DELETE, and no UPDATE but the one that erases what a
-- person may have erased. Case and mandate are checked, and locked, by the very
-- statement that inserts a step, so foreign keys would only check them again
-- (180 µs a step): neither is ever deleted, which their own triggers see to.
CREATE TABLE steps (
  id              uuid PRIMARY KEY,
  case_id         uuid NOT NULL,
  mandate_id      uuid NOT NULL,
  organisation_id uuid NOT NULL,
  beneficiary_id  uuid NOT NULL,
  mediator_id     uuid NOT NULL,
  procedure       text NOT NULL,
  action          text NOT NULL,
  outcome         text NOT NULL,
  receipt_number  text NOT NULL DEFAULT '',
  note            text NOT NULL DEFAULT '',
  present         boolean NOT NULL,
  due_on          date,
  corrects_id     uuid,
  idempotency_key text,
  at              timestamptz NOT NULL
);
CREATE INDEX steps_of_case ON steps (case_id, at);
CREATE UNIQUE INDEX steps_idempotency ON steps (organisation_id, mediator_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION relais_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'relais: % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION relais_steps_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.note = '' AND NEW.receipt_number = ''
     AND to_jsonb(NEW) - 'note' - 'receipt_number' = to_jsonb(OLD) - 'note' - 'receipt_number'
     AND EXISTS (SELECT FROM beneficiaries b WHERE b.id = OLD.beneficiary_id AND b.erased_at IS NOT NULL) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'relais: steps are immutable' USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER steps_immutable BEFORE UPDATE OR DELETE ON steps FOR EACH ROW EXECUTE FUNCTION relais_steps_guard();
CREATE TRIGGER cases_stay BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION relais_refuse_change();
CREATE TRIGGER mandates_stay BEFORE DELETE ON mandates FOR EACH ROW EXECUTE FUNCTION relais_refuse_change();

CREATE TABLE disputes (
  id              uuid PRIMARY KEY,
  step_id         uuid NOT NULL REFERENCES steps,
  case_id         uuid NOT NULL REFERENCES cases,
  organisation_id uuid NOT NULL REFERENCES organisations,
  beneficiary_id  uuid NOT NULL REFERENCES beneficiaries,
  text            text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
  state           text NOT NULL CHECK (state IN ('open','answered')),
  due_on          date NOT NULL,
  raised_at       timestamptz NOT NULL,
  answer          text NOT NULL DEFAULT '',
  answered_by     uuid REFERENCES accounts,
  answered_at     timestamptz
);
CREATE UNIQUE INDEX disputes_open ON disputes (step_id) WHERE state = 'open';
CREATE INDEX disputes_organisation ON disputes (organisation_id, state, due_on);
CREATE INDEX disputes_beneficiary ON disputes (beneficiary_id);

CREATE TRIGGER cases_history AFTER INSERT OR UPDATE OR DELETE ON cases FOR EACH ROW EXECUTE FUNCTION relais_row_history();
CREATE TRIGGER disputes_history AFTER INSERT OR UPDATE OR DELETE ON disputes FOR EACH ROW EXECUTE FUNCTION relais_row_history();
