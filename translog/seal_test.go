package translog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write the golden files")

// counting is randomness that is not: 0, 1, 2…
type counting struct{ n byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.n
		c.n++
	}
	return len(p), nil
}

var (
	someID   = uuid.MustParse("0191e5a0-0000-7000-8000-000000000001")
	somebody = uuid.MustParse("0191e5a0-0000-7000-8000-00000000000b")
	someTime = time.Date(2026, time.November, 21, 21, 33, 0, 123456789, time.UTC)
)

func stepEvent() Event {
	return Event{
		Kind:         StepDone,
		Actor:        Actor{Role: RoleMediator, ID: uuid.MustParse("0191e5a0-0000-7000-8000-00000000000a")},
		Organisation: uuid.MustParse("0191e5a0-0000-7000-8000-00000000000c"),
		Beneficiary:  somebody,
		Mandate:      uuid.MustParse("0191e5a0-0000-7000-8000-00000000000d"),
		Case:         uuid.MustParse("0191e5a0-0000-7000-8000-00000000000e"),
		Step:         uuid.MustParse("0191e5a0-0000-7000-8000-00000000000f"),
		Procedure:    "fr.housing_benefit",
		Action:       "submit",
		Detail: struct {
			Place  string `json:"place"`
			Asked  int    `json:"asked"`
			Absent *int   `json:"absent"`
		}{"present", 2, nil},
		Personal: struct {
			Note    string `json:"note"`
			Receipt string `json:"receipt"`
		}{"Zoe\u0301 a signé", "CAF-1234"},
	}
}

func TestSealGolden(t *testing.T) {
	t.Parallel()
	events := map[string]Event{
		"step_done": stepEvent(),
		"sign_in_refused": {Kind: SignInRefused, Actor: Actor{Role: RoleVisitor}, Outcome: "refused", Detail: struct {
			Reasons []string `json:"reasons"`
		}{[]string{"unknown_subject"}}},
		"bare": {Kind: MandateExpired, Actor: Actor{Role: RoleSystem}},
	}
	for name, e := range events {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Seal(e, someID, someTime, &counting{})
			if err != nil {
				t.Fatal(err)
			}
			hash := LeafHash(s.Leaf)
			got := strings.Join([]string{
				"leaf          " + string(s.Leaf), "facts         " + string(s.Facts), "facts salt    " + hex.EncodeToString(s.FactsSalt),
				"personal      " + string(s.Personal), "personal salt " + hex.EncodeToString(s.PersonalSalt), "leaf hash     " + hex.EncodeToString(hash[:]),
			}, "\n") + "\n"
			golden(t, name+".golden", got)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: version 1 of the format never changes.\ngot\n%s\nwant\n%s", name, got, want)
	}
}

// The leaf is public: it holds none of the ids, codes or words of its event.
func TestLeafHoldsNothingOfThePerson(t *testing.T) {
	t.Parallel()
	e := stepEvent()
	s, err := Seal(e, someID, someTime, &counting{})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		e.Organisation.String(), e.Beneficiary.String(), e.Mandate.String(), e.Case.String(), e.Step.String(),
		e.Actor.ID.String(), e.Procedure, e.Action, "present", "CAF-1234", "sign\u00e9",
	} {
		if bytes.Contains(s.Leaf, []byte(secret)) {
			t.Errorf("the leaf holds %q", secret)
		}
	}
	var members map[string]any
	if err := json.Unmarshal(s.Leaf, &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if !strings.Contains(" at facts id kind personal v ", " "+name+" ") {
			t.Errorf("the leaf has a member %q", name)
		}
	}
	if bytes.Contains(s.Facts, []byte("CAF-1234")) {
		t.Error("the facts hold personal content")
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Event){
		"an unknown kind":              func(e *Event) { e.Kind = "step.undone" },
		"an unknown role":              func(e *Event) { e.Actor.Role = "robot" },
		"free text as a procedure":     func(e *Event) { e.Procedure = "aide au logement" },
		"quotes in an action":          func(e *Event) { e.Action = `a"b` },
		"a long outcome":               func(e *Event) { e.Outcome = strings.Repeat("a", 101) },
		"a detail that is no struct":   func(e *Event) { e.Detail = []int{1} },
		"a detail with a fraction":     func(e *Event) { e.Detail = map[string]float64{"a": 0.5} },
		"personal content of nobody":   func(e *Event) { e.Beneficiary = uuid.Nil },
		"personal content without end": func(e *Event) { e.Personal = map[string]string{"note": strings.Repeat("a", maxContent)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := stepEvent()
			change(&e)
			if s, err := Seal(e, someID, someTime, &counting{}); err == nil {
				t.Errorf("sealed as %s", s.Leaf)
			}
		})
	}
	if _, err := Seal(stepEvent(), uuid.Nil, someTime, &counting{}); err == nil {
		t.Error("sealed without an id")
	}
	if _, err := Seal(stepEvent(), someID, time.Time{}, &counting{}); err == nil {
		t.Error("sealed without a time")
	}
	if _, err := Seal(stepEvent(), someID, someTime, io.LimitReader(&counting{}, 40)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("sealed without enough randomness: %v", err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	e := stepEvent()
	s, err := Seal(e, someID, someTime, &counting{})
	if err != nil {
		t.Fatal(err)
	}
	leaf, facts, err := Open(s.Leaf, s.Facts, s.FactsSalt)
	if err != nil {
		t.Fatal(err)
	}
	if leaf.ID != someID || leaf.Kind != StepDone || !leaf.At.Equal(someTime.Truncate(time.Microsecond)) || leaf.Personal == nil ||
		*leaf.Personal != CommitPersonal(s.PersonalSalt, s.Personal) {
		t.Errorf("leaf read back as %+v", leaf)
	}
	if facts.Actor != e.Actor || facts.Beneficiary != e.Beneficiary || facts.Step != e.Step || facts.Procedure != e.Procedure ||
		facts.Outcome != "done" || string(facts.Detail) != `{"asked":2,"place":"present"}` {
		t.Errorf("facts read back as %+v", facts)
	}
	for name, other := range map[string][3][]byte{
		"other facts":     {s.Leaf, bytes.Replace(s.Facts, []byte("submit"), []byte("prepare"), 1), s.FactsSalt},
		"another salt":    {s.Leaf, s.Facts, bytes.Repeat([]byte{7}, SaltSize)},
		"a shorter salt":  {s.Leaf, s.Facts, s.FactsSalt[1:]},
		"a spaced leaf":   {bytes.Replace(s.Leaf, []byte(`,"v"`), []byte(`, "v"`), 1), s.Facts, s.FactsSalt},
		"another version": {bytes.Replace(s.Leaf, []byte(`"v":1`), []byte(`"v":2`), 1), s.Facts, s.FactsSalt},
		"a longer leaf":   {append(bytes.Clone(s.Leaf), ' '), s.Facts, s.FactsSalt},
		"spaced facts":    {s.Leaf, bytes.Replace(s.Facts, []byte(`,"case"`), []byte(` ,"case"`), 1), s.FactsSalt},
	} {
		if _, _, err := Open(other[0], other[1], other[2]); err == nil {
			t.Errorf("%s opens", name)
		}
	}
	for i := range s.Leaf {
		changed := bytes.Clone(s.Leaf)
		changed[i] ^= 0x20
		if l, err := ParseLeaf(changed); err == nil && bytes.Equal(l.Append(nil), s.Leaf) {
			t.Errorf("a change at byte %d goes unseen", i)
		}
	}
}

func FuzzParseLeaf(f *testing.F) {
	s, err := Seal(stepEvent(), someID, someTime, &counting{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Leaf)
	f.Add([]byte(`{"at":"`))
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := ParseLeaf(in)
		if err == nil && !bytes.Equal(l.Append(nil), in) {
			t.Fatalf("%q reads as %q", in, l.Append(nil))
		}
		if err == nil && CheckCanonical(in) != nil && json.Valid(in) {
			// Only a kind that is not NFC may get here; no known kind is.
			if l.Kind.Known() {
				t.Fatalf("%q is a leaf but not canonical", in)
			}
		}
	})
}

func FuzzParseFacts(f *testing.F) {
	s, err := Seal(stepEvent(), someID, someTime, &counting{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Facts)
	f.Add([]byte(`{"actor":{"role":"system"}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		facts, err := ParseFacts(in)
		if err == nil && (!bytes.Equal(facts.Append(nil), in) || CheckCanonical(in) != nil) {
			t.Fatalf("%q reads as %q", in, facts.Append(nil))
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	e := stepEvent()
	random := &counting{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Seal(e, someID, someTime, random); err != nil {
			b.Fatal(err)
		}
	}
}
