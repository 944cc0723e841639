-- +goose Up
-- Which transaction last changed anything that an account's authority is made
-- of. A request reads it together with its session: as long as it is the one
-- that was read with the account's memberships, training, charter and remit,
-- those are what they are now, and need not be read again. The triggers are
-- deferred to the commit, so that nobody waits for a row of this table longer
-- than a commit takes, and become visible together with the change itself.
CREATE TABLE standings (
  account_id uuid PRIMARY KEY,
  version    bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION relais_standing_of(changed uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
  INSERT INTO standings AS s (account_id, version)
  SELECT DISTINCT a, pg_current_xact_id()::text::bigint FROM unnest(changed) AS a WHERE a IS NOT NULL ORDER BY a
  ON CONFLICT (account_id) DO UPDATE SET version = EXCLUDED.version WHERE s.version <> EXCLUDED.version
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION relais_standing_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
  IF TG_TABLE_NAME = 'organisations' THEN
    PERFORM relais_standing_of(ARRAY(SELECT m.account_id FROM memberships m
      WHERE m.organisation_id IN ((before->>'id')::uuid, (after->>'id')::uuid) AND m.state <> 'ended'));
  ELSE
    PERFORM relais_standing_of(ARRAY[(before->>TG_ARGV[0])::uuid, (after->>TG_ARGV[0])::uuid]);
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['accounts','organisations','memberships','trainings','charter_acceptances','remits','operators'] LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION relais_standing_moved(%L)', t || '_standing', t, CASE t WHEN 'accounts' THEN 'id' ELSE 'account_id' END);
  END LOOP;
END $$;
-- +goose StatementEnd
-- Last: by now the triggers' locks keep writers waiting, and none is missed.
INSERT INTO standings SELECT id, pg_current_xact_id()::text::bigint FROM accounts ON CONFLICT DO NOTHING;
