package review

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

const (
	// MostRows is the most entries that one export holds.
	MostRows = 100_000
	// exportBatch is how many entries are read at a time.
	exportBatch = 1000
)

// Exported is an export that was allowed and logged, ready to be written.
type Exported struct {
	// Rows that will be written; Cut: there were more.
	Rows int
	Cut  bool
	At   time.Time

	service *Service
	filter  filter
	query   Query
	by      string
	words   *i18n.Printer // of whoever exports
}

// Export prepares the entries of a query as CSV, newest first, MostRows at
// most. It asks for a fresh authentication, and leaves one log.exported event
// that carries the person if the query names one. The file names nobody helped:
// people are numbers in it. Fields at fault are those of Search.
func (s *Service) Export(ctx context.Context, actor authz.Actor, q Query) (*Exported, error) {
	q, err := s.check(q)
	if err != nil {
		return nil, err
	}
	x := &Exported{service: s, query: q, by: actor.Name, words: i18n.For(i18n.Lang(actor.Language))}
	err = s.commands.Run(ctx, actor, "log.export", func(tx *command.Tx) error {
		f, err := s.find(tx, q, authz.LogExport)
		if err != nil {
			return err
		}
		if f.named && len(f.people) > 1 {
			return problem.Invalid(problem.At("person_name", "several_people"))
		}
		x.At, x.Rows, x.Cut = tx.Now(), 0, false
		f.accounts = f.actors
		if !f.nothing {
			n, top, err := countEntries(tx.DB(), f.filter, MostRows+1)
			if err != nil {
				return problem.Wrap(err, "count the entries")
			}
			x.Rows, x.Cut = min(n, MostRows), n > MostRows
			// What arrives from now on is not in the file.
			f.before = top + 1
		}
		x.filter = f.filter
		d := q.detail("export", f)
		d.Shown, d.Cut = x.Rows, x.Cut
		return tx.Append(look(translog.LogExported, f.about, d, f.erased(), q.Purpose))
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

// columns of the file: names for programs, the same in every language, as the
// codes under them.
var columns = []string{
	"entry", "event_id", "time_utc", "kind", "role", "actor_id", "actor_name", "organisation_id", "organisation", "person_id",
	"mandate_id", "case_id", "step_id", "procedure", "action", "outcome", "reasons", "command", "rule", "policy_hash",
}

// Write writes the file: one line that says what it holds and whether it was
// cut, the names of the columns, the entries, and a last line that says it is
// whole. A file without that line was interrupted.
func (x *Exported) Write(ctx context.Context, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(x.notice()); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	if err := out.Write(columns); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	f, left := x.filter, x.Rows
	for left > 0 {
		entries, err := entryPage(x.service.commands.Store().Read(ctx), f, min(left, exportBatch))
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if len(entries) == 0 {
			return fmt.Errorf("review: %d entries of the export are gone", left)
		}
		for _, e := range entries {
			if err := out.Write(e.cells()); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
		}
		if out.Flush(); out.Error() != nil {
			return fmt.Errorf("write the export: %w", out.Error())
		}
		left -= len(entries)
		f.before = entries[len(entries)-1].ID
	}
	if err := out.Write([]string{x.words.T("supervisor.file.end"), x.words.N("supervisor.file.entries", x.Rows)}); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	out.Flush()
	return out.Error()
}

// notice says what the file holds.
func (x *Exported) notice() []string {
	p := x.words
	whole := p.T("supervisor.file.whole")
	if x.Cut {
		whole = p.T("supervisor.file.cut", "Most", p.Number(MostRows))
	}
	period := p.T("supervisor.file.from_start")
	if !x.query.From.IsZero() {
		period = p.T("supervisor.file.from", "At", instant(x.query.From))
	}
	if !x.query.To.IsZero() {
		period += " " + p.T("supervisor.file.to", "At", instant(x.query.To))
	}
	cells := []string{p.T("supervisor.file.title"), whole, p.N("supervisor.file.entries", x.Rows), p.T("supervisor.file.at", "At", instant(x.At)),
		p.T("supervisor.file.by", "Name", x.by), period, x.filters(), p.T("supervisor.file.purpose", "Text", x.query.Purpose)}
	for i := range cells {
		cells[i] = safe(cells[i])
	}
	return cells
}

// filters names what the entries were chosen by, beside the period, as the
// search page does; never what was asked for, which may be somebody's name.
func (x *Exported) filters() string {
	keys := map[string]string{
		"organisation": "supervisor.organisation", "mediator": "supervisor.mediator", "person": "supervisor.person",
		"person_name": "supervisor.person_name", "person_birth_date": "supervisor.person_birth_date", "person_phone": "supervisor.person_phone",
		"procedure": "supervisor.procedure", "action": "supervisor.action", "outcome": "supervisor.outcome", "kind": "supervisor.kind",
	}
	var names []string
	for _, used := range x.query.filters() {
		if key, named := keys[used]; named {
			names = append(names, x.words.T(key))
		}
	}
	if len(names) == 0 {
		return x.words.T("supervisor.file.no_filter")
	}
	return x.words.T("supervisor.file.filters", "Names", strings.Join(names, ", "))
}

// cells are an entry as the file shows it.
func (e Entry) cells() []string {
	actor := e.ActorName
	if e.ActorRole == translog.RolePerson {
		actor = ""
	}
	cells := []string{
		strconv.FormatInt(e.ID, 10), e.EventID.String(), e.At.UTC().Format("2006-01-02T15:04:05.000000Z"), string(e.Kind), string(e.ActorRole),
		number(e.ActorID), actor, number(e.Organisation), e.OrganisationName, number(e.Beneficiary),
		number(e.Mandate), number(e.Case), number(e.Step), e.Procedure, e.Action, e.Outcome,
		strings.Join(e.Reasons, " "), e.Command, e.Text("rule"), e.Text("policy_hash"),
	}
	for i := range cells {
		cells[i] = safe(cells[i])
	}
	return cells
}

func number(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// safe keeps a spreadsheet from taking a cell for a formula.
func safe(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
