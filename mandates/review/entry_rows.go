package review

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// entryRow is an event with the names that go with it.
type entryRow struct {
	ID                                                                int64
	EventID                                                           uuid.UUID
	Kind, ActorRole                                                   string
	At                                                                time.Time
	ActorID, OrganisationID, BeneficiaryID, MandateID, CaseID, StepID uuid.UUID
	Procedure, Action, Outcome                                        string
	Facts, Personal, Leaf                                             []byte
	AccountName, OrganisationName, Territory, Pack                    string
	GivenNames, FamilyName, UsageName                                 string
	Erased                                                            bool
}

const entryColumns = `e.id, e.event_id, e.kind, e.actor_role, e.at, e.actor_id, e.organisation_id, e.beneficiary_id, e.mandate_id,
	e.case_id, e.step_id, e.procedure, e.action, e.outcome, e.facts, e.personal, coalesce(a.name, cl.name) AS account_name, o.name AS organisation_name,
	o.territory, o.pack, b.given_names, b.family_name, b.usage_name, b.erased_at IS NOT NULL AS erased`

const entryJoins = ` LEFT JOIN accounts a ON a.id = e.actor_id
	LEFT JOIN clients cl ON cl.id = e.actor_id AND e.actor_role IN ('service', 'software') LEFT JOIN organisations o ON o.id = e.organisation_id
	LEFT JOIN beneficiaries b ON b.id = e.beneficiary_id`

// entry makes the entry of a row. Personal content of somebody erased is gone.
func (r entryRow) entry() (Entry, error) {
	e := Entry{
		ID: r.ID, EventID: r.EventID, Kind: translog.Kind(r.Kind), At: r.At, ActorRole: translog.Role(r.ActorRole), ActorID: r.ActorID,
		ActorName: r.AccountName, Organisation: r.OrganisationID, OrganisationName: r.OrganisationName, Beneficiary: r.BeneficiaryID,
		Mandate: r.MandateID, Case: r.CaseID, Step: r.StepID, Procedure: r.Procedure, Action: r.Action, Outcome: r.Outcome,
		Pack: r.Pack, Erased: r.Erased,
	}
	if !r.Erased {
		e.BeneficiaryName = fullName(r.GivenNames, r.FamilyName, r.UsageName)
	}
	if e.ActorRole == translog.RolePerson {
		e.ActorName = e.BeneficiaryName
	}
	facts, err := translog.ParseFacts(r.Facts)
	if err != nil {
		return e, fmt.Errorf("facts of entry %d: %w", r.ID, err)
	}
	if facts.Detail != nil {
		if err := json.Unmarshal(facts.Detail, &e.Detail); err != nil {
			return e, fmt.Errorf("detail of entry %d: %w", r.ID, err)
		}
	}
	if len(r.Personal) > 0 {
		if err := json.Unmarshal(r.Personal, &e.Personal); err != nil {
			return e, fmt.Errorf("personal content of entry %d: %w", r.ID, err)
		}
	}
	e.refusal()
	return e, nil
}

// refusal lifts the reasons of a refusal out of its detail.
func (e *Entry) refusal() {
	if e.Kind != translog.ActRefused {
		return
	}
	e.Command = e.Text("command")
	reasons, _ := e.Detail["reasons"].([]any)
	for _, r := range reasons {
		if code, ok := r.(string); ok {
			e.Reasons = append(e.Reasons, code)
		}
	}
}

func entriesOf(rows []entryRow) ([]Entry, error) {
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		var err error
		if entries[i], err = r.entry(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// entryPage reads at most limit entries, newest first.
func entryPage(db *gorm.DB, f filter, limit int) ([]Entry, error) {
	query, args := f.idQuery(limit)
	var rows []entryRow
	err := db.Raw(`SELECT `+entryColumns+` FROM (`+query+`) k JOIN events e ON e.id = k.id`+entryJoins+` ORDER BY e.id DESC`, args...).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	return entriesOf(rows)
}

// countEntries counts, no further than limit, and gives the highest id.
func countEntries(db *gorm.DB, f filter, limit int) (n int, top int64, err error) {
	query, args := f.idQuery(limit)
	var r struct {
		N   int
		Top int64
	}
	err = db.Raw(`SELECT count(*) AS n, coalesce(max(k.id), 0) AS top FROM (`+query+`) k`, args...).Scan(&r).Error
	return r.N, r.Top, err
}

func entryByEvent(db *gorm.DB, event uuid.UUID) (entryRow, error) {
	var r entryRow
	err := store.First(db.Raw(`SELECT `+entryColumns+`, e.leaf FROM events e`+entryJoins+` WHERE e.event_id = ?`, event), &r)
	return r, err
}

// historyRows reads what concerns one person, newest first.
func historyRows(db *gorm.DB, person uuid.UUID, before int64, limit int) ([]entryRow, error) {
	query, args := `SELECT `+entryColumns+` FROM events e`+entryJoins+` WHERE e.beneficiary_id = ?`, []any{person}
	if before > 0 {
		query, args = query+` AND e.id < ?`, append(args, before)
	}
	var rows []entryRow
	err := db.Raw(query+` ORDER BY e.id DESC LIMIT ?`, append(args, limit)...).Scan(&rows).Error
	return rows, err
}
