package verify

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/translog"
)

// memory is a log in memory.
type memory struct {
	entries []Entry
	batches []Batch
	heads   []Head
	tiles   map[[2]int64][]byte
	key     note.Verifier
}

func (m *memory) Entries() iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for i := range m.entries {
			e := m.entries[i] // as a source does, one that is used again
			if !yield(&e, nil) {
				return
			}
		}
	}
}

func all[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func (m *memory) Batches() iter.Seq2[Batch, error] { return all(m.batches) }
func (m *memory) Heads() iter.Seq2[Head, error]    { return all(m.heads) }
func (m *memory) WithPersonal() bool               { return true }

func (m *memory) Tile(level int, index int64) ([]byte, error) {
	return m.tiles[[2]int64{int64(level), index}], nil
}

func (m *memory) TileCount() (map[int]int64, error) {
	counts := map[int]int64{}
	for at := range m.tiles {
		counts[int(at[0])]++
	}
	return counts, nil
}

// logOf makes a log of so many entries, with a checkpoint after each batch.
func logOf(t testing.TB, entries, batch int) *memory {
	t.Helper()
	secret, err := translog.GenerateKey(rand.Reader, "log.example/relais")
	if err != nil {
		t.Fatal(err)
	}
	key, err := translog.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{tiles: map[[2]int64][]byte{}}
	if m.key, err = key.Verifier(); err != nil {
		t.Fatal(err)
	}
	tree := &translog.Tree{}
	sign := func() {
		text, err := translog.SignCheckpoint(translog.Checkpoint{Origin: key.Name(), Size: tree.Size(), Root: tree.Root()}, key)
		if err != nil {
			t.Fatal(err)
		}
		m.heads = append(m.heads, Head{Size: tree.Size(), Root: tree.Root(), Note: text})
	}
	sign()
	for i := range entries {
		e := entryOf(t, i)
		m.entries = append(m.entries, e)
		for _, tile := range tree.Append(translog.LeafHash(e.Leaf)) {
			m.tiles[[2]int64{int64(tile.Level), tile.Index}] = tile.Hashes
		}
		if (i+1)%batch == 0 || i == entries-1 {
			first := int64(i / batch * batch)
			m.batches = append(m.batches, Batch{First: first, Size: tree.Size() - first, Last: e.Key})
			sign()
		}
	}
	return m
}

func entryOf(t testing.TB, i int) Entry {
	t.Helper()
	e := translog.Event{
		Kind: translog.StepDone, Actor: translog.Actor{Role: translog.RoleMediator, ID: uuid.New()}, Organisation: uuid.New(),
		Beneficiary: uuid.New(), Mandate: uuid.New(), Case: uuid.New(), Step: uuid.New(), Procedure: "fr.housing_benefit", Action: "submit",
		Detail: map[string]int{"number": i}, Personal: map[string]string{"note": "called together"},
	}
	if i%2 == 1 {
		e = translog.Event{Kind: translog.MandateExpired, Actor: translog.Actor{Role: translog.RoleSystem}}
	}
	s, err := translog.Seal(e, uuid.New(), time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := translog.ParseFacts(s.Facts)
	if err != nil {
		t.Fatal(err)
	}
	facts.Detail = nil
	return Entry{
		Key:     Key{Incarnation: 1, XID: uint64(700 + i/3), Number: int64(i + 1)},
		Columns: &Columns{EventID: s.ID, Kind: string(e.Kind), At: s.At, Facts: facts},
		Leaf:    s.Leaf, Facts: s.Facts, FactsSalt: s.FactsSalt, Personal: s.Personal, PersonalSalt: s.PersonalSalt,
	}
}

func (m *memory) run(t testing.TB) *Report {
	t.Helper()
	r, err := Run(m, Options{Keys: []note.Verifier{m.key}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A log of three levels of tiles is green, and a wrong tile of the second is not.
func TestManyTiles(t *testing.T) {
	t.Parallel()
	const many = 65_536 + 300
	m := logOf(t, many, 5000)
	r := m.run(t)
	if !r.Green() || r.Entries != many || r.Tiles != 257+1 || r.Last != many || r.Personal != many/2 || r.Checkpoints != 15 {
		t.Errorf("%+v", r)
	}
	m.tiles[[2]int64{1, 0}] = bytes.Repeat([]byte{1}, translog.TileBytes)
	if r := m.run(t); r.Green() || !strings.Contains(r.Faults[0].What, "tile/1/000 is not that of") {
		t.Errorf("%+v", r)
	}
}

// LG-04: no byte of a log can change unseen, whichever it is.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	m := logOf(t, 300, 7)
	if r := m.run(t); !r.Green() {
		t.Fatalf("red before: %v", r.Faults)
	}
	for round := range 400 {
		at := mathrand.IntN(len(m.entries))
		e := &m.entries[at]
		fields := []*[]byte{&e.Leaf, &e.Facts, &e.FactsSalt}
		if e.Personal != nil {
			fields = append(fields, &e.Personal, &e.PersonalSalt)
		}
		field := fields[round%len(fields)]
		before := *field
		changed := bytes.Clone(before)
		changed[mathrand.IntN(len(changed))] ^= byte(1 << mathrand.IntN(8))
		*field = changed
		r := m.run(t)
		if r.Green() || r.Faults[0].From != int64(at) || r.Faults[0].To != int64(at) || r.Faults[0].Event != e.Columns.EventID {
			t.Fatalf("position %d: %q changed to %q: %v", at, before, changed, r.Faults)
		}
		*field = before
	}
	for i := range m.heads {
		before := m.heads[i]
		changed := []byte(before.Note)
		changed[mathrand.IntN(len(changed))] ^= 1
		m.heads[i].Note = string(changed)
		if r := m.run(t); r.Green() {
			t.Fatalf("checkpoint %q changed to %q", before.Note, changed)
		}
		m.heads[i] = before
		m.heads[i].Root[mathrand.IntN(32)] ^= 1
		if r := m.run(t); r.Green() {
			t.Fatal("a changed root passes")
		}
		m.heads[i] = before
	}
}

// Swapping or turning any entries is seen, wherever they stand.
func TestEveryOrderCounts(t *testing.T) {
	t.Parallel()
	m := logOf(t, 300, 7)
	for range 200 {
		a, b := mathrand.IntN(300), mathrand.IntN(300)
		if a == b {
			continue
		}
		swap := func() {
			m.entries[a], m.entries[b] = m.entries[b], m.entries[a]
			m.entries[a].Key, m.entries[b].Key = m.entries[b].Key, m.entries[a].Key
		}
		swap()
		r := m.run(t)
		if r.Green() || r.Faults[0].From > int64(min(a, b)) || r.Faults[0].To < int64(min(a, b)) {
			t.Fatalf("%d and %d swapped: %v", a, b, r.Faults)
		}
		swap()
	}
}

// The first faults are kept, in order, whatever order they are found in.
func TestReportKeepsTheFirst(t *testing.T) {
	t.Parallel()
	r := &Report{}
	for i := range 50 {
		r.add(Fault{From: int64(100 - i), To: int64(100 - i), What: "x"})
	}
	r.add(Fault{From: -1, To: -1, What: "nowhere"})
	r.add(Fault{From: 3, To: 9, What: "early"})
	if r.FaultCount != 52 || len(r.Faults) != mostFaults || r.Faults[0].What != "early" || r.Faults[1].From != 51 {
		t.Errorf("%d of %d kept, first %v", len(r.Faults), r.FaultCount, r.Faults[:2])
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil || !strings.Contains(out.String(), "FIRST WRONG  one of positions 3 to 9: early") || !strings.Contains(out.String(), "and 32 more") {
		t.Errorf("%s %v", out.String(), err)
	}
}

// A source that fails is no verdict.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	m := logOf(t, 600, 100)
	broken := errors.New("the disk is gone")
	for _, src := range []Source{failing{m, "entries", broken}, failing{m, "batches", broken}, failing{m, "heads", broken}, failing{m, "tile", broken}, failing{m, "count", broken}} {
		if r, err := Run(src, Options{Keys: []note.Verifier{m.key}}); !errors.Is(err, broken) {
			t.Errorf("%v: %+v, %v", src.(failing).what, r, err)
		}
	}
	if _, err := Run(m, Options{}); err == nil {
		t.Error("verified without a key")
	}
	if _, err := Run(m, Options{Keys: []note.Verifier{m.key}, Known: []string{"nonsense"}}); err == nil {
		t.Error("a known checkpoint that is none")
	}
}

type failing struct {
	*memory
	what string
	err  error
}

func failAfter[T any](list iter.Seq2[T, error], broken error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for x, err := range list {
			if n++; n == 3 {
				err = broken
			}
			if !yield(x, err) || err != nil {
				return
			}
		}
	}
}

func (f failing) Entries() iter.Seq2[*Entry, error] {
	if f.what == "entries" {
		return failAfter(f.memory.Entries(), f.err)
	}
	return f.memory.Entries()
}

func (f failing) Batches() iter.Seq2[Batch, error] {
	if f.what == "batches" {
		return failAfter(f.memory.Batches(), f.err)
	}
	return f.memory.Batches()
}

func (f failing) Heads() iter.Seq2[Head, error] {
	if f.what == "heads" {
		return failAfter(f.memory.Heads(), f.err)
	}
	return f.memory.Heads()
}

func (f failing) Tile(level int, index int64) ([]byte, error) {
	if f.what == "tile" && index == 1 {
		return nil, fmt.Errorf("tile: %w", f.err)
	}
	return f.memory.Tile(level, index)
}

func (f failing) TileCount() (map[int]int64, error) {
	if f.what == "count" {
		return nil, f.err
	}
	return f.memory.TileCount()
}
