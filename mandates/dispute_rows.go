package mandates

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// The states of a dispute.
const (
	disputeOpen     = "open"
	disputeAnswered = "answered"
)

type disputeRow struct {
	ID, StepID, CaseID, OrganisationID, BeneficiaryID uuid.UUID
	BeneficiaryName, Text, State, Answer, Territory   string
	DueOn, RaisedAt                                   time.Time
	AnsweredAt                                        *time.Time
	AnsweredByName                                    *string
}

const disputeColumns = `d.*, o.territory, w.name AS answered_by_name,
	trim(b.given_names || ' ' || coalesce(nullif(b.usage_name, ''), b.family_name)) AS beneficiary_name
	FROM disputes d JOIN organisations o ON o.id = d.organisation_id JOIN beneficiaries b ON b.id = d.beneficiary_id
	LEFT JOIN accounts w ON w.id = d.answered_by`

func (r disputeRow) dispute() Dispute {
	d := Dispute{
		ID: r.ID, Step: r.StepID, Case: r.CaseID, Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, BeneficiaryName: r.BeneficiaryName,
		Text: r.Text, State: r.State, Answer: r.Answer, DueOn: r.DueOn, RaisedAt: r.RaisedAt, AnsweredAt: at(r.AnsweredAt),
	}
	if r.AnsweredByName != nil {
		d.AnsweredByName = *r.AnsweredByName
	}
	return d
}

// insertDispute writes an open disagreement; fresh is false when the step has
// one already.
func insertDispute(tx *store.Tx, d Dispute) (fresh bool, err error) {
	res := tx.DB().Exec(`INSERT INTO disputes (id, step_id, case_id, organisation_id, beneficiary_id, text, state, due_on, raised_at)
		VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (step_id) WHERE state = 'open' DO NOTHING`,
		d.ID, d.Step, d.Case, d.Organisation, d.Beneficiary, d.Text, d.State, d.DueOn, d.RaisedAt)
	return res.RowsAffected == 1, res.Error
}

// lockDispute takes the row first, then reads it with its step.
func lockDispute(tx *store.Tx, id uuid.UUID) (Dispute, string, error) {
	found, err := oneID(tx.DB().Raw(`SELECT id FROM disputes WHERE id = ? FOR UPDATE`, id))
	if err != nil {
		return Dispute{}, "", err
	}
	if found == uuid.Nil {
		return Dispute{}, "", errNotThere
	}
	tx.Restamp()
	var r disputeRow
	if err := tx.DB().Raw("SELECT "+disputeColumns+" WHERE d.id = ?", id).Scan(&r).Error; err != nil {
		return Dispute{}, "", err
	}
	d := r.dispute()
	d.Of, err = loadStep(tx.DB(), d.Step)
	return d, r.Territory, err
}

func answerDispute(tx *store.Tx, id, by uuid.UUID, answer string) error {
	return store.ExpectOne(tx.DB().Table("disputes").Where("id = ? AND state = ?", id, disputeOpen).
		Updates(map[string]any{"state": disputeAnswered, "answer": answer, "answered_by": by, "answered_at": tx.Now()}))
}

// disputeMark is where a page of disagreements ends: among the open ones by the
// day due, among the answered ones backwards by the instant of the answer, both
// in microseconds, equals by id.
type disputeMark struct {
	answered int
	weight   int64
	id       uuid.UUID
}

// disputeOrder is the same of a row, in PostgreSQL.
const disputeOrder = `(d.state <> 'open')::int, CASE WHEN d.state = 'open' THEN (extract(epoch FROM d.due_on) * 1000000)::bigint
	ELSE -(extract(epoch FROM d.answered_at) * 1000000)::bigint END, d.id`

func (d Dispute) mark() disputeMark {
	if d.State == disputeOpen {
		return disputeMark{0, d.DueOn.UnixMicro(), d.ID}
	}
	return disputeMark{1, -d.AnsweredAt.UnixMicro(), d.ID}
}

// String is the mark in an address.
func (m disputeMark) String() string { return fmt.Sprintf("%d_%d_%s", m.answered, m.weight, m.id) }

// parseDisputeMark reads it back; the zero mark is before the first.
func parseDisputeMark(s string) (disputeMark, error) {
	if s == "" {
		return disputeMark{}, nil
	}
	parts := strings.Split(s, "_")
	bad := problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	if len(parts) != 3 {
		return disputeMark{}, bad
	}
	answered, err1 := strconv.Atoi(parts[0])
	weight, err2 := strconv.ParseInt(parts[1], 10, 64)
	id, err3 := uuid.Parse(parts[2])
	if err1 != nil || err2 != nil || err3 != nil || answered < 0 || answered > 1 {
		return disputeMark{}, bad
	}
	return disputeMark{answered, weight, id}, nil
}

// clause says whose disagreements, and which of them.
func (s disputeScope) clause(q DisputeQuery, after disputeMark) (string, []any) {
	whose, args := []string{}, []any{}
	if s.beneficiary != uuid.Nil {
		whose, args = append(whose, "d.beneficiary_id = ?"), append(args, s.beneficiary)
	}
	if len(s.organisations) > 0 {
		whose, args = append(whose, "d.organisation_id IN ?"), append(args, s.organisations)
	}
	if len(s.territories) > 0 {
		whose, args = append(whose, "o.territory IN ?"), append(args, s.territories)
	}
	clause := "b.erased_at IS NULL AND (" + strings.Join(whose, " OR ") + ")"
	if q.State != "" {
		clause, args = clause+" AND d.state = ?", append(args, q.State)
	}
	if q.id != uuid.Nil {
		clause, args = clause+" AND d.id = ?", append(args, q.id)
	}
	if len(q.Steps) > 0 {
		clause, args = clause+lastOfSteps, append(args, q.Steps)
	}
	if after != (disputeMark{}) {
		clause, args = clause+" AND ("+disputeOrder+") > (?, ?, ?)", append(args, after.answered, after.weight, after.id)
	}
	return clause, args
}

// lastOfSteps keeps the last disagreement with each of some steps: a step of a
// person's is disagreed with by that person alone.
const lastOfSteps = ` AND d.step_id IN ? AND NOT EXISTS (SELECT FROM disputes n WHERE n.beneficiary_id = d.beneficiary_id
	AND n.step_id = d.step_id AND (n.raised_at, n.id) > (d.raised_at, d.id))`

// disputesIn lists disagreements with their steps.
func disputesIn(db *gorm.DB, s disputeScope, q DisputeQuery, after disputeMark) (DisputePage, error) {
	page := DisputePage{Disputes: []Dispute{}}
	if q.Limit == 0 {
		return page, nil // of no step
	}
	clause, args := s.clause(q, after)
	var rows []disputeRow
	err := db.Raw("SELECT "+disputeColumns+" WHERE "+clause+" ORDER BY "+disputeOrder+" LIMIT ?", append(args, q.Limit+1)...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return page, err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.StepID
	}
	steps, err := scanSteps(db.Raw("SELECT "+stepColumns+" WHERE s.id IN ?", ids))
	if err != nil {
		return DisputePage{}, err
	}
	byID := make(map[uuid.UUID]Step, len(steps))
	for _, st := range steps {
		byID[st.ID] = st
	}
	for _, r := range rows {
		d := r.dispute()
		d.Of = byID[r.StepID]
		page.Disputes = append(page.Disputes, d)
	}
	if more {
		page.Next = page.Disputes[len(rows)-1].mark().String()
	}
	return page, nil
}
