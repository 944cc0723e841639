package mandates

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
)

// countCap bounds every count shown: beyond it a page says "more than 1,000".
const countCap = 1001

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

func peopleRows(db *gorm.DB, organisation uuid.UUID, q PeopleQuery, after peopleCursor, now time.Time) ([]personRow, error) {
	clause, ok := listClauses[q.List]
	if !ok {
		return nil, problem.Invalid(problem.At("list", "unknown_list"))
	}
	where := []string{"b.organisation_id = @org", "b.erased_at IS NULL"}
	args := map[string]any{"org": organisation, "now": now, "soon": now.Add(EndingSoon), "year": now.AddDate(-1, 0, 0), "limit": q.Limit + 1}
	if clause != "" {
		where = append(where, clause)
	}
	for i, word := range strings.Fields(q.Text) {
		if i == 6 {
			break
		}
		name := "w" + string(rune('a'+i))
		where = append(where, "b.search LIKE '%' || relais_fold(@"+name+") || '%'")
		args[name] = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word)
	}
	if !q.BirthDate.IsZero() {
		where, args["birth"] = append(where, "b.birth_date = @birth"), q.BirthDate
	}
	if q.Phone != "" {
		where, args["phone"] = append(where, "b.phone = @phone"), q.Phone
	}
	if after.id != uuid.Nil {
		where = append(where, "(relais_fold(b.family_name), b.id) > (@afterName, @afterID)")
		args["afterName"], args["afterID"] = after.name, after.id
	}
	var rows []personRow
	err := db.Raw(`SELECT b.id, b.given_names, b.family_name, b.usage_name, b.birth_date, relais_fold(b.family_name) AS folded
		FROM beneficiaries b WHERE `+strings.Join(where, " AND ")+` ORDER BY relais_fold(b.family_name), b.id LIMIT @limit`, args).Scan(&rows).Error
	return rows, err
}

// peopleCounts counts each list, capped.
func peopleCounts(db *gorm.DB, organisation uuid.UUID, now time.Time) (map[string]int, error) {
	var parts []string
	for _, list := range Lists() {
		clause := listClauses[list]
		if clause != "" {
			clause = " AND " + clause
		}
		parts = append(parts, "(SELECT count(*) FROM (SELECT FROM beneficiaries b WHERE b.organisation_id = @org AND b.erased_at IS NULL"+clause+" LIMIT @cap) c) AS "+list+"_n")
	}
	var r struct{ AllN, ActiveN, AwaitingN, EndingN, EndedN int }
	err := db.Raw("SELECT "+strings.Join(parts, ", "), map[string]any{"org": organisation, "now": now, "soon": now.Add(EndingSoon),
		"year": now.AddDate(-1, 0, 0), "cap": countCap}).Scan(&r).Error
	return map[string]int{ListAll: r.AllN, ListActive: r.ActiveN, ListAwaiting: r.AwaitingN, ListEnding: r.EndingN, ListEnded: r.EndedN}, err
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
	Themes            texts
}

// tagsOf reads the mandates of a page of people with their live themes.
func tagsOf(db *gorm.DB, people []uuid.UUID) ([]tagRow, error) {
	var rows []tagRow
	err := db.Raw(`SELECT m.id, m.beneficiary_id, m.state, m.ends_at, m.ended_at,
		ARRAY(SELECT g.theme FROM grants g WHERE g.mandate_id = m.id AND g.state = 'active' ORDER BY g.theme) AS themes
		FROM mandates m WHERE m.beneficiary_id IN ? AND m.state <> 'void' ORDER BY m.created_at`, people).Scan(&rows).Error
	return rows, err
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
