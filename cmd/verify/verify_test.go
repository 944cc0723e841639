package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// bundle is one test's signed log.
type bundle struct {
	store  *store.Store
	key    translog.SigningKey
	owner  *pgx.Conn
	ids    []uuid.UUID // of the events, by position
	person uuid.UUID   // of every third event
}

// setup makes a log of so many entries, each batch with its checkpoint.
func setup(t testing.TB, entries, batch int) *bundle {
	t.Helper()
	b := &bundle{store: storetest.NewWithEnv(t, store.SystemEnv()), person: uuid.New()}
	secret, err := translog.GenerateKey(rand.Reader, "log.example/relais")
	if err != nil {
		t.Fatal(err)
	}
	if b.key, err = translog.ParseKey(secret); err != nil {
		t.Fatal(err)
	}
	if b.owner, err = pgx.Connect(t.Context(), storetest.OwnerURL(t, b.store)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.owner.Close(t.Context()) })
	b.grow(t, entries)
	b.sequence(t, batch)
	return b
}

func (b *bundle) grow(t testing.TB, entries int) {
	t.Helper()
	for entries > 0 {
		some := min(entries, 50)
		err := b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
			for range some {
				id, err := ledger.Append(tx, b.event(len(b.ids)))
				if err != nil {
					return err
				}
				b.ids = append(b.ids, id)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		entries -= some
	}
}

func (b *bundle) event(i int) translog.Event {
	e := translog.Event{
		Kind: translog.StepDone, Actor: translog.Actor{Role: translog.RoleMediator, ID: uuid.New()}, Organisation: uuid.New(),
		Beneficiary: uuid.New(), Mandate: uuid.New(), Case: uuid.New(), Step: uuid.New(), Procedure: "fr.housing_benefit", Action: "submit",
		Detail: map[string]int{"number": i}, Personal: map[string]string{"note": "called together"},
	}
	switch i % 3 {
	case 0:
		e.Beneficiary = b.person
	case 1:
		e = translog.Event{Kind: translog.MandateExpired, Actor: translog.Actor{Role: translog.RoleSystem}, Mandate: uuid.New()}
	}
	return e
}

// sequence integrates everything; other tests' transactions may hold it up.
func (b *bundle) sequence(t testing.TB, batch int) {
	t.Helper()
	s, err := ledger.NewSequencer(ledger.Deps{Store: b.store, Key: b.key, Batch: batch, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.SequenceOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		var left int
		err := b.owner.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM events) - (SELECT max(size) FROM log_checkpoints)`).Scan(&left)
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are not signed", left)
		}
	}
}

// attack does as the owner what nobody may: with triggers out of the way.
func (b *bundle) attack(t testing.TB, statement string, args ...any) {
	t.Helper()
	for _, s := range []string{`ALTER TABLE events DISABLE TRIGGER ALL`, `ALTER TABLE log_tiles DISABLE TRIGGER ALL`,
		`ALTER TABLE log_batches DISABLE TRIGGER ALL`, `ALTER TABLE log_checkpoints DISABLE TRIGGER ALL`} {
		if _, err := b.owner.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	tag, err := b.owner.Exec(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if strings.Contains(" UPDATE DELETE INSERT ", strings.Fields(statement)[0]) && tag.RowsAffected() == 0 {
		t.Fatalf("%s: no row", statement)
	}
}

func (b *bundle) verify(t testing.TB, more ...string) (code int, out string) {
	t.Helper()
	return verifyWith(t, append([]string{"-database", storetest.AppURL(t, b.store), "-key", b.key.Public}, more...)...)
}

func verifyWith(t testing.TB, args ...string) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String() + stderr.String()
}

const (
	entries = 600 // two full tiles and an edge of 88
	inTile  = 300
	inEdge  = 560
)

func TestGreen(t *testing.T) {
	t.Parallel()
	b := setup(t, entries, 40)
	b.grow(t, 5) // waiting
	code, out := b.verify(t)
	if code != exitGreen || !strings.Contains(out, "GREEN") || !strings.Contains(out, "600 in the tree, 0 of them not yet under a checkpoint; 5 more waiting") ||
		!strings.Contains(out, "personal     403 compared, 0 erased") || !strings.Contains(out, "tiles        2 compared") {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestGreenWhenEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t, 0, 40)
	if code, out := b.verify(t); code != exitGreen {
		t.Errorf("%d\n%s", code, out)
	}
}

// resealed makes the whole row of another event, as an attacker would who knows
// the format: leaf, facts and salts fit each other.
func (b *bundle) resealed(t testing.TB, id uuid.UUID) translog.Sealed {
	t.Helper()
	e := translog.Event{Kind: translog.MandateExpired, Actor: translog.Actor{Role: translog.RoleSystem}}
	s, err := translog.Seal(e, id, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// LG-04: whatever the owner of the tables changes, removes, moves or inserts is
// seen, and the first wrong entry is named.
func TestTampering(t *testing.T) {
	t.Parallel()
	byID := func(statement string) func(t *testing.T, b *bundle, at int) {
		return func(t *testing.T, b *bundle, at int) { t.Helper(); b.attack(t, statement, b.ids[at]) }
	}
	cases := map[string]struct {
		do func(t *testing.T, b *bundle, at int)
		// says is what the report says of the entry; where the entry is not
		// named in the edge, edge says what is said instead.
		says, edge string
	}{
		"change the kind":      {do: byID(`UPDATE events SET kind = 'case.closed' WHERE event_id = $1`), says: `column kind is "case.closed"`},
		"change the time":      {do: byID(`UPDATE events SET at = at - interval '1 microsecond' WHERE event_id = $1`), says: `column at is`},
		"change the actor":     {do: byID(`UPDATE events SET actor_id = gen_random_uuid() WHERE event_id = $1`), says: `column actor_id is`},
		"change the role":      {do: byID(`UPDATE events SET actor_role = 'operator' WHERE event_id = $1`), says: `column actor_role is "operator"`},
		"change organisation":  {do: byID(`UPDATE events SET organisation_id = gen_random_uuid() WHERE event_id = $1`), says: `column organisation_id is`},
		"hide a beneficiary":   {do: byID(`UPDATE events SET beneficiary_id = NULL WHERE event_id = $1`), says: `column beneficiary_id is ""`},
		"change the mandate":   {do: byID(`UPDATE events SET mandate_id = gen_random_uuid() WHERE event_id = $1`), says: `column mandate_id is`},
		"change the case":      {do: byID(`UPDATE events SET case_id = NULL WHERE event_id = $1`), says: `column case_id is`},
		"change the step":      {do: byID(`UPDATE events SET step_id = gen_random_uuid() WHERE event_id = $1`), says: `column step_id is`},
		"change the procedure": {do: byID(`UPDATE events SET procedure = 'fr.other' WHERE event_id = $1`), says: `column procedure is "fr.other", the facts say "fr.housing_benefit"`},
		"change the action":    {do: byID(`UPDATE events SET action = 'view' WHERE event_id = $1`), says: `column action is "view"`},
		"change the outcome":   {do: byID(`UPDATE events SET outcome = 'refused' WHERE event_id = $1`), says: `column outcome is "refused"`},
		"change the facts": {do: byID(`UPDATE events SET facts = replace(convert_from(facts, 'UTF8'), 'submit', 'prepar')::bytea WHERE event_id = $1`),
			says: "the facts or their salt are not those the leaf commits to"},
		"change the salt": {do: byID(`UPDATE events SET facts_salt = sha256(facts_salt) WHERE event_id = $1`), says: "the facts or their salt"},
		"change what is personal": {do: byID(`UPDATE events SET personal = '{"note":"never called"}' WHERE event_id = $1`),
			says: "the personal content or its salt is not what the leaf commits to"},
		"remove what is personal": {do: byID(`UPDATE events SET personal = NULL, personal_salt = NULL WHERE event_id = $1`),
			says: "personal content is gone, and no entry says that beneficiary"},
		"remove a personal salt": {do: byID(`UPDATE events SET personal_salt = NULL WHERE event_id = $1`), says: "only one is there"},
		"break the leaf":         {do: byID(`UPDATE events SET leaf = leaf || ' ' WHERE event_id = $1`), says: "not a leaf of version 1"},
		"change the event's id":  {do: byID(`UPDATE events SET event_id = gen_random_uuid() WHERE event_id = $1`), says: "column event_id is"},
		"replace the whole row": {do: func(t *testing.T, b *bundle, at int) {
			s := b.resealed(t, b.ids[at])
			b.attack(t, `UPDATE events SET kind = 'mandate.expired', at = $2, actor_role = 'system', actor_id = NULL, organisation_id = NULL,
				beneficiary_id = NULL, mandate_id = NULL, case_id = NULL, step_id = NULL, procedure = NULL, action = NULL, outcome = 'done',
				leaf = $3, facts = $4, facts_salt = $5, personal = NULL, personal_salt = NULL WHERE event_id = $1`,
				b.ids[at], s.At, s.Leaf, s.Facts, s.FactsSalt)
		}, says: "never integrated", edge: "do not give the root signed over"},
		"remove": {do: byID(`DELETE FROM events WHERE event_id = $1`), says: "the one that belongs here was removed or moved",
			edge: "are there: 1 removed (what is left begins with event"},
		"swap with the next": {do: func(t *testing.T, b *bundle, at int) {
			b.attack(t, `UPDATE events AS e SET id = -o.id FROM events AS o WHERE e.event_id IN ($1, $2) AND o.event_id IN ($1, $2) AND o.id <> e.id`,
				b.ids[at], b.ids[at+1])
			b.attack(t, `UPDATE events SET id = -id WHERE id < 0`)
		}, says: "was removed or moved", edge: "do not give the root"},
	}
	for where, at := range map[string]int{"in a tile": inTile, "in the edge": inEdge} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			b := setup(t, entries, 40)
			if code, out := b.verify(t); code != exitGreen {
				t.Fatalf("red before: %s", out)
			}
			b.attack(t, `ALTER TABLE events ALTER COLUMN id DROP IDENTITY`) // it would take no value of ours
			b.attack(t, `CREATE TABLE kept AS TABLE events`)
			for name, c := range cases {
				c.do(t, b, at)
				code, out := b.verify(t)
				first, want := firstWrong(out), c.says
				if at == inEdge && c.edge != "" {
					want = c.edge
				}
				if code != exitRed || !strings.Contains(first, want) {
					t.Errorf("%s: left with %d\n%s", name, code, out)
				}
				if (at == inTile || c.edge == "") && !strings.Contains(first, fmt.Sprintf("position %d: ", at)) {
					t.Errorf("%s: position %d is not named: %s", name, at, first)
				}
				b.attack(t, `DELETE FROM events`)
				b.attack(t, `INSERT INTO events SELECT * FROM kept`)
			}
			if code, out := b.verify(t); code != exitGreen {
				t.Errorf("red after all is put back: %s", out)
			}
		})
	}
}

func firstWrong(out string) string {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "FIRST WRONG") {
			return line
		}
	}
	return ""
}

// LG-04: an entry slipped in behind what was integrated.
func TestInserting(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]int{"in a tile": inTile, "in the edge": inEdge} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, entries, 40)
			id := uuid.New()
			s := b.resealed(t, id)
			// The same transaction and a free number just before the entry's: ids
			// of rolled back or swapped rows leave such gaps.
			b.attack(t, `ALTER TABLE events ALTER COLUMN id DROP IDENTITY`)
			b.attack(t, `UPDATE events SET id = -2 * id`) // through the negative: each step is unique
			b.attack(t, `UPDATE events SET id = -id`)
			b.attack(t, `UPDATE log_batches SET last_id = last_id * 2`)
			if code, out := b.verify(t); code != exitGreen {
				t.Fatalf("red before: %s", out)
			}
			b.attack(t, `INSERT INTO events (id, xid, event_id, kind, at, actor_role, outcome, leaf, facts, facts_salt)
				SELECT id - 1, xid, $2, 'mandate.expired', $3, 'system', 'done', $4, $5, $6 FROM events WHERE event_id = $1`,
				b.ids[at], id, s.At, s.Leaf, s.Facts, s.FactsSalt)
			code, out := b.verify(t)
			first := firstWrong(out)
			if code != exitRed || !strings.Contains(first, fmt.Sprintf("position %d: event %s: this entry was never integrated", at, id)) {
				t.Errorf("left with %d\n%s", code, out)
			}
		})
	}
}

// LG-04: tiles, batches and checkpoints are held to it too.
func TestTamperingWithTheTree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, says string }{
		"a tile changed":           {`UPDATE log_tiles SET hashes = substr(hashes, 33) || substr(hashes, 1, 32) WHERE index = 1`, "position 256: "},
		"a tile removed":           {`DELETE FROM log_tiles WHERE index = 1`, "stored tile/0/001 is missing"},
		"a tile invented":          {`INSERT INTO log_tiles SELECT 1, 0, hashes FROM log_tiles WHERE index = 0`, "tiles of level 1 are stored"},
		"a batch removed":          {`DELETE FROM log_batches WHERE first_position = (SELECT min(first_position) FROM log_batches WHERE first_position > 0)`, "does not follow the one before"},
		"the last batch removed":   {`DELETE FROM log_batches WHERE first_position = (SELECT max(first_position) FROM log_batches)`, "a checkpoint is signed over 600 entries"},
		"a batch made longer":      {`UPDATE log_batches SET size = size + 1 WHERE first_position = (SELECT max(first_position) FROM log_batches)`, "1 removed"},
		"a root changed":           {`UPDATE log_checkpoints SET root = sha256(root) WHERE size = 600`, "is not what its note says"},
		"a note changed":           {`UPDATE log_checkpoints SET note = replace(note, E'\n600\n', E'\n599\n') WHERE size = 600`, "not signed by a key given"},
		"a note of another":        {`UPDATE log_checkpoints SET note = (SELECT note FROM log_checkpoints WHERE size < 600 ORDER BY size LIMIT 1) WHERE size = 600`, "is not what its note says"},
		"all checkpoints removed":  {`DELETE FROM log_checkpoints`, "no good checkpoint at all"},
		"the tail of events gone":  {`DELETE FROM events WHERE id > 590`, "removed"},
		"all events gone":          {`DELETE FROM events`, "one of positions 0 to "},
		"an incarnation rewritten": {`UPDATE events SET incarnation = 2 WHERE id = 300`, "position 299: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, entries, 40)
			b.attack(t, c.statement)
			code, out := b.verify(t)
			if code != exitRed || !strings.Contains(firstWrong(out), c.says) {
				t.Errorf("left with %d\n%s", code, out)
			}
		})
	}
}

// A log cut back to an older, consistent state is green by itself: only a
// checkpoint got elsewhere tells.
func TestCutShort(t *testing.T) {
	t.Parallel()
	b := setup(t, 40, 40)
	b.grow(t, 40)
	b.sequence(t, 40)
	text, err := ledger.NewReader(b.store).Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(known, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := b.verify(t, "-known", known); code != exitGreen {
		t.Fatalf("red before:\n%s", out)
	}
	b.attack(t, `DELETE FROM events WHERE id > 40`)
	b.attack(t, `DELETE FROM log_batches WHERE first_position >= 40`)
	b.attack(t, `DELETE FROM log_checkpoints WHERE size > 40`)
	b.sequence(t, 40) // signs over 40 again if no checkpoint stood there
	if code, out := b.verify(t); code != exitGreen {
		t.Errorf("a consistent older state: %d\n%s", code, out)
	}
	if code, out := b.verify(t, "-known", known); code != exitRed || !strings.Contains(out, "the known checkpoint over 80 entries is not in this log of 40") {
		t.Errorf("left with %d\n%s", code, out)
	}
}

// LG-06: erasing a person takes content and salts; the log verifies, and says
// that it was erased.
func TestErasure(t *testing.T) {
	t.Parallel()
	b := setup(t, 90, 40)
	var erased int64
	if err := b.owner.QueryRow(t.Context(), `SELECT relais_erase_events($1)`, b.person).Scan(&erased); err != nil || erased != 30 {
		t.Fatalf("%d erased, %v", erased, err)
	}
	if code, out := b.verify(t); code != exitRed || !strings.Contains(firstWrong(out), "position 0: personal content is gone, and no entry says") {
		t.Errorf("an erasure that no entry tells of: %d\n%s", code, out)
	}
	err := b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		_, err := ledger.Append(tx, translog.Event{Kind: translog.BeneficiaryErased, Actor: translog.Actor{Role: translog.RoleSystem}, Beneficiary: b.person})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.sequence(t, 40)
	code, out := b.verify(t)
	if code != exitGreen || !strings.Contains(out, "personal     30 compared, 30 erased") {
		t.Errorf("%d\n%s", code, out)
	}
	var left int
	err = b.owner.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE beneficiary_id = $1 AND (personal IS NOT NULL OR personal_salt IS NOT NULL)`, b.person).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows still hold personal content or salts, %v", left, err)
	}
}

// LG-03, LG-04: an export verifies without network, and its tampering shows.
func TestExport(t *testing.T) {
	t.Parallel()
	b := setup(t, entries, 40)
	for _, personal := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "export")
		args := []string{"-export", dir}
		if personal {
			args = append(args, "-personal")
		}
		if code, out := b.verify(t, args...); code != exitGreen || !strings.Contains(out, "600 entries written") {
			t.Fatalf("%d\n%s", code, out)
		}
		if code, out := b.verify(t, args...); code != exitUsage {
			t.Errorf("an export over another: %d\n%s", code, out)
		}
		held := map[bool]string{false: "personal     0 compared, 0 erased, 400 not in this export", true: "personal     400 compared"}[personal]
		if code, out := verifyWith(t, "-dir", dir, "-key", b.key.Public); code != exitGreen || !strings.Contains(out, held) {
			t.Errorf("%d\n%s", code, out)
		}
		if code, out := verifyWith(t, "-dir", dir); code != exitGreen || !strings.Contains(out, "compare it with the published one") {
			t.Errorf("%d\n%s", code, out)
		}
		written, err := os.ReadFile(filepath.Join(dir, entriesFile))
		if err != nil || bytes.Contains(written, []byte("called together")) != personal {
			t.Errorf("personal content written although %v, %v", personal, err)
		}
		for name, from := range map[string]string{"facts": `\"number\":300`, "leaf": b.ids[300].String(), "tile": ""} {
			path := filepath.Join(dir, entriesFile)
			if name == "tile" {
				path = filepath.Join(dir, "tile", "0", "001")
				from = ""
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := bytes.Clone(before)
			if from == "" {
				changed[44*32] ^= 1 // of position 256 + 44
			} else {
				at := bytes.Index(changed, []byte(from))
				changed[at+len(from)-1] ^= 1
			}
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out := verifyWith(t, "-dir", dir, "-key", b.key.Public); code != exitRed || !strings.Contains(firstWrong(out), "position 300: ") {
				t.Errorf("%s changed: left with %d\n%s", name, code, out)
			}
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestProofFiles(t *testing.T) {
	t.Parallel()
	b := setup(t, 10, 40)
	proof, leaf, err := ledger.NewReader(b.store).Proof(t.Context(), b.ids[3])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	proofFile, leafFile := filepath.Join(dir, "p"), filepath.Join(dir, "l")
	for path, text := range map[string]string{proofFile: proof.Marshal(), leafFile: string(leaf) + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-proof", proofFile, "-leaf", leafFile, "-key", b.key.Public}
	if code, out := verifyWith(t, args...); code != exitGreen || !strings.Contains(out, "at position 3 of the log log.example/relais") {
		t.Errorf("%d\n%s", code, out)
	}
	if err := os.WriteFile(leafFile, bytes.Replace(leaf, []byte("step.done"), []byte("step.gone"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(leafFile, append(leaf[:len(leaf)-2], []byte("2}")...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := verifyWith(t, args...); code != exitRed {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestUsage(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for _, args := range [][]string{
		{}, {"-key", "k"}, {"-database", "postgres://u:secret@127.0.0.1:1/x"}, {"-database", "postgres://u:secret@127.0.0.1:1/x", "-key", "k"},
		{"-database", "x", "-dir", "y"}, {"-dir", filepath.Join(t.TempDir(), "none")}, {"-dir", "x", "-export", "y"}, {"-proof", "x", "-key", "k"},
		{"-unknown"}, {"word"}, {"-help"}, {"-database", "postgres://u:secret@%zz", "-key", "log.example/relais+aaaaaaaa+AAAA"},
		{"-database", "postgres://u:secret@127.0.0.1:1/x", "-key", knownKey},
	} {
		code, out := verifyWith(t, args...)
		if code != exitUsage || out == "" || strings.Contains(out, "secret") {
			t.Errorf("%v left with %d: %s", args, code, out)
		}
	}
}

// knownKey is some well-formed key.
const knownKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
