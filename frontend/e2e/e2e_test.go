package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// line is what journeys/run.mjs says of itself.
type line struct {
	Plan   []string // first: every leg there will be
	Name   string
	OK     bool
	Notes  []string
	Error  string
	Where  string
	MS     int
	Done   bool
	Audits int
}

// UI-01, UI-02, UI-04, UI-05, MA-01, ST-01, ST-03, PO-01, PO-02, PO-06, SU-01.
func TestJourneys(t *testing.T) {
	t.Parallel()
	d := start(t)
	walk(t, d)
	d.quiet(t)
	verifyLog(t, d)
}

// walk runs the journeys and reports each leg as a subtest.
func walk(t *testing.T, d *demonstration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("journeys", "run.mjs"))
	cmd.WaitDelay = 10 * time.Second
	given, err := json.Marshal(map[string]string{"base": d.base, "idp": d.idp, "outbox": d.outbox, "benefits": d.benefits, "shots": os.Getenv("RELAIS_E2E_SHOTS"),
		"cards": filepath.Join(d.folder, "demo-cards.json")})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "RELAIS_E2E="+string(given))
	complaints := &transcript{}
	cmd.Stderr = complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: is Node installed? run `make setup`", err)
	}
	missing, done := relay(t, bufio.NewScanner(out))
	if err := cmd.Wait(); err != nil || !done {
		t.Errorf("the journeys broke off: %v\n%s", err, complaints)
	}
	if len(missing) > 0 {
		t.Errorf("never walked: %s", strings.Join(missing, ", "))
	}
}

// relay turns each line into a subtest, as it comes. What is missing at the end
// was planned and never reported.
func relay(t *testing.T, lines *bufio.Scanner) (missing []string, done bool) {
	t.Helper()
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Errorf("what is this? %s", lines.Text())
			continue
		}
		switch {
		case l.Plan != nil:
			missing = l.Plan
		case l.Done:
			done = true
			t.Logf("axe ran %d times", l.Audits)
		default:
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == l.Name })
			t.Run(l.Name, func(t *testing.T) { l.report(t) })
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
	return missing, done
}

func (l line) report(t *testing.T) {
	t.Helper()
	for _, n := range l.Notes {
		t.Log(n)
	}
	t.Logf("%d ms", l.MS)
	if !l.OK {
		t.Errorf("%s\n%s", l.Error, l.Where)
	}
}

// quiet: nothing failed inside while the journeys were walked, and nobody's
// name or number went to the program's own log.
func (d *demonstration) quiet(t *testing.T) {
	t.Helper()
	_, after, _ := strings.Cut(d.said.String(), "/card):") // who can sign in is greeted by name before
	for _, word := range []string{"level=ERROR", "panic", "6000009", "Zéphyrine"} {
		if strings.Contains(after, word) {
			t.Errorf("%q in what the program says:\n%s", word, after)
		}
	}
}
