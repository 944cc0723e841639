package mandates

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

type caseRow struct {
	ID, OrganisationID, BeneficiaryID  uuid.UUID
	BeneficiaryName, Procedure, State  string
	Version                            int
	OpenedBy, OpenedUnder, AssignedTo  uuid.UUID
	AssignedName                       string
	DueOn                              *time.Time
	OpenedAt                           time.Time
	ClosedAt                           *time.Time
	Territory, OrganisationState, Pack string
	TimeZone                           string
}

const caseColumns = `c.*, a.name AS assigned_name, o.territory, o.state AS organisation_state, o.pack, o.time_zone,
	trim(b.given_names || ' ' || coalesce(nullif(b.usage_name, ''), b.family_name)) AS beneficiary_name
	FROM cases c JOIN organisations o ON o.id = c.organisation_id JOIN beneficiaries b ON b.id = c.beneficiary_id
	JOIN accounts a ON a.id = c.assigned_to`

// heldCase is a case with what its organisation adds to a decision.
type heldCase struct {
	Case
	territory, pack, timeZone string
	alive                     bool // the organisation is not suspended
}

func (r caseRow) held() heldCase {
	return heldCase{
		Case: Case{
			ID: r.ID, Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, BeneficiaryName: r.BeneficiaryName,
			Procedure: r.Procedure, State: CaseState(r.State), Version: r.Version, OpenedBy: r.OpenedBy, OpenedUnder: r.OpenedUnder,
			AssignedTo: r.AssignedTo, AssignedName: r.AssignedName, DueOn: at(r.DueOn), OpenedAt: r.OpenedAt, ClosedAt: at(r.ClosedAt),
		},
		territory: r.Territory, pack: r.Pack, timeZone: r.TimeZone, alive: r.OrganisationState == "active",
	}
}

func loadCase(db *gorm.DB, id uuid.UUID) (heldCase, error) {
	var r caseRow
	if err := db.Raw("SELECT "+caseColumns+" WHERE c.id = ?", id).Scan(&r).Error; err != nil {
		return heldCase{}, err
	}
	if r.ID == uuid.Nil {
		return heldCase{}, errNotThere
	}
	return r.held(), nil
}

// lockCase takes the row before anything else of the command.
func lockCase(tx *store.Tx, id uuid.UUID) error {
	found, err := oneID(tx.DB().Raw(`SELECT id FROM cases WHERE id = ? FOR NO KEY UPDATE`, id))
	if err != nil {
		return err
	}
	if found == uuid.Nil {
		return errNotThere
	}
	tx.Restamp()
	return nil
}

// casesOf lists a person's cases, open ones first, then the newest.
func casesOf(db *gorm.DB, beneficiary uuid.UUID) ([]heldCase, error) {
	return scanCases(db.Raw("SELECT "+caseColumns+` WHERE c.beneficiary_id = ? AND b.erased_at IS NULL
		ORDER BY c.closed_at IS NOT NULL, c.opened_at DESC, c.id LIMIT 200`, beneficiary))
}

// openOrder is by the day due, those without one last, then the oldest first.
const openOrder = `coalesce(c.due_on, 'infinity'::date), c.opened_at, c.id`

// openCasesOf lists what is assigned to an account and still open, first what
// is due first, after a mark.
func openCasesOf(db *gorm.DB, organisation, account uuid.UUID, after openMark, limit int) ([]heldCase, error) {
	where, args := ` WHERE c.assigned_to = ? AND c.organisation_id = ? AND c.closed_at IS NULL AND b.erased_at IS NULL`, []any{account, organisation}
	if after != (openMark{}) {
		where, args = where+" AND ("+openOrder+") > (?::date, ?::timestamptz, ?::uuid)", append(args, after.due, after.opened, after.id)
	}
	return scanCases(db.Raw("SELECT "+caseColumns+where+" ORDER BY "+openOrder+" LIMIT ?", append(args, limit)...))
}

func scanCases(q *gorm.DB) ([]heldCase, error) {
	var rows []caseRow
	err := q.Scan(&rows).Error
	out := make([]heldCase, len(rows))
	for i, r := range rows {
		out[i] = r.held()
	}
	return out, err
}

// insertCase writes a case; fresh is false when this id, made from the
// idempotency key, is there already.
func insertCase(tx *store.Tx, c Case) (fresh bool, err error) {
	res := tx.DB().Exec(`INSERT INTO cases (id, organisation_id, beneficiary_id, procedure, state, opened_by, opened_under, assigned_to, due_on, opened_at)
		VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
		c.ID, c.Organisation, c.Beneficiary, c.Procedure, string(c.State), c.OpenedBy, c.OpenedUnder, c.AssignedTo, optionalDay(c.DueOn), tx.Now())
	return res.RowsAffected == 1, res.Error
}

// changeCase changes a case from the exact state and version it was read in.
func changeCase(tx *store.Tx, c Case, columns map[string]any) error {
	columns["version"] = gorm.Expr("version + 1")
	return store.ExpectOne(tx.DB().Table("cases").Where("id = ? AND state = ? AND version = ?", c.ID, string(c.State), c.Version).Updates(columns))
}

// shareMandate keeps a mandate as it is until the transaction ends; whoever
// would stop it waits.
func shareMandate(tx *store.Tx, id uuid.UUID) error {
	if id == uuid.Nil {
		return nil
	}
	_, err := oneID(tx.DB().Raw(`SELECT id FROM mandates WHERE id = ? FOR SHARE`, id))
	tx.Restamp()
	return err
}

// organisationOf says where a person is known; erased people are nowhere.
func organisationOf(db *gorm.DB, beneficiary uuid.UUID) (id uuid.UUID, err error) {
	id, err = oneID(db.Raw(`SELECT organisation_id FROM beneficiaries WHERE id = ? AND erased_at IS NULL`, beneficiary))
	if err == nil && id == uuid.Nil {
		err = errNotThere
	}
	return id, err
}

// oneID reads one id, nil when there is no row. GORM takes an id, which is an
// array of bytes, for a list of rows: so it is given a list.
func oneID(q *gorm.DB) (uuid.UUID, error) {
	var found []uuid.UUID
	if err := q.Scan(&found).Error; err != nil || len(found) == 0 {
		return uuid.Nil, err
	}
	return found[0], nil
}

// mediatorIn reports whether an account is an active mediator somewhere.
func mediatorIn(db *gorm.DB, organisation, account uuid.UUID) (yes bool, err error) {
	err = db.Raw(`SELECT EXISTS (SELECT FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.account_id = ? AND m.organisation_id = ? AND m.role = 'mediator' AND m.state = 'active' AND a.state = 'bound')`,
		account, organisation).Scan(&yes).Error
	return yes, err
}

type coverRow struct {
	MandateID, GrantID *uuid.UUID
	MandateState       string
	EndsAt             *time.Time
	FirstUsedAt        *time.Time
	GrantState         *string
	Actions            texts
}

func (r coverRow) cover() cover {
	c := cover{state: State(r.MandateState), endsAt: at(r.EndsAt), used: r.FirstUsedAt != nil, actions: r.Actions}
	if r.MandateID != nil {
		c.mandate = *r.MandateID
	}
	if r.GrantID != nil {
		c.grant, c.grantLive = *r.GrantID, *r.GrantState == "active"
	}
	return c
}

// coversOf reads the mandates an organisation holds from a person, each with
// its line about a procedure, live ones first, then the newest.
func coversOf(db *gorm.DB, organisation, beneficiary uuid.UUID, procedure string) ([]cover, error) {
	var rows []coverRow
	err := db.Raw(`SELECT m.id AS mandate_id, m.state AS mandate_state, m.ends_at, m.first_used_at, g.id AS grant_id, g.state AS grant_state, g.actions
		FROM mandates m LEFT JOIN grants g ON g.mandate_id = m.id AND ? = ANY (g.procedures)
		WHERE m.organisation_id = ? AND m.beneficiary_id = ? AND m.signed_at IS NOT NULL
		ORDER BY m.state = 'active' DESC, m.signed_at DESC, m.id LIMIT ?`, procedure, organisation, beneficiary, maxCovers).Scan(&rows).Error
	out := make([]cover, len(rows))
	for i, r := range rows {
		out[i] = r.cover()
	}
	return out, err
}

type stepRow struct {
	ID, CaseID, MandateID, OrganisationID, BeneficiaryID, MediatorID uuid.UUID
	MediatorName                                                     *string
	Procedure, Action, Outcome, ReceiptNumber, Note                  string
	Present                                                          bool
	DueOn                                                            *time.Time
	CorrectsID, DisputeID, ReportedBy                                *uuid.UUID
	DisputeState, ReportedByName                                     *string
	At                                                               time.Time
}

const stepColumns = `s.*, a.name AS mediator_name, rb.name AS reported_by_name,
	(SELECT d.id FROM disputes d WHERE d.step_id = s.id ORDER BY d.raised_at DESC LIMIT 1) AS dispute_id,
	(SELECT d.state FROM disputes d WHERE d.step_id = s.id ORDER BY d.raised_at DESC LIMIT 1) AS dispute_state
	FROM steps s LEFT JOIN accounts a ON a.id = s.mediator_id LEFT JOIN clients rb ON rb.id = s.reported_by`

func (r stepRow) step() Step {
	s := Step{
		ID: r.ID, Case: r.CaseID, Mandate: r.MandateID, Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, Mediator: r.MediatorID,
		Procedure: r.Procedure, Action: r.Action, Outcome: r.Outcome, ReceiptNumber: r.ReceiptNumber, Note: r.Note,
		Present: r.Present, DueOn: at(r.DueOn), At: r.At, Corrects: known(r.CorrectsID), Dispute: known(r.DisputeID), ReportedBy: known(r.ReportedBy),
	}
	if r.MediatorName != nil {
		s.MediatorName = *r.MediatorName
	}
	if r.ReportedByName != nil {
		s.ReportedByName = *r.ReportedByName
	}
	if r.DisputeState != nil {
		s.DisputeState = *r.DisputeState
	}
	return s
}

func known(p *uuid.UUID) uuid.UUID {
	if p == nil {
		return uuid.Nil
	}
	return *p
}

// lastSteps reads the newest steps of a case that come before a mark, oldest
// first, with what each corrects and whether it was corrected; more says that
// there are older ones.
func lastSteps(db *gorm.DB, of uuid.UUID, before stepMark) (steps []Step, more bool, err error) {
	where, args := " WHERE s.case_id = ?", []any{of}
	if before != (stepMark{}) {
		where, args = where+" AND (s.at, s.id) < (?, ?)", append(args, before.at, before.id)
	}
	steps, err = scanSteps(db.Raw("SELECT "+stepColumns+where+" ORDER BY s.at DESC, s.id DESC LIMIT ?", append(args, stepsShown+1)...))
	if err != nil {
		return nil, false, err
	}
	more = len(steps) > stepsShown
	steps = steps[:min(len(steps), stepsShown)]
	slices.Reverse(steps)
	return steps, more, corrections(db, of, steps)
}

// corrections completes steps with their corrections, on whatever page those are.
func corrections(db *gorm.DB, of uuid.UUID, steps []Step) error {
	ids, corrected := make([]uuid.UUID, 0, len(steps)), []uuid.UUID{uuid.Nil}
	for _, st := range steps {
		ids = append(ids, st.ID)
		if st.Corrects != uuid.Nil {
			corrected = append(corrected, st.Corrects)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID, CorrectsID *uuid.UUID
		Action         string
		At             time.Time
	}
	err := db.Raw(`SELECT id, NULL::uuid AS corrects_id, action, at FROM steps WHERE case_id = ? AND id IN ?
		UNION ALL SELECT NULL, corrects_id, action, at FROM steps WHERE case_id = ? AND corrects_id IN ?`, of, corrected, of, ids).Scan(&rows).Error
	if err != nil {
		return err
	}
	for _, r := range rows {
		for i := range steps {
			switch {
			case r.ID != nil && steps[i].Corrects == *r.ID:
				steps[i].CorrectsAction, steps[i].CorrectsAt = r.Action, r.At
			case r.CorrectsID != nil && steps[i].ID == *r.CorrectsID:
				steps[i].Corrected = true
			}
		}
	}
	return nil
}

// stepsAfter reads a page of them, however many there are.
func stepsAfter(db *gorm.DB, p StepPage) ([]Step, error) {
	where, args := " WHERE s.case_id = ?", []any{p.Case}
	if !p.After.IsZero() {
		where, args = where+" AND (s.at, s.id) > (?, ?)", append(args, p.After, p.ID)
	}
	return scanSteps(db.Raw("SELECT "+stepColumns+where+" ORDER BY s.at, s.id LIMIT ?", append(args, p.Limit)...))
}

func loadStep(db *gorm.DB, one uuid.UUID) (Step, error) {
	found, err := scanSteps(db.Raw("SELECT "+stepColumns+" WHERE s.id = ?", one))
	if err == nil && len(found) == 0 {
		err = errNotThere
	}
	if err != nil {
		return Step{}, err
	}
	return found[0], nil
}

func scanSteps(q *gorm.DB) ([]Step, error) {
	var rows []stepRow
	err := q.Scan(&rows).Error
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = r.step()
	}
	return out, err
}

func optionalDay(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
