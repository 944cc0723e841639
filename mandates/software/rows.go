package software

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
)

// owned is one thing of a person, to be looked at.
type owned struct {
	table   string
	id      uuid.UUID
	kind    authz.Kind
	action  authz.Action
	subject string
}

const (
	personTable  = "beneficiaries"
	mandateTable = "mandates"
	caseTable    = "cases"
)

func person(id uuid.UUID) owned {
	return owned{personTable, id, authz.KindBeneficiary, authz.BeneficiaryRead, "person"}
}

func mandate(id uuid.UUID) owned {
	return owned{mandateTable, id, authz.KindMandate, authz.MandateRead, "mandate"}
}

func caseOf(id uuid.UUID) owned {
	return owned{caseTable, id, authz.KindCase, authz.CaseRead, "case"}
}

// owner is whose something is.
type owner struct {
	organisation, beneficiary uuid.UUID
	territory                 string
}

// ownerStatements find whose something is; what is somebody erased's is nobody's.
var ownerStatements = map[string]string{
	personTable: `SELECT b.id AS beneficiary_id, b.organisation_id, o.territory FROM beneficiaries b JOIN organisations o ON o.id = b.organisation_id WHERE b.id = ? AND b.erased_at IS NULL`,
	mandateTable: `SELECT m.beneficiary_id, m.organisation_id, o.territory FROM mandates m JOIN organisations o ON o.id = m.organisation_id
		JOIN beneficiaries b ON b.id = m.beneficiary_id WHERE m.id = ? AND b.erased_at IS NULL`,
	caseTable: `SELECT c.beneficiary_id, c.organisation_id, o.territory FROM cases c JOIN organisations o ON o.id = c.organisation_id
		JOIN beneficiaries b ON b.id = c.beneficiary_id WHERE c.id = ? AND b.erased_at IS NULL`,
}

func ownerOf(tx *store.Tx, q owned) (owner, error) {
	var r struct {
		BeneficiaryID, OrganisationID uuid.UUID
		Territory                     string
	}
	if err := tx.DB().Raw(ownerStatements[q.table], q.id).Scan(&r).Error; err != nil {
		return owner{}, problem.Wrap(err, "find whose it is")
	}
	if r.OrganisationID == uuid.Nil {
		return owner{}, problem.NotFound()
	}
	return owner{organisation: r.OrganisationID, beneficiary: r.BeneficiaryID, territory: r.Territory}, nil
}

// where collects the conditions of a list.
type where struct {
	clauses []string
	args    []any
}

func (w *where) add(clause string, args ...any) {
	w.clauses, w.args = append(w.clauses, clause), append(w.args, args...)
}

func (w *where) String() string { return " WHERE " + strings.Join(w.clauses, " AND ") }

func peopleRows(tx *store.Tx, organisation uuid.UUID, q PeopleQuery, after position) ([]PersonLine, error) {
	var w where
	w.add("organisation_id = ?", organisation)
	w.add("erased_at IS NULL")
	for i, word := range strings.Fields(q.Name) {
		if i == 6 {
			break
		}
		w.add("search LIKE '%' || relais_fold(?) || '%'", store.EscapeLike(word))
	}
	if !q.BirthDate.IsZero() {
		w.add("birth_date = ?", q.BirthDate)
	}
	if q.Phone != "" {
		w.add("phone = ?", q.Phone)
	}
	if after.id != uuid.Nil {
		w.add("(created_at, id) > (?, ?)", after.at, after.id)
	}
	rows := []PersonLine{}
	err := tx.DB().Raw("SELECT id, created_at FROM beneficiaries"+w.String()+" ORDER BY created_at, id LIMIT ?", append(w.args, q.limit()+1)...).Scan(&rows).Error
	return rows, err
}

func mandateRows(tx *store.Tx, organisation uuid.UUID, q MandateQuery, after position) ([]MandateLine, error) {
	var w where
	w.add("m.organisation_id = ?", organisation)
	w.add("b.erased_at IS NULL")
	switch {
	case q.State == mandates.Expired: // passed, and the job has not met it yet
		w.add("(m.state = 'expired' OR m.state IN ('active', 'suspended') AND m.ends_at <= ?)", tx.Now())
	case q.State.Live():
		w.add("m.state = ? AND m.ends_at > ?", string(q.State), tx.Now())
	case q.State != "":
		w.add("m.state = ?", string(q.State))
	}
	if !q.EndsBefore.IsZero() {
		w.add("m.state IN ('active', 'suspended') AND m.ends_at > ? AND m.ends_at < ?", tx.Now(), q.EndsBefore)
	}
	if after.id != uuid.Nil {
		w.add("(m.created_at, m.id) > (?, ?)", after.at, after.id)
	}
	var rows []struct {
		ID, BeneficiaryID uuid.UUID
		State             string
		Version           int
		CreatedAt         time.Time
		EndsAt            *time.Time
	}
	err := tx.DB().Raw("SELECT m.id, m.beneficiary_id, m.state, m.version, m.created_at, m.ends_at FROM mandates m JOIN beneficiaries b ON b.id = m.beneficiary_id"+
		w.String()+" ORDER BY m.created_at, m.id LIMIT ?",
		append(w.args, q.limit()+1)...).Scan(&rows).Error
	out := make([]MandateLine, len(rows))
	for i, r := range rows {
		m := mandates.Mandate{State: mandates.State(r.State), EndsAt: at(r.EndsAt)}
		out[i] = MandateLine{ID: r.ID, Person: r.BeneficiaryID, State: m.StateAt(tx.Now()), Version: r.Version, CreatedAt: r.CreatedAt, EndsAt: m.EndsAt}
	}
	return out, err
}

func caseRows(tx *store.Tx, organisation uuid.UUID, q CaseQuery, after position) ([]CaseLine, error) {
	var w where
	w.add("c.organisation_id = ?", organisation)
	w.add("b.erased_at IS NULL")
	if q.Open != nil {
		w.add("(c.closed_at IS NULL) = ?", *q.Open)
	}
	if !q.DueBefore.IsZero() {
		w.add("c.closed_at IS NULL AND c.due_on < ?", q.DueBefore)
	}
	if after.id != uuid.Nil {
		w.add("(c.opened_at, c.id) > (?, ?)", after.at, after.id)
	}
	var rows []struct {
		ID, BeneficiaryID uuid.UUID
		State             string
		Version           int
		DueOn, ClosedAt   *time.Time
		OpenedAt          time.Time
	}
	err := tx.DB().Raw("SELECT c.id, c.beneficiary_id, c.state, c.version, c.due_on, c.opened_at, c.closed_at FROM cases c JOIN beneficiaries b ON b.id = c.beneficiary_id"+
		w.String()+" ORDER BY c.opened_at, c.id LIMIT ?", append(w.args, q.limit()+1)...).Scan(&rows).Error
	out := make([]CaseLine, len(rows))
	for i, r := range rows {
		out[i] = CaseLine{ID: r.ID, Person: r.BeneficiaryID, State: mandates.CaseState(r.State), Version: r.Version,
			DueOn: at(r.DueOn), OpenedAt: r.OpenedAt, ClosedAt: at(r.ClosedAt)}
	}
	return out, err
}

// reminderRows reads what comes up to a number of days ahead, in the
// organisation's own calendar; a mandate ends on the day before its exclusive
// end. One-day mandates remind nobody.
func reminderRows(tx *store.Tx, organisation uuid.UUID, q ReminderQuery, after position) ([]Reminder, error) {
	var rows []struct {
		DayOn                                      time.Time
		Kind                                       string
		ID, BeneficiaryID, CaseID, MandateID, Whom uuid.UUID
	}
	last := tx.Now().AddDate(0, 0, q.Days)
	err := tx.DB().Raw(`SELECT * FROM (
		SELECT c.due_on AS day_on, 'case_due' AS kind, c.id, c.beneficiary_id, c.id AS case_id, NULL::uuid AS mandate_id, c.assigned_to AS whom
		FROM cases c JOIN beneficiaries b ON b.id = c.beneficiary_id
		WHERE c.organisation_id = @org AND c.closed_at IS NULL AND b.erased_at IS NULL AND c.due_on <= (@last AT TIME ZONE
			(SELECT time_zone FROM organisations WHERE id = @org))::date
		UNION ALL
		SELECT ((m.ends_at - interval '1 second') AT TIME ZONE o.time_zone)::date, 'mandate_ending', m.id, m.beneficiary_id, NULL, m.id, m.mediator_id
		FROM mandates m JOIN organisations o ON o.id = m.organisation_id
		WHERE m.organisation_id = @org AND m.state IN ('active', 'suspended') AND m.ends_at > @now AND m.ends_at <= @last AND m.duration_days > 1
		) r WHERE @first OR (day_on, id) > (CAST(@day AS date), @id) ORDER BY day_on, id LIMIT @limit`, map[string]any{"org": organisation, "now": tx.Now(), "last": last,
		"first": after.id == uuid.Nil, "day": after.at.Format(time.DateOnly), "id": after.id, "limit": q.limit() + 1}).Scan(&rows).Error
	out := make([]Reminder, len(rows))
	for i, r := range rows {
		out[i] = Reminder{On: r.DayOn, Kind: ReminderKind(r.Kind), ID: r.ID, Person: r.BeneficiaryID, Case: r.CaseID, Mandate: r.MandateID, Whom: r.Whom}
	}
	return out, err
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// keepRequest keeps what a key asks for, and gives what it asked for first.
func keepRequest(ctx context.Context, st *store.Store, client uuid.UUID, key string, content []byte) (kept []byte, fresh bool, err error) {
	err = st.Pool().QueryRow(ctx, `INSERT INTO software_requests (client_id, request_key, content_hash, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (client_id, request_key) DO UPDATE SET at = software_requests.at RETURNING content_hash, xmax = 0`, client, key, content, st.Now()).Scan(&kept, &fresh)
	return kept, fresh, err
}

func sweepRequests(ctx context.Context, st *store.Store, before time.Time) error {
	_, err := st.Pool().Exec(ctx, `DELETE FROM software_requests WHERE at < $1`, before)
	return err
}
