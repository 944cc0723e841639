package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

func TestAppendFillsTheColumns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := someEvent()
	id := b.append(t, e)
	var kind, role, procedure, action, outcome string
	var at time.Time
	var actor, organisation, beneficiary, mandate, caseID, step uuid.UUID
	var leaf, facts, factsSalt, personal, personalSalt []byte
	err := b.store.Pool().QueryRow(t.Context(), `SELECT kind, at, actor_role, actor_id, organisation_id, beneficiary_id, mandate_id,
		case_id, step_id, procedure, action, outcome, leaf, facts, facts_salt, personal, personal_salt FROM events WHERE event_id = $1`, id).
		Scan(&kind, &at, &role, &actor, &organisation, &beneficiary, &mandate, &caseID, &step, &procedure, &action, &outcome,
			&leaf, &facts, &factsSalt, &personal, &personalSalt)
	if err != nil {
		t.Fatal(err)
	}
	l, f, err := translog.Open(leaf, facts, factsSalt)
	if err != nil {
		t.Fatal(err)
	}
	if l.ID != id || l.Kind != e.Kind || !l.At.Equal(at) || *l.Personal != translog.CommitPersonal(personalSalt, personal) {
		t.Errorf("leaf %s", leaf)
	}
	want := translog.Facts{
		Actor: e.Actor, Organisation: organisation, Beneficiary: beneficiary, Mandate: mandate, Case: caseID, Step: step,
		Procedure: procedure, Action: action, Outcome: outcome, Detail: []byte(`{"mode":"present"}`),
	}
	if !bytes.Equal(want.Append(nil), facts) || f.Actor.ID != actor || string(f.Actor.Role) != role || kind != string(e.Kind) || outcome != "done" {
		t.Errorf("columns %+v\nfacts %s", want, facts)
	}
}

func TestAppendLeavesOutWhatDoesNotApply(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.append(t, translog.Event{Kind: translog.MandateExpired, Actor: translog.Actor{Role: translog.RoleSystem}})
	var nulls int
	err := b.store.Pool().QueryRow(t.Context(), `SELECT num_nulls(actor_id, organisation_id, beneficiary_id, mandate_id, case_id, step_id,
		procedure, action, personal, personal_salt) FROM events WHERE event_id = $1`, id).Scan(&nulls)
	if err != nil || nulls != 10 {
		t.Errorf("%d of 10 columns are null, %v", nulls, err)
	}
}

// An event that cannot be written fails its command; one whose command fails is
// not there. LG-01
func TestAppendIsOneWithItsCommand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := errors.New("refused")
	err := b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		if _, err := Append(tx, someEvent()); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	err = b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		_, err := Append(tx, translog.Event{Kind: "no.such_kind"})
		return err
	})
	if err == nil {
		t.Error("an unknown kind is appended")
	}
	if events, _ := b.sizes(t); events != 0 {
		t.Errorf("%d events are there", events)
	}
}

func TestAppendRefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := someEvent()
	e.Kind, e.Outcome, e.Personal = translog.ActRefused, "refused", nil
	e.Detail = RefusedDetail{Command: "steps.record", Reasons: []string{"mandate_expired"}, PolicyHash: "ab12"}
	id := b.append(t, e)
	var kind, outcome string
	var facts []byte
	err := b.store.Pool().QueryRow(t.Context(), `SELECT kind, outcome, facts FROM events WHERE event_id = $1`, id).Scan(&kind, &outcome, &facts)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "act.refused" || outcome != "refused" ||
		!strings.Contains(string(facts), `"detail":{"command":"steps.record","policy_hash":"ab12","reasons":["mandate_expired"]}`) {
		t.Errorf("%s %s %s", kind, outcome, facts)
	}
}

// The hot path: one statement inserts the entry only if the rest of it holds.
func TestPreparedRowInOneStatement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, e := range []translog.Event{someEvent(), {Kind: translog.SignOutDone, Actor: translog.Actor{Role: translog.RoleSystem}}} {
		for _, holds := range []bool{true, false} {
			row, err := Prepare(b.store.Env(), b.store.Now(), e)
			if err != nil {
				t.Fatal(err)
			}
			statement := `WITH asked AS (SELECT 1 WHERE $1), entry AS (INSERT INTO events (` + InsertColumns + `)
				SELECT ` + InsertValues(2) + ` FROM asked RETURNING event_id) SELECT event_id FROM entry`
			var id uuid.UUID
			err = b.store.OneStatement(t.Context(), statement, append([]any{holds}, row.Args()...), &id)
			if holds && (err != nil || id != row.EventID) || !holds && !errors.Is(err, store.ErrNoRow) {
				t.Errorf("holds %v: %v, %v", holds, id, err)
			}
			if len(row.Args()) != ArgCount {
				t.Errorf("%d arguments", len(row.Args()))
			}
		}
	}
	b.sequenceAll(t, b.sequencer(t, nil))
	b.audit(t)
}

// LG-03: what the reader gives out is enough for an independent client.
func TestReaderServesAnIndependentClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sequencer(t, func(d *Deps) { d.Batch = 100 })
	if _, err := b.reader.Checkpoint(t.Context()); !problem.Is(err, "not_found") {
		t.Errorf("a checkpoint before the first: %v", err)
	}
	b.sequenceAll(t, s)
	first, err := b.reader.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := translog.OpenCheckpoint(first, b.key.Name(), b.verifier); err != nil || c.Size != 0 {
		t.Errorf("the empty log's checkpoint: %+v, %v", c, err)
	}
	var ids []uuid.UUID
	const many = 700
	err = b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		for range many {
			id, err := Append(tx, someEvent())
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.reader.Proof(t.Context(), ids[0]); !errors.Is(err, ErrPending) {
		t.Errorf("proof before its place: %v", err)
	}
	if _, err := b.reader.Position(t.Context(), uuid.New()); !problem.Is(err, "not_found") {
		t.Errorf("position of no event: %v", err)
	}
	b.sequenceAll(t, s)
	b.audit(t)
	text, err := b.reader.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := translog.OpenCheckpoint(text, b.key.Name(), b.verifier)
	if err != nil || head.Size != many {
		t.Fatalf("%+v, %v", head, err)
	}
	client := tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root},
		translog.TileReader(func(level int, index int64, width int) ([]byte, error) {
			level, index, width, err := translog.ParseTilePath(translog.TilePath(level, index, width))
			if err != nil {
				return nil, err
			}
			return b.reader.Tile(t.Context(), level, index, width)
		}))
	for _, i := range []int{0, 99, 100, 255, 256, 511, 512, 699} {
		proof, leaf, err := b.reader.Proof(t.Context(), ids[i])
		if err != nil {
			t.Fatal(err)
		}
		if proof.Position != int64(i) {
			t.Errorf("event %d is at %d", i, proof.Position)
		}
		if _, err := proof.Check(leaf, b.key.Name(), b.verifier); err != nil {
			t.Error(err)
		}
		again, err := tlog.ProveRecord(head.Size, int64(i), client)
		if err != nil || !slices.Equal(again, proof.Hashes) {
			t.Errorf("a client's own proof of %d differs: %v", i, err)
		}
		bundle, err := b.reader.Entries(t.Context(), int64(i/256), min(256, many-i/256*256))
		if err != nil {
			t.Fatal(err)
		}
		leaves, err := translog.ParseBundle(bundle)
		if err != nil || !bytes.Equal(leaves[i%256], leaf) {
			t.Errorf("the bundle of %d differs: %v", i, err)
		}
		if one, err := b.reader.Leaf(t.Context(), int64(i)); err != nil || !bytes.Equal(one, leaf) {
			t.Errorf("leaf at %d: %s, %v", i, one, err)
		}
	}
	for _, beyond := range [][3]int64{{0, 2, 189}, {0, 3, 1}, {1, 0, 3}, {2, 0, 1}, {-1, 0, 1}, {0, -1, 1}, {0, 0, 0}, {0, 0, 257}, {63, 0, 1}} {
		if _, err := b.reader.Tile(t.Context(), int(beyond[0]), beyond[1], int(beyond[2])); !problem.Is(err, "not_found") {
			t.Errorf("tile %v: %v", beyond, err)
		}
	}
	if _, err := b.reader.Leaf(t.Context(), many); !problem.Is(err, "not_found") {
		t.Errorf("a leaf beyond the log: %v", err)
	}
}

// LG-05: the application's role cannot change the past.
func TestTheApplicationCannotChangeTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.append(t, someEvent())
	b.sequenceAll(t, b.sequencer(t, nil))
	before := b.otherRoots(t)
	for _, statement := range []string{
		`UPDATE events SET kind = 'case.closed'`, `UPDATE events SET personal = NULL, personal_salt = NULL`, `DELETE FROM events`,
		`TRUNCATE events`, `ALTER TABLE events DISABLE TRIGGER ALL`, `DROP TABLE events`, `SET session_replication_role = replica`,
		`UPDATE log_checkpoints SET size = 9`, `DELETE FROM log_checkpoints`, `TRUNCATE log_checkpoints`,
		`UPDATE log_batches SET size = 9`, `DELETE FROM log_batches`, `TRUNCATE log_batches`,
		`UPDATE log_tiles SET index = 9`, `DELETE FROM log_tiles`, `TRUNCATE log_tiles`,
	} {
		if _, err := b.store.Pool().Exec(t.Context(), statement); err == nil {
			t.Errorf("the application may %s", statement)
		}
	}
	// Not even the owner, as long as the triggers stand.
	owner := b.owner(t)
	for _, statement := range []string{
		`UPDATE events SET kind = 'case.closed'`, `DELETE FROM events`, `TRUNCATE events`,
		`UPDATE log_checkpoints SET size = 9`, `DELETE FROM log_batches`,
	} {
		if _, err := owner.Exec(t.Context(), statement); err == nil {
			t.Errorf("the owner may %s", statement)
		}
	}
	if after := b.otherRoots(t); !bytes.Equal(before[len(before)-1], after[len(after)-1]) {
		t.Error("the log changed")
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "log.key")
	if _, err := LoadKey(path); err == nil {
		t.Error("a key from nowhere")
	}
	made, err := LoadOrMakeKey(path, "log.example/relais", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadOrMakeKey(path, "log.example/another", rand.Reader)
	if err != nil || again.Public != made.Public {
		t.Errorf("the key changed: %v", err)
	}
	at, err := os.Stat(path)
	if err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", at.Mode(), err)
	}
	if _, err := note.NewVerifier(made.Public); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrMakeKey(path, "log.example/relais", rand.Reader); err == nil {
		t.Error("a key that others may read is used")
	}
	if _, err := LoadOrMakeKey(filepath.Join(t.TempDir(), "k"), "a name with spaces", rand.Reader); err == nil {
		t.Error("a name that notes cannot carry")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNewSequencerRefuses(t *testing.T) {
	t.Parallel()
	if _, err := NewSequencer(Deps{}); err == nil {
		t.Error("a sequencer without store and key")
	}
}

// What is stored no longer being what was signed, nothing more is signed.
func TestSequencerRefusesADivergedLog(t *testing.T) {
	t.Parallel()
	for name, attack := range map[string]string{
		"an entry is changed":    `UPDATE events SET leaf = replace(encode(leaf, 'escape'), 'step.done', 'step.gone')::bytea WHERE id = 3`,
		"an entry is removed":    `DELETE FROM events WHERE id = 3`,
		"a checkpoint's root":    `UPDATE log_checkpoints SET root = decode('` + hex.EncodeToString(make([]byte, 32)) + `', 'hex') WHERE size = 5`,
		"a checkpoint's text":    `UPDATE log_checkpoints SET note = replace(note, E'\n5\n', E'\n4\n') WHERE size = 5`,
		"an order is turned":     `UPDATE events SET xid = (9000000000 - id)::text::xid8`,
		"the batches are gone":   `DELETE FROM log_batches`,
		"an older head is last":  `DELETE FROM log_batches; INSERT INTO log_batches SELECT 0, 4, incarnation, xid, id, at FROM events WHERE id = 4`,
		"a leaf is put in front": `INSERT INTO events (incarnation, xid, event_id, kind, at, actor_role, leaf, facts, facts_salt) SELECT 1, '3', gen_random_uuid(), kind, at, actor_role, leaf, facts, facts_salt FROM events WHERE id = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for range 5 {
				b.append(t, someEvent())
			}
			b.sequenceAll(t, b.sequencer(t, nil))
			owner := b.owner(t)
			b.exec(t, owner, `SET session_replication_role = replica`)
			b.exec(t, owner, attack)
			b.append(t, someEvent())
			const count = `SELECT count(*) FROM log_checkpoints`
			var before, after int
			if err := owner.QueryRow(t.Context(), count).Scan(&before); err != nil {
				t.Fatal(err)
			}
			if _, err := b.sequencer(t, nil).SequenceOnce(t.Context()); !errors.Is(err, ErrDiverged) {
				t.Errorf("went on: %v", err)
			}
			if err := owner.QueryRow(t.Context(), count).Scan(&after); err != nil || after != before {
				t.Errorf("%d checkpoints, then %d, %v", before, after, err)
			}
		})
	}
}

// A new key takes over from a former one that is still trusted, and only then.
func TestSequencerChangesItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.append(t, someEvent())
	b.sequenceAll(t, b.sequencer(t, nil))
	secret, err := translog.GenerateKey(rand.Reader, b.key.Name())
	if err != nil {
		t.Fatal(err)
	}
	next, err := translog.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	b.append(t, someEvent())
	if _, err := b.sequencer(t, func(d *Deps) { d.Key = next }).SequenceOnce(t.Context()); !errors.Is(err, ErrDiverged) {
		t.Errorf("an unknown key's log is continued: %v", err)
	}
	b.sequenceAll(t, b.sequencer(t, func(d *Deps) { d.Key, d.FormerKeys = next, []note.Verifier{b.verifier} }))
}

// xid8 restarts after dump and restore: a declared incarnation keeps the order.
func TestRestore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sequencer(t, nil)
	b.append(t, someEvent())
	b.sequenceAll(t, s)
	old := b.append(t, someEvent())
	owner := b.owner(t)
	b.exec(t, owner, `SET session_replication_role = replica`)
	// As after a restore into a young cluster: what is stored lies in its future.
	b.exec(t, owner, `UPDATE events SET xid = '900000000001' WHERE id = 1`)
	b.exec(t, owner, `UPDATE events SET xid = '900000000002' WHERE id = 2`)
	b.exec(t, owner, `UPDATE log_batches SET last_xid = '900000000001'`)
	if _, err := s.SequenceOnce(t.Context()); !errors.Is(err, errRestored) {
		t.Errorf("an undeclared restore: %v", err)
	}
	b.exec(t, owner, `INSERT INTO log_incarnation (incarnation) VALUES (2)`)
	if _, err := s.SequenceOnce(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a half-declared restore: %v", err)
	}
	b.exec(t, owner, `ALTER TABLE events ALTER COLUMN incarnation SET DEFAULT 2`)
	young := b.append(t, someEvent())
	b.sequenceAll(t, s)
	b.audit(t)
	for want, id := range map[int64]uuid.UUID{1: old, 2: young} {
		if got, err := b.reader.Position(t.Context(), id); err != nil || got != want {
			t.Errorf("position %d, want %d, %v", got, want, err)
		}
	}
}
