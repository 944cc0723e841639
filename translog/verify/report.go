package verify

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// mostFaults are kept; all are counted.
const mostFaults = 20

// Fault is one thing that is wrong.
type Fault struct {
	// From and To are the positions at fault; one entry when equal; -1 when the
	// fault lies with no entry.
	From, To int64
	// Event is the entry at fault, or the one found in its place.
	Event uuid.UUID
	What  string
}

// String names the fault in one line.
func (f Fault) String() string {
	var b strings.Builder
	switch {
	case f.From < 0:
	case f.From == f.To:
		fmt.Fprintf(&b, "position %d: ", f.From)
	default:
		fmt.Fprintf(&b, "one of positions %d to %d: ", f.From, f.To)
	}
	if f.Event != uuid.Nil {
		fmt.Fprintf(&b, "event %s: ", f.Event)
	}
	b.WriteString(f.What)
	return b.String()
}

// Report is what was compared, and what is wrong.
type Report struct {
	Entries     int64 // with a place in the tree
	Waiting     int64 // written, without a place yet
	Unsigned    int64 // with a place, not under a checkpoint yet
	Batches     int64
	Tiles       int64
	Checkpoints int64
	Personal    int64 // entries whose personal content is there and was compared
	Erased      int64 // entries whose personal content was erased with the person
	Withheld    int64 // entries whose personal content an export leaves out
	Last        int64 // size of the last good checkpoint
	Faults      []Fault
	FaultCount  int64
	// Took is for whoever ran it to fill in.
	Took time.Duration
}

// Green says that nothing is wrong.
func (r *Report) Green() bool { return r.FaultCount == 0 }

// add keeps the first faults by position, and counts all.
func (r *Report) add(f Fault) {
	r.FaultCount++
	at, _ := slices.BinarySearchFunc(r.Faults, f, func(a, b Fault) int {
		if order(a, b) <= 0 { // behind its equals
			return -1
		}
		return 1
	})
	r.Faults = slices.Insert(r.Faults, at, f)
	r.Faults = r.Faults[:min(len(r.Faults), mostFaults)]
}

// order is by position; what names one entry stands before the run that it
// lies in, and what lies with no entry stands last.
func order(a, b Fault) int {
	if (a.From < 0) != (b.From < 0) {
		return cmp.Compare(b.From, a.From)
	}
	return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(b.From, a.From))
}

// Write prints the report for a person.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "entries      %d in the tree, %d of them not yet under a checkpoint; %d more waiting\n", r.Entries, r.Unsigned, r.Waiting)
	fmt.Fprintf(&b, "checkpoints  %d compared, the last good one over %d entries\n", r.Checkpoints, r.Last)
	fmt.Fprintf(&b, "tiles        %d compared\n", r.Tiles)
	fmt.Fprintf(&b, "batches      %d compared\n", r.Batches)
	fmt.Fprintf(&b, "personal     %d compared, %d erased, %d not in this export\n", r.Personal, r.Erased, r.Withheld)
	if seconds := r.Took.Seconds(); seconds > 0 {
		fmt.Fprintf(&b, "took         %.1f s, %.0f entries a second\n", seconds, float64(r.Entries+r.Waiting)/seconds)
	}
	if r.Green() {
		b.WriteString("GREEN: nothing was changed, removed, inserted or moved.\n")
	} else {
		for i, f := range r.Faults {
			if i == 0 {
				fmt.Fprintf(&b, "FIRST WRONG  %s\n", f)
			} else {
				fmt.Fprintf(&b, "wrong        %s\n", f)
			}
		}
		if more := r.FaultCount - int64(len(r.Faults)); more > 0 {
			fmt.Fprintf(&b, "             and %d more\n", more)
		}
		fmt.Fprintf(&b, "RED: %d faults.\n", r.FaultCount)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
