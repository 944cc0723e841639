package review

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// smallLog is how many ids a log may span for a period to be compared entry by
// entry.
const smallLog = 100_000

// slack is how far the order of ids and that of instants may differ: no
// transaction lasts longer than a minute.
const slack = 2 * time.Minute

// inRemit keeps a query to a remit; o is the organisation.
const inRemit = `(o.id IN ? OR (o.territory <> '' AND o.territory IN ?))`

// filter is a query in the words of the database.
type filter struct {
	remit    authz.Remit
	query    Query
	accounts []uuid.UUID // who acted; none: anybody
	person   uuid.UUID
	mandate  uuid.UUID
	before   int64 // ids below; zero: all
	// first and last bound the ids of a period, both included; zero: unbounded.
	first, last int64
}

func (f filter) remitArgs() []any { return []any{f.remit.Organisations, f.remit.Territories} }

// conditions are what each entry must meet beside its index's own key.
func (f filter) conditions() (string, []any) {
	var where []string
	var args []any
	add := func(use bool, clause string, value any) {
		if use {
			where, args = append(where, clause), append(args, value)
		}
	}
	q := f.query
	add(f.before > 0, "e.id < ?", f.before)
	// As numbers in the text: a plan kept for any bounds would sort whole periods.
	if f.first > 0 {
		where = append(where, "e.id >= "+strconv.FormatInt(f.first, 10))
	}
	if f.last > 0 {
		where = append(where, "e.id <= "+strconv.FormatInt(f.last, 10))
	}
	add(q.Procedure != "", "e.procedure = ?", q.Procedure)
	add(q.Action != "", "e.action = ?", q.Action)
	add(q.Outcome != "", "e.outcome = ?", q.Outcome)
	add(q.Kind != "", "e.kind = ?", string(q.Kind))
	// The ids bound the period already; the instants only trim its edges. In a
	// CASE the planner takes neither for rare, and keeps to the order of ids.
	add(!q.From.IsZero(), "CASE WHEN e.at >= ? THEN true ELSE false END", q.From.UTC())
	add(!q.To.IsZero(), "CASE WHEN e.at < ? THEN true ELSE false END", q.To.UTC())
	if len(where) == 0 {
		return "true", nil
	}
	return strings.Join(where, " AND "), args
}

// idQuery selects the ids of at most limit entries, newest first. Entries of a
// person or a mandate come from their own index; others from that of each
// organisation of the remit, merged, so that a page costs the same at any depth.
// What only a filter without an index narrows is a walk through its period.
func (f filter) idQuery(limit int) (string, []any) {
	where, args := f.conditions()
	if f.person != uuid.Nil || f.mandate != uuid.Nil {
		column, all := "e.beneficiary_id", []any{f.person}
		if f.mandate != uuid.Nil {
			// A mandate's entries are found by the index of its person.
			column = "e.beneficiary_id = (SELECT m.beneficiary_id FROM mandates m WHERE m.id = ?) AND e.mandate_id"
			all = []any{f.mandate, f.mandate}
		}
		all = append(all, args...)
		all = append(all, f.accountArgs()...)
		all = append(append(all, f.remitArgs()...), limit)
		return `SELECT e.id FROM events e JOIN organisations o ON o.id = e.organisation_id
			WHERE ` + column + ` = ? AND ` + where + f.accountClause("e.actor_id") + ` AND ` + inRemit + ` ORDER BY e.id DESC LIMIT ?`, all
	}
	if f.query.NeedsPeriod() {
		one := ""
		all := append(append([]any{}, args...), f.remitArgs()...)
		if f.query.Organisation != uuid.Nil {
			one, all = " AND o.id = ?", append(all, f.query.Organisation)
		}
		return `SELECT e.id FROM events e JOIN organisations o ON o.id = e.organisation_id
			WHERE ` + where + ` AND ` + inRemit + one + ` ORDER BY e.id DESC LIMIT ?`, append(all, limit)
	}
	from, key := "organisations o", ""
	if len(f.accounts) > 0 {
		from, key = from+" CROSS JOIN accounts m", " AND e.actor_id = m.id"
	}
	all := append(append([]any{}, args...), limit)
	all = append(append(all, f.remitArgs()...), f.accountArgs()...)
	one := ""
	if f.query.Organisation != uuid.Nil {
		one, all = " AND o.id = ?", append(all, f.query.Organisation)
	}
	return `SELECT x.id FROM ` + from + ` CROSS JOIN LATERAL (
			SELECT e.id FROM events e WHERE e.organisation_id = o.id` + key + ` AND ` + where + ` ORDER BY e.id DESC LIMIT ?) x
		WHERE ` + inRemit + f.accountClause("m.id") + one + ` ORDER BY x.id DESC LIMIT ?`, append(all, limit)
}

func (f filter) accountClause(column string) string {
	if len(f.accounts) == 0 {
		return ""
	}
	return " AND " + column + " IN ?"
}

func (f filter) accountArgs() []any {
	if len(f.accounts) == 0 {
		return nil
	}
	return []any{f.accounts}
}

// bound turns the beginning of a period into an id, where the log is large
// enough for that to matter. The instants themselves are compared in any case.
func (s *Service) bound(tx *command.Tx, f *filter) error {
	if f.query.From.IsZero() && f.query.To.IsZero() {
		return nil
	}
	var span int64
	if err := tx.DB().Raw(`SELECT coalesce(max(id) - min(id), 0) FROM events`).Scan(&span).Error; err != nil {
		return problem.Wrap(err, "measure the log")
	}
	if span <= s.smallLog {
		return nil
	}
	if !f.query.From.IsZero() {
		first, err := firstSince(tx.DB(), f.query.From.Add(-slack))
		if err != nil {
			return err
		}
		f.first = max(first, 1)
	}
	if !f.query.To.IsZero() {
		last, err := firstSince(tx.DB(), f.query.To.Add(slack))
		if err != nil {
			return err
		}
		f.last = max(last, 1)
	}
	return nil
}

// firstSince bisects the primary key for the first entry not before an instant:
// some twenty-five looks at one row each. Beyond the end, the next id.
func firstSince(db *gorm.DB, at time.Time) (int64, error) {
	var first int64
	err := db.Raw(`WITH RECURSIVE b(lo, hi) AS (
			SELECT min(id), max(id) + 1 FROM events
			UNION ALL
			SELECT CASE WHEN m.at < ? THEN m.id + 1 ELSE b.lo END, CASE WHEN m.at < ? THEN b.hi ELSE (b.lo + b.hi) / 2 END
			FROM b CROSS JOIN LATERAL (SELECT e.id, e.at FROM events e WHERE e.id >= (b.lo + b.hi) / 2 ORDER BY e.id LIMIT 1) m
			WHERE b.lo < b.hi)
		SELECT lo FROM b WHERE lo >= hi`, at.UTC(), at.UTC()).Scan(&first).Error
	return first, problem.Wrap(err, "find the beginning of a period")
}

func placeOf(db *gorm.DB, organisation uuid.UUID) (place, error) {
	p := place{ID: organisation}
	err := db.Raw(`SELECT territory FROM organisations WHERE id = ?`, organisation).Scan(&p.Territory).Error
	return p, problem.Wrap(err, "find the organisation")
}

// organisationRows lists the organisations of a remit, by name.
func organisationRows(db *gorm.DB, remit authz.Remit) ([]Organisation, error) {
	var all []Organisation
	err := db.Raw(`SELECT o.id, o.name, o.city, o.territory, o.pack, o.state, o.time_zone FROM organisations o
		WHERE `+inRemit+` ORDER BY relais_fold(o.name), o.id LIMIT 1000`, remit.Organisations, remit.Territories).Scan(&all).Error
	return all, problem.Wrap(err, "load the organisations of the remit")
}

// personRow is a person with the facts of a decision.
type personRow struct {
	ID, OrganisationID uuid.UUID
	OrganisationName   string
	Territory          string
	GivenNames         string
	FamilyName         string
	UsageName          string
	BirthDate          *time.Time
	Erased             bool
	Organisation       uuid.UUID `gorm:"-"`
}

const personColumns = `b.id, b.organisation_id, o.name AS organisation_name, o.territory, b.given_names, b.family_name, b.usage_name,
	b.birth_date, b.erased_at IS NOT NULL AS erased`

func (r personRow) person() Person {
	p := Person{ID: r.ID, Organisation: r.OrganisationID, OrganisationName: r.OrganisationName,
		Name: fullName(r.GivenNames, r.FamilyName, r.UsageName), Erased: r.Erased}
	if r.BirthDate != nil && !r.Erased {
		p.BirthDate = *r.BirthDate
	}
	if r.Erased {
		p.Name = ""
	}
	return p
}

func fullName(given, family, usage string) string {
	if usage != "" {
		family = usage
	}
	return strings.TrimSpace(given + " " + family)
}

func personByID(db *gorm.DB, id uuid.UUID) (personRow, error) {
	var r personRow
	err := store.First(db.Raw(`SELECT `+personColumns+` FROM beneficiaries b JOIN organisations o ON o.id = b.organisation_id WHERE b.id = ?`, id), &r)
	r.Organisation = r.OrganisationID
	return r, err
}

// nameWords are the words of a name, as the database folds them.
const spaced = `(' ' || translate(%s, '-''’.', '    ') || ' ')`

func column(name string) string { return strings.Replace(spaced, "%s", name, 1) }

// everyWord demands that each word typed is a whole word of the name.
func everyWord(column, typed string) (string, []any) {
	var where []string
	var args []any
	for _, word := range strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" -'’.", r) }) {
		where = append(where, column+` LIKE '% ' || relais_fold(?) || ' %'`)
		args = append(args, store.EscapeLike(word))
	}
	if len(where) == 0 {
		return "false", nil
	}
	return strings.Join(where, " AND "), args
}

// personsNamed finds people of the remit by name and birth date or phone.
func personsNamed(db *gorm.DB, f filter, limit int) ([]Person, error) {
	q := f.query
	where, args := everyWord(column("b.search"), q.PersonName)
	where += " AND b.erased_at IS NULL AND " + inRemit
	args = append(args, f.remitArgs()...)
	if q.Organisation != uuid.Nil {
		where, args = where+" AND b.organisation_id = ?", append(args, q.Organisation)
	}
	if !q.PersonBirthDate.IsZero() {
		where, args = where+" AND b.birth_date = ?", append(args, q.PersonBirthDate.Format(time.DateOnly))
	}
	if q.PersonPhone != "" {
		last := q.PersonPhone[len(q.PersonPhone)-leastPhone:]
		where, args = where+" AND right(b.phone, ?) = ?", append(args, leastPhone, last)
	}
	var rows []personRow
	err := db.Raw(`SELECT `+personColumns+` FROM beneficiaries b JOIN organisations o ON o.id = b.organisation_id
		WHERE `+where+` ORDER BY relais_fold(o.name), b.created_at, b.id LIMIT ?`, append(args, limit)...).Scan(&rows).Error
	people := make([]Person, len(rows))
	for i, r := range rows {
		people[i] = r.person()
	}
	return people, err
}

// mediatorsNamed finds the accounts of the remit's staff by name.
func mediatorsNamed(db *gorm.DB, f filter, name string, limit int) ([]uuid.UUID, error) {
	where, args := everyWord(column("relais_fold(a.name)"), name)
	args = append(args, f.remitArgs()...)
	one := ""
	if f.query.Organisation != uuid.Nil {
		one, args = " AND o.id = ?", append(args, f.query.Organisation)
	}
	var all []uuid.UUID
	err := db.Raw(`SELECT DISTINCT a.id FROM accounts a JOIN memberships m ON m.account_id = a.id JOIN organisations o ON o.id = m.organisation_id
		WHERE `+where+` AND `+inRemit+one+` ORDER BY a.id LIMIT ?`, append(args, limit)...).Scan(&all).Error
	return all, err
}
