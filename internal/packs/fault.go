package packs

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/relais-org/relais/internal/problem"
)

// Fault is one thing wrong in a pack, said so that its author finds it.
type Fault struct {
	File   string // "fr/20-housing.yaml"; empty for a pack made in memory
	Path   string // "procedures[housing.apl].plain.es"
	Reason string
}

// Error joins file, path and reason.
func (f Fault) Error() string {
	where := f.File
	if f.Path != "" {
		if where != "" {
			where += ": "
		}
		where += f.Path
	}
	return where + ": " + f.Reason
}

// Check reads the packs of fsys (a folder of packs, or one pack), writes what
// it found to w, and fails with code "packs_invalid" if anything is wrong.
func Check(fsys fs.FS, w io.Writer) error {
	all, faults := readAll(fsys)
	slices.SortFunc(all, func(a, b *Pack) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range all {
		found := Validate(p)
		faults = append(faults, found...)
		if _, err := fmt.Fprintf(w, "pack %s, version %s: %d themes, %d procedures, %d consent texts, %d holidays\n",
			p.ID, p.Version, len(p.Themes), len(p.Procedures), len(p.ConsentTexts), len(p.Holidays)); err != nil {
			return problem.Wrap(err, "write the check")
		}
	}
	for _, f := range faults {
		if _, err := fmt.Fprintln(w, "fault:", f); err != nil {
			return problem.Wrap(err, "write the check")
		}
	}
	if len(faults) == 0 {
		_, err := fmt.Fprintln(w, "no fault")
		return err
	}
	return problem.New(problem.KindInvalid, "packs_invalid").With("faults", len(faults))
}
