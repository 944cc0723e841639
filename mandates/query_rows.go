package mandates

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// countCap bounds every count shown: beyond it a page says "more than 1,000".
const countCap = 1001

const (
	// countsTogether bounds how many pages one count serves.
	countsTogether = 64
	// countsAtOnce bounds how many counts are under way.
	countsAtOnce = 2
)

func mandatesOf(db *gorm.DB, beneficiary uuid.UUID) ([]Mandate, error) {
	return scanMandates(db.Raw("SELECT "+mandateColumns+" WHERE m.beneficiary_id = ? ORDER BY m.created_at DESC, m.id LIMIT 200", beneficiary))
}

// waitingMandates are texts not signed yet: mine first, then what waits for a
// witness among colleagues.
func waitingMandates(db *gorm.DB, organisation, mediator uuid.UUID, limit int) ([]Mandate, error) {
	return scanMandates(db.Raw("SELECT "+mandateColumns+` WHERE m.organisation_id = ? AND m.state IN ('draft', 'presented', 'awaiting_signature')
		AND (m.mediator_id = ? OR (m.state = 'awaiting_signature' AND m.method = 'witness'))
		ORDER BY m.mediator_id <> ?, m.created_at DESC LIMIT ?`, organisation, mediator, mediator, limit))
}

func scanMandates(q *gorm.DB) ([]Mandate, error) {
	var rows []mandateRow
	if err := q.Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Mandate, len(rows))
	for i, r := range rows {
		m, err := r.mandate()
		if err != nil {
			return nil, err
		}
		out[i] = m
	}
	return out, nil
}

type personRow struct {
	ID                                uuid.UUID
	GivenNames, FamilyName, UsageName string
	BirthDate                         *time.Time
	Folded                            string
}

func (r personRow) line() PersonLine {
	p := PersonLine{Beneficiary: r.ID, BirthDate: at(r.BirthDate)}
	last := r.FamilyName
	if r.UsageName != "" && !strings.EqualFold(r.UsageName, r.FamilyName) {
		last, p.BirthName = r.UsageName, r.FamilyName
	}
	p.Name = strings.TrimSpace(r.GivenNames + " " + last)
	return p
}

type peopleCursor struct {
	name string
	id   uuid.UUID
}

func (c peopleCursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.id.String() + c.name))
}

func parsePeopleCursor(s string) (peopleCursor, error) {
	if s == "" {
		return peopleCursor{}, nil
	}
	bad := problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < 36 || len(raw) > 1000 {
		return peopleCursor{}, bad
	}
	id, err := uuid.ParseBytes(raw[:36])
	if err != nil {
		return peopleCursor{}, bad
	}
	return peopleCursor{string(raw[36:]), id}, nil
}

// listClauses say which people a list holds.
var listClauses = map[string]string{
	ListAll:      "",
	ListActive:   `EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.state IN ('active', 'suspended') AND m.ends_at > @now)`,
	ListAwaiting: `EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.state IN ('draft', 'presented', 'awaiting_signature'))`,
	ListEnding: `EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.state IN ('active', 'suspended') AND m.ends_at > @now
		AND m.ends_at <= @soon AND m.duration_days > 1)`,
	ListEnded: `EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.signed_at IS NOT NULL AND m.ends_at > @year)
		AND NOT EXISTS (SELECT FROM mandates m WHERE m.beneficiary_id = b.id AND m.state IN ('active', 'suspended') AND m.ends_at > @now)`,
}

func (s *Service) peopleRows(ctx context.Context, organisation uuid.UUID, q PeopleQuery, after peopleCursor, now time.Time) ([]personRow, error) {
	clause, ok := listClauses[q.List]
	if !ok {
		return nil, problem.Invalid(problem.At("list", "unknown_list"))
	}
	where := []string{"b.organisation_id = @org", "b.erased_at IS NULL"}
	args := pgx.NamedArgs{"org": nativeID(organisation), "now": now, "soon": now.Add(EndingSoon), "year": now.AddDate(-1, 0, 0), "limit": q.Limit + 1}
	if clause != "" {
		where = append(where, clause)
	}
	for i, word := range strings.Fields(q.Text) {
		if i == 6 {
			break
		}
		name := "w" + string(rune('a'+i))
		where = append(where, "b.search LIKE '%' || relais_fold(@"+name+") || '%'")
		args[name] = store.EscapeLike(word)
	}
	if !q.BirthDate.IsZero() {
		where, args["birth"] = append(where, "b.birth_date = @birth"), q.BirthDate
	}
	if q.Phone != "" {
		where, args["phone"] = append(where, "b.phone = @phone"), q.Phone
	}
	if after.id != uuid.Nil {
		where = append(where, "(relais_fold(b.family_name), b.id) > (@afterName, @afterID)")
		args["afterName"], args["afterID"] = after.name, nativeID(after.id)
	}
	pool := s.commands.Store().Pool()
	if len(where) == 2 || len(where) == 3 && after.id != uuid.Nil {
		pool = s.commands.Store().Hot() // everybody, in the order of an index
	}
	rows, err := pool.Query(ctx, `SELECT b.id, b.given_names, b.family_name, b.usage_name, b.birth_date, relais_fold(b.family_name) AS folded
		FROM beneficiaries b WHERE `+strings.Join(where, " AND ")+` ORDER BY relais_fold(b.family_name), b.id LIMIT @limit`, args)
	if err != nil {
		return nil, err
	}
	var r personRow
	var id pgtype.UUID
	var born pgtype.Date
	var out []personRow
	_, err = pgx.ForEachRow(rows, []any{&id, &r.GivenNames, &r.FamilyName, &r.UsageName, &born, &r.Folded}, func() error {
		r.ID, r.BirthDate = id.Bytes, nil
		if born.Valid {
			day := born.Time
			r.BirthDate = &day
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// countsStatement counts each list, capped: $1 organisation, $2 now, $3 the end
// of "soon", $4 a year ago, $5 the cap. It counts from the mandates' side, where
// the rows of a list lie together in an index, in place of asking every person.
// Only somebody without a live mandate is ever erased, so the lists of live
// mandates need not ask.
const countsStatement = `SELECT
	(SELECT count(*) FROM (SELECT FROM beneficiaries b WHERE b.organisation_id = $1 AND b.erased_at IS NULL LIMIT $5) c),
	(SELECT count(*) FROM (SELECT DISTINCT m.beneficiary_id FROM mandates m WHERE m.organisation_id = $1
		AND m.state IN ('active', 'suspended') AND m.ends_at > $2 LIMIT $5) c),
	(SELECT count(*) FROM (SELECT DISTINCT m.beneficiary_id FROM mandates m WHERE m.organisation_id = $1
		AND m.state IN ('draft', 'presented', 'awaiting_signature') AND ` + notErased + ` LIMIT $5) c),
	(SELECT count(*) FROM (SELECT DISTINCT m.beneficiary_id FROM mandates m WHERE m.organisation_id = $1
		AND m.state IN ('active', 'suspended') AND m.ends_at > $2 AND m.ends_at <= $3 AND m.duration_days > 1 LIMIT $5) c),
	(SELECT count(*) FROM (SELECT p.beneficiary_id FROM (
			SELECT m.beneficiary_id FROM mandates m WHERE m.organisation_id = $1 AND m.signed_at IS NOT NULL
				AND m.state IN ('expired', 'revoked', 'renounced', 'superseded') AND m.ends_at > $4 AND ` + notErased + `
				AND NOT EXISTS (` + stillHeld + `) GROUP BY m.beneficiary_id
			UNION
			SELECT m.beneficiary_id FROM mandates m WHERE m.organisation_id = $1 AND m.state IN ('active', 'suspended')
				AND m.ends_at <= $2 AND m.ends_at > $4 AND NOT EXISTS (` + stillHeld + `)) p LIMIT $5) c)`

const (
	notErased = `NOT EXISTS (SELECT FROM beneficiaries e WHERE e.organisation_id = $1 AND e.id = m.beneficiary_id AND e.erased_at IS NOT NULL)`
	stillHeld = `SELECT FROM mandates l WHERE l.organisation_id = $1 AND l.beneficiary_id = m.beneficiary_id
		AND l.state IN ('active', 'suspended') AND l.ends_at > $2`
)

// readCounts counts for the pages that are asked for together: an organisation's
// lists are the same for all of its mediators, and are counted once for them.
func (s *Service) readCounts(ctx context.Context, asked []uuid.UUID) ([]map[string]int, error) {
	st := s.commands.Store()
	counted := map[uuid.UUID][]int{}
	out := make([]map[string]int, len(asked))
	for i, organisation := range asked {
		n, known := counted[organisation]
		if !known {
			now := st.Now()
			n = make([]int, 5)
			err := st.Hot().QueryRow(ctx, countsStatement, nativeID(organisation), now, now.Add(EndingSoon), now.AddDate(-1, 0, 0), countCap).
				Scan(&n[0], &n[1], &n[2], &n[3], &n[4])
			if err != nil {
				return nil, err
			}
			counted[organisation] = n
		}
		out[i] = map[string]int{ListAll: n[0], ListActive: n[1], ListAwaiting: n[2], ListEnding: n[3], ListEnded: n[4]}
	}
	return out, nil
}

// endingRows are people whose live mandate ends within 30 days, soonest first.
func endingRows(db *gorm.DB, organisation uuid.UUID, now time.Time, limit int) ([]personRow, error) {
	var rows []personRow
	err := db.Raw(`SELECT b.id, b.given_names, b.family_name, b.usage_name, b.birth_date, '' AS folded FROM
		(SELECT beneficiary_id, min(ends_at) AS ends_at FROM mandates WHERE organisation_id = ? AND state IN ('active', 'suspended')
			AND ends_at > ? AND ends_at <= ? AND duration_days > 1 GROUP BY beneficiary_id ORDER BY min(ends_at) LIMIT ?) m
		JOIN beneficiaries b ON b.id = m.beneficiary_id AND b.erased_at IS NULL ORDER BY m.ends_at, b.id`,
		organisation, now, now.Add(EndingSoon), limit).Scan(&rows).Error
	return rows, err
}

type tagRow struct {
	ID, BeneficiaryID uuid.UUID
	State             string
	EndsAt, EndedAt   *time.Time
	Themes            []string
}

// tagsStatement reads the mandates of a page of people with their live themes.
const tagsStatement = `SELECT m.id, m.beneficiary_id, m.state, m.ends_at, m.ended_at, m.created_at,
	ARRAY(SELECT g.theme FROM grants g WHERE g.mandate_id = m.id AND g.state = 'active' ORDER BY g.theme)
	FROM mandates m WHERE m.beneficiary_id = ANY ($1) AND m.state <> 'void'`

// tagsOf gives them oldest first.
func (s *Service) tagsOf(ctx context.Context, people []uuid.UUID) ([]tagRow, error) {
	ids := make([]pgtype.UUID, len(people))
	for i, id := range people {
		ids[i] = nativeID(id)
	}
	rows, err := s.commands.Store().Hot().Query(ctx, tagsStatement, ids)
	if err != nil {
		return nil, err
	}
	type dated struct {
		tagRow
		created time.Time
	}
	var found []dated
	var id, beneficiary pgtype.UUID
	var r dated
	_, err = pgx.ForEachRow(rows, []any{&id, &beneficiary, &r.State, &r.EndsAt, &r.EndedAt, &r.created, &r.Themes}, func() error {
		r.ID, r.BeneficiaryID = id.Bytes, beneficiary.Bytes
		found = append(found, r)
		r.EndsAt, r.EndedAt, r.Themes = nil, nil, nil
		return nil
	})
	slices.SortStableFunc(found, func(a, b dated) int { return a.created.Compare(b.created) })
	out := make([]tagRow, len(found))
	for i, f := range found {
		out[i] = f.tagRow
	}
	return out, err
}

func (t tagRow) addTo(p *PersonLine, now time.Time) {
	switch state := State(t.State); {
	case state == Drafted || state == Presented || state == Awaiting:
		p.Awaiting = t.ID
	case state.Live() && now.Before(at(t.EndsAt)):
		p.LiveMandates++
		if p.EarliestEnd.IsZero() || t.EndsAt.Before(p.EarliestEnd) {
			p.EarliestEnd = *t.EndsAt
		}
		for _, theme := range t.Themes {
			if !slices.Contains(p.Themes, theme) {
				p.Themes = append(p.Themes, theme)
			}
		}
	default:
		over := at(t.EndedAt)
		if over.IsZero() {
			over = at(t.EndsAt) // passed, and the job has not met it yet
		}
		if over.After(p.LastEnded) {
			p.LastEnded = over
		}
	}
}
