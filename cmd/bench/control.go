package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// The controls run on tables of their own, of the same shape, in the same
// database. bareScript is what a careful program without any log would do: five
// round trips. singleScript is the same in one statement.
const controlTables = `
CREATE TABLE IF NOT EXISTS bench_mandates (id int PRIMARY KEY, state text NOT NULL, ends_at timestamptz NOT NULL);
INSERT INTO bench_mandates SELECT n, 'active', now() + interval '1 year' FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS bench_steps (LIKE steps INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TABLE IF NOT EXISTS bench_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, organisation uuid, actor uuid,
	person uuid, kind text, content text);
CREATE INDEX IF NOT EXISTS bench_journal_org ON bench_journal (organisation, id);
CREATE INDEX IF NOT EXISTS bench_journal_person ON bench_journal (person, id);`

const stepColumns = `(id, case_id, mandate_id, organisation_id, beneficiary_id, mediator_id, procedure, action, outcome, present, at)`

const stepValues = `gen_random_uuid(), '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000005', 'housing.apl', 'view', 'done', true, now()`

const journalValues = `now(), '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000005', '00000000-0000-7000-8000-000000000004', 'step.done', repeat('x', 400)`

const bareScript = `\set m random(1, 1000)
BEGIN;
SELECT state, ends_at FROM bench_mandates WHERE id = :m FOR SHARE;
INSERT INTO bench_steps ` + stepColumns + ` VALUES (` + stepValues + `);
INSERT INTO bench_journal (at, organisation, actor, person, kind, content) VALUES (` + journalValues + `);
COMMIT;
`

const singleScript = `\set m random(1, 1000)
WITH held AS (SELECT id FROM bench_mandates WHERE id = :m AND state = 'active' AND ends_at > now() FOR SHARE),
 step AS (INSERT INTO bench_steps ` + stepColumns + ` SELECT ` + stepValues + ` FROM held RETURNING id)
INSERT INTO bench_journal (at, organisation, actor, person, kind, content) SELECT ` + journalValues + ` FROM step;
`

// Each page as it would plainly be written in SQL, a statement for each thing
// shown: what the very statements of a page are compared with too, lest the page
// look slow because its own reads became cheap.
const plainVisitor = `SELECT * FROM web_sessions WHERE account_id = '%[2]s';
SELECT a.*, m.*, o.*, t.*, c.* FROM accounts a JOIN memberships m ON m.account_id = a.id JOIN organisations o ON o.id = m.organisation_id LEFT JOIN trainings t ON t.account_id = a.id LEFT JOIN charter_acceptances c ON c.account_id = a.id WHERE a.id = '%[2]s';
`

// plainPeople: one page of names, the mandates of those 25 people, and two of the
// five counts.
func (f *field) plainPeople() string {
	return fmt.Sprintf(plainVisitor+`SELECT b.id, b.given_names, b.family_name, b.usage_name, b.birth_date FROM beneficiaries b WHERE b.organisation_id = '%[1]s' AND b.erased_at IS NULL ORDER BY relais_fold(b.family_name), b.id LIMIT 26;
SELECT m.id, m.beneficiary_id, m.state, m.ends_at, ARRAY(SELECT g.theme FROM grants g WHERE g.mandate_id = m.id AND g.state = 'active') FROM mandates m WHERE m.beneficiary_id IN (SELECT b.id FROM beneficiaries b WHERE b.organisation_id = '%[1]s' AND b.erased_at IS NULL ORDER BY relais_fold(b.family_name), b.id LIMIT 25) AND m.state <> 'void';
SELECT count(*) FROM (SELECT FROM beneficiaries b WHERE b.organisation_id = '%[1]s' AND b.erased_at IS NULL LIMIT 1001) c;
SELECT count(*) FROM (SELECT FROM beneficiaries b WHERE b.organisation_id = '%[1]s' AND b.erased_at IS NULL AND EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.state IN ('active', 'suspended') AND m.ends_at > now()) LIMIT 1001) c;
`, f.org, f.seats[0].account)
}

// plainPerson: who it is, their mandates with the lines, their cases.
func (f *field) plainPerson() string {
	return fmt.Sprintf(plainVisitor+`SELECT * FROM organisations WHERE id = '%[1]s';
SELECT * FROM beneficiaries WHERE id = '%[3]s';
SELECT m.*, a.name FROM mandates m JOIN accounts a ON a.id = m.mediator_id WHERE m.beneficiary_id = '%[3]s';
SELECT * FROM grants WHERE beneficiary_id = '%[3]s';
SELECT c.*, a.name FROM cases c JOIN accounts a ON a.id = c.assigned_to WHERE c.beneficiary_id = '%[3]s';
`, f.org, f.seats[0].account, f.seats[0].person)
}

// plainCase: the case, what was done, the mandates it may lean on, who it is for.
func (f *field) plainCase() string {
	return fmt.Sprintf(plainVisitor+`SELECT c.*, a.name FROM cases c JOIN accounts a ON a.id = c.assigned_to WHERE c.id = '%[4]s';
SELECT s.*, a.name, d.id, d.state FROM steps s JOIN accounts a ON a.id = s.mediator_id LEFT JOIN disputes d ON d.step_id = s.id WHERE s.case_id = '%[4]s' ORDER BY s.at;
SELECT m.*, g.* FROM mandates m JOIN grants g ON g.mandate_id = m.id WHERE m.beneficiary_id = '%[3]s';
SELECT * FROM beneficiaries WHERE id = '%[3]s';
`, f.org, f.seats[0].account, f.seats[0].person, f.seats[0].short)
}

var (
	tps  = regexp.MustCompile(`tps = ([0-9.]+) \(without initial connection time\)`)
	done = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)
)

// pgbench runs a script.
func (f *field) pgbench(ctx context.Context, script string, clients, seconds int, more ...string) (measured, error) {
	file := filepath.Join(f.folder, "control.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return measured{}, err
	}
	u, err := url.Parse(f.house.Config.OwnerURL)
	if err != nil {
		return measured{}, err
	}
	binary, err := pgbenchBinary()
	if err != nil {
		return measured{}, err
	}
	threads := min(clients, 2)
	arguments := append(more, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(threads), "-T", strconv.Itoa(seconds), "-f", file,
		"-h", u.Query().Get("host"), "-U", u.Query().Get("user"), filepath.Base(u.Path))
	cmd := exec.CommandContext(ctx, binary, arguments...) //nolint:gosec // our own arguments
	cmd.Env = append(os.Environ(), "PGOPTIONS="+f.pgOptions)
	before, err := f.spent()
	if err != nil {
		return measured{}, err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return measured{}, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	after, err := f.spent()
	if err != nil {
		return measured{}, err
	}
	m, n := tps.FindSubmatch(out), done.FindSubmatch(out)
	if m == nil || n == nil {
		return measured{}, fmt.Errorf("pgbench said: %s", out)
	}
	var r measured
	r.perSecond, err = strconv.ParseFloat(string(m[1]), 64)
	count, countErr := strconv.Atoi(string(n[1]))
	r.count = float64(count)
	r.cpu = cpu{server: after.server - before.server, postgres: after.postgres - before.postgres,
		client: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	return r, errors.Join(err, countErr)
}

func pgbenchBinary() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the pattern is right
	if len(found) == 0 {
		return "", fmt.Errorf("pgbench is needed for the control (Debian package postgresql)")
	}
	return found[len(found)-1], nil
}

func (f *field) controls(ctx context.Context) error {
	c, err := pgx.Connect(ctx, f.house.Config.OwnerURL)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // nothing is pending
	_, err = c.Exec(ctx, controlTables)
	return err
}

// crowd fills the organisation up to a number of people with one mandate in
// three, by SQL as the owner: it is a stage for reading, not data anybody trusts.
func (f *field) crowd(ctx context.Context, people int) error {
	c, err := pgx.Connect(ctx, f.house.Config.OwnerURL)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // nothing is pending
	for _, q := range []string{
		`SELECT set_config('relais.acting', 'bench', false)`,
		fmt.Sprintf(`INSERT INTO beneficiaries (id, organisation_id, given_names, family_name, birth_date, channel, identity_check, identity_checked_by, identity_checked_at, created_at, created_by)
			SELECT gen_random_uuid(), '%[1]s', 'Prénom ' || n, 'Nom' || md5(n::text), date '1940-01-01' + n %% 20000, 'none', 'passport', '%[2]s', now(), now(), '%[2]s' FROM generate_series(1, %[3]d) n`,
			f.org, f.seats[0].account, people),
		fmt.Sprintf(`INSERT INTO mandates (id, organisation_id, beneficiary_id, state, mediator_id, duration_days, pack, created_at, presented_at, signed_at, ends_at, payload_hash, jws)
			SELECT gen_random_uuid(), organisation_id, id, 'active', '%[2]s', 182, 'fr', now(), now(), now(), now() + interval '90 days', '\x00', '-' FROM beneficiaries WHERE organisation_id = '%[1]s' AND given_names LIKE 'Prénom %%' AND get_byte(uuid_send(id), 5) %% 3 = 0`,
			f.org, f.seats[0].account),
		fmt.Sprintf(`INSERT INTO grants (id, mandate_id, organisation_id, beneficiary_id, theme, procedures, actions, state)
			SELECT gen_random_uuid(), id, organisation_id, beneficiary_id, 'housing', '{housing.apl}', '{view}', 'active' FROM mandates WHERE organisation_id = '%[1]s' AND jws = '-'`, f.org),
		`ANALYZE`,
	} {
		if _, err := c.Exec(ctx, q); err != nil {
			return fmt.Errorf("fill the organisation: %w", err)
		}
	}
	return nil
}
