package mandates

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

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

// disputesIn lists disagreements with their steps, open ones first, by date due.
func disputesIn(db *gorm.DB, s disputeScope, q DisputeQuery) ([]Dispute, error) {
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
	clause := "(" + strings.Join(whose, " OR ") + ")"
	if q.State != "" {
		clause, args = clause+" AND d.state = ?", append(args, q.State)
	}
	var rows []disputeRow
	err := db.Raw("SELECT "+disputeColumns+" WHERE b.erased_at IS NULL AND "+clause+
		" ORDER BY d.state = 'open' DESC, d.due_on, d.raised_at, d.id LIMIT ?", append(args, q.Limit)...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return []Dispute{}, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.StepID
	}
	steps, err := scanSteps(db.Raw("SELECT "+stepColumns+" WHERE s.id IN ?", ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]Step, len(steps))
	for _, st := range steps {
		byID[st.ID] = st
	}
	out := make([]Dispute, len(rows))
	for i, r := range rows {
		out[i] = r.dispute()
		out[i].Of = byID[r.StepID]
	}
	return out, nil
}
