package mandates

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

var errNotThere = problem.NotFound()

// texts reads and writes text[]. GORM would spell a plain list out as a row.
type texts []string

// Value writes it as PostgreSQL does, every element quoted.
func (t texts) Value() (driver.Value, error) {
	quoted := make([]string, len(t))
	for i, word := range t {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}", nil
}

// Scan reads it.
func (t *texts) Scan(src any) error {
	return pgtype.NewMap().SQLScanner((*[]string)(t)).Scan(src)
}

type mandateRow struct {
	ID, OrganisationID, BeneficiaryID, MediatorID       uuid.UUID
	MediatorName, BeneficiaryName                       string
	State                                               string
	Version, DurationDays                               int
	Draft                                               []byte
	Pack, CatalogueVersion, ConsentVersion              string
	Language, Interpreter, Method                       string
	Payload, PayloadHash                                []byte
	Jws                                                 *string
	CreatedAt                                           time.Time
	PresentedAt, SignedAt, EndsAt, EndedAt, FirstUsedAt *time.Time
	EndedBy, EndReason, SuspendedReason                 string
	SuspendedRole, SuspendedByName                      string
	RenewsID                                            *uuid.UUID
	OrganisationState, Territory                        string
}

// mandateColumns reads a mandate with the names a page needs.
const mandateColumns = `m.*, a.name AS mediator_name, o.state AS organisation_state, o.territory,
	coalesce((SELECT s.name FROM accounts s WHERE s.id = m.suspended_by), '') AS suspended_by_name,
	trim(b.given_names || ' ' || coalesce(nullif(b.usage_name, ''), b.family_name)) AS beneficiary_name
	FROM mandates m JOIN accounts a ON a.id = m.mediator_id JOIN beneficiaries b ON b.id = m.beneficiary_id
	JOIN organisations o ON o.id = m.organisation_id`

func (r mandateRow) mandate() (Mandate, error) {
	m := Mandate{
		ID: r.ID, Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, Mediator: r.MediatorID,
		MediatorName: r.MediatorName, BeneficiaryName: r.BeneficiaryName, State: State(r.State), Version: r.Version,
		DurationDays: r.DurationDays, Pack: r.Pack, CatalogueVersion: r.CatalogueVersion, ConsentVersion: r.ConsentVersion,
		Language: r.Language, Interpreter: r.Interpreter, Method: r.Method, Payload: r.Payload, PayloadHash: r.PayloadHash,
		CreatedAt: r.CreatedAt, PresentedAt: at(r.PresentedAt), SignedAt: at(r.SignedAt), EndsAt: at(r.EndsAt), EndedAt: at(r.EndedAt),
		EndedBy: r.EndedBy, EndReason: r.EndReason, SuspendedReason: r.SuspendedReason,
		SuspendedRole: authz.Role(r.SuspendedRole), SuspendedByName: r.SuspendedByName, OrganisationSuspended: r.OrganisationState == "suspended", territory: r.Territory,
	}
	if r.Jws != nil {
		m.JWS = *r.Jws
	}
	if r.RenewsID != nil {
		m.Renews = *r.RenewsID
	}
	if err := json.Unmarshal(r.Draft, &m.Draft); err != nil {
		return m, fmt.Errorf("draft of mandate %s: %w", r.ID, err)
	}
	return m, nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

type grantRow struct {
	ID, MandateID       uuid.UUID
	Theme               string
	Procedures, Actions texts
	State               string
	EndedAt             *time.Time
	EndedBy, EndReason  string
}

func (r grantRow) grant() Grant {
	return Grant{ID: r.ID, Theme: r.Theme, Procedures: r.Procedures, Actions: r.Actions, State: r.State,
		EndedAt: at(r.EndedAt), EndedBy: r.EndedBy, EndReason: r.EndReason}
}

// lockMandate takes the row first of all, so that the order of locks is the
// order of the log, then reads it with its names.
func lockMandate(tx *store.Tx, id uuid.UUID) error {
	found, err := oneID(tx.DB().Raw(`SELECT id FROM mandates WHERE id = ? FOR UPDATE`, id))
	if err != nil {
		return err
	}
	if found == uuid.Nil {
		return errNotThere
	}
	tx.Restamp()
	return nil
}

// lockSiblings locks a mandate and every live one of the same person and
// organisation, in one order for everybody.
func lockSiblings(tx *store.Tx, id uuid.UUID) error {
	var ids []uuid.UUID
	err := tx.DB().Raw(`SELECT m.id FROM mandates m JOIN mandates n ON n.id = ? AND m.organisation_id = n.organisation_id AND m.beneficiary_id = n.beneficiary_id
		WHERE m.id = n.id OR m.state IN ('active', 'suspended') ORDER BY m.id FOR UPDATE OF m`, id).Scan(&ids).Error
	if err == nil && len(ids) == 0 {
		err = errNotThere
	}
	tx.Restamp()
	return err
}

func loadMandate(db *gorm.DB, id uuid.UUID) (Mandate, error) {
	var r mandateRow
	if err := db.Raw("SELECT "+mandateColumns+" WHERE m.id = ?", id).Scan(&r).Error; err != nil {
		return Mandate{}, err
	}
	if r.ID == uuid.Nil {
		return Mandate{}, errNotThere
	}
	return r.mandate()
}

func loadGrants(db *gorm.DB, mandates ...uuid.UUID) (map[uuid.UUID][]Grant, error) {
	var rows []grantRow
	err := db.Raw(`SELECT * FROM grants WHERE mandate_id IN ? ORDER BY mandate_id, theme`, mandates).Scan(&rows).Error
	out := make(map[uuid.UUID][]Grant, len(mandates))
	for _, r := range rows {
		out[r.MandateID] = append(out[r.MandateID], r.grant())
	}
	return out, err
}

func loadEvidences(db *gorm.DB, mandate uuid.UUID) ([]Evidence, error) {
	var rows []struct {
		ID, CollectedBy uuid.UUID
		Method          string
		Hash            []byte
		MediaType       string
		WitnessID       *uuid.UUID
		WitnessName     *string
		CollectedAt     time.Time
	}
	err := db.Raw(`SELECT e.id, e.method, e.hash, e.media_type, e.witness_id, w.name AS witness_name, e.collected_by, e.collected_at
		FROM evidences e LEFT JOIN accounts w ON w.id = e.witness_id WHERE e.mandate_id = ? ORDER BY e.collected_at`, mandate).Scan(&rows).Error
	out := make([]Evidence, len(rows))
	for i, r := range rows {
		out[i] = Evidence{ID: r.ID, Method: r.Method, Hash: r.Hash, MediaType: r.MediaType, CollectedBy: r.CollectedBy, CollectedAt: r.CollectedAt}
		if r.WitnessID != nil {
			out[i].Witness, out[i].WitnessName = *r.WitnessID, *r.WitnessName
		}
	}
	return out, err
}

type newMandate struct {
	id, organisation, beneficiary, mediator uuid.UUID
	pack, language, key                     string
	renews                                  uuid.UUID
	draft                                   Draft
}

// insertMandate writes a draft; fresh is false when the key was used before,
// and id is then the earlier mandate's.
func insertMandate(tx *store.Tx, n newMandate) (id uuid.UUID, fresh bool, err error) {
	raw, err := json.Marshal(n.draft)
	if err != nil {
		return uuid.Nil, false, err
	}
	res := tx.DB().Exec(`INSERT INTO mandates (id, organisation_id, beneficiary_id, state, mediator_id, draft, pack, language, created_at, renews_id, idempotency_key)
		VALUES (?, ?, ?, 'draft', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id, mediator_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`,
		n.id, n.organisation, n.beneficiary, n.mediator, string(raw), n.pack, n.language, tx.Now(), optional(n.renews), optionalText(n.key))
	if res.Error != nil || res.RowsAffected == 1 {
		return n.id, true, res.Error
	}
	id, err = oneID(tx.DB().Raw(`SELECT id FROM mandates WHERE organisation_id = ? AND mediator_id = ? AND idempotency_key = ? AND beneficiary_id = ?`,
		n.organisation, n.mediator, n.key, n.beneficiary))
	if err == nil && id == uuid.Nil {
		err = problem.Conflict("idempotency_key_reused")
	}
	return id, false, err
}

// change moves a mandate on from the exact state and version it was read in.
func change(tx *store.Tx, m Mandate, to State, columns map[string]any) error {
	columns["state"], columns["version"] = string(to), gorm.Expr("version + 1")
	return store.ExpectOne(tx.DB().Table("mandates").Where("id = ? AND state = ? AND version = ?", m.ID, string(m.State), m.Version).Updates(columns))
}

func insertGrants(tx *store.Tx, m Mandate, grants []Grant) error {
	for _, g := range grants {
		err := tx.DB().Exec(`INSERT INTO grants (id, mandate_id, organisation_id, beneficiary_id, theme, procedures, actions, state) VALUES (?,?,?,?,?,?,?,'pending')`,
			g.ID, m.ID, m.Organisation, m.Beneficiary, g.Theme, texts(g.Procedures), texts(g.Actions)).Error
		if err != nil {
			return err
		}
	}
	return nil
}

func dropPendingGrants(tx *store.Tx, mandate uuid.UUID) error {
	return tx.DB().Exec(`DELETE FROM grants WHERE mandate_id = ? AND state = 'pending'`, mandate).Error
}

func activateGrants(tx *store.Tx, mandate uuid.UUID) error {
	return tx.DB().Exec(`UPDATE grants SET state = 'active' WHERE mandate_id = ? AND state = 'pending'`, mandate).Error
}

// ending is how a line or a whole mandate ends.
type ending struct {
	state, by, reason string
	superseder        uuid.UUID
}

// endGrants ends the live lines of a mandate; only one of them when grant is set.
func endGrants(tx *store.Tx, mandate, grant uuid.UUID, e ending) (int64, error) {
	q := tx.DB().Table("grants").Where("mandate_id = ? AND state = 'active'", mandate)
	if grant != uuid.Nil {
		q = q.Where("id = ?", grant)
	}
	res := q.Updates(map[string]any{"state": e.state, "ended_at": tx.Now(), "ended_by": e.by, "end_reason": e.reason, "superseded_by": optional(e.superseder)})
	return res.RowsAffected, res.Error
}

// supersede ends the live lines of older mandates of the same person and
// organisation for the same themes (MA-05), and gives those mandates.
func supersede(tx *store.Tx, m Mandate, themes []string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := tx.DB().Raw(`UPDATE grants SET state = 'superseded', ended_at = ?, ended_by = 'mediator', superseded_by = ?
		FROM mandates o WHERE o.id = grants.mandate_id AND o.state IN ('active', 'suspended') AND o.ends_at > ?
		AND grants.organisation_id = ? AND grants.beneficiary_id = ? AND grants.mandate_id <> ? AND grants.state = 'active' AND grants.theme IN ?
		RETURNING grants.mandate_id`, tx.Now(), m.ID, tx.Now(), m.Organisation, m.Beneficiary, m.ID, themes).Scan(&ids).Error
	return ids, err
}

// emptied gives, among these mandates, those with no live line left.
func emptied(tx *store.Tx, ids []uuid.UUID) ([]uuid.UUID, error) {
	var out []uuid.UUID
	if len(ids) == 0 {
		return nil, nil
	}
	err := tx.DB().Raw(`SELECT id FROM mandates m WHERE id IN ? AND NOT EXISTS (SELECT FROM grants g WHERE g.mandate_id = m.id AND g.state = 'active')`, ids).Scan(&out).Error
	return out, err
}

func endSuperseded(tx *store.Tx, id, by uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE mandates SET state = 'superseded', version = version + 1, ended_at = ?, ended_by = 'mediator', end_reason = ? WHERE id = ? AND state IN ('active', 'suspended')`,
		tx.Now(), by.String(), id))
}

type newEvidence struct {
	id                              uuid.UUID
	method, mediaType               string
	hash, content                   []byte
	strokes                         []byte
	witness, phoneCode, collectedBy uuid.UUID
}

func insertEvidence(tx *store.Tx, m Mandate, e newEvidence) error {
	var strokes *string
	if len(e.strokes) > 0 {
		s := string(e.strokes)
		strokes = &s
	}
	return tx.DB().Exec(`INSERT INTO evidences (id, mandate_id, method, payload_hash, hash, media_type, content, strokes, witness_id, phone_code_id, collected_by, collected_at)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, e.id, m.ID, e.method, m.PayloadHash, e.hash, e.mediaType, e.content, strokes,
		optional(e.witness), optional(e.phoneCode), e.collectedBy, tx.Now()).Error
}

func loadEvidenceContent(ctx context.Context, st *store.Store, mandate, evidence uuid.UUID) (mediaType string, content []byte, err error) {
	var r struct {
		MediaType string
		Content   []byte
	}
	err = st.Read(ctx).Raw(`SELECT media_type, content FROM evidences WHERE mandate_id = ? AND id = ?`, mandate, evidence).Scan(&r).Error
	if err == nil && len(r.Content) == 0 {
		err = errNotThere
	}
	return r.MediaType, r.Content, err
}

// dueIDs gives mandates whose end has passed, oldest first.
func dueIDs(ctx context.Context, st *store.Store, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := st.Read(ctx).Raw(`SELECT id FROM mandates WHERE state IN ('active', 'suspended') AND ends_at <= ? ORDER BY ends_at LIMIT ?`, st.Now(), limit).Scan(&ids).Error
	return ids, err
}

// dueSiblings gives live mandates of the same person and organisation whose end
// has passed, so that they are expired, each by its own command, before a new
// one takes their place.
func dueSiblings(ctx context.Context, st *store.Store, id uuid.UUID) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := st.Read(ctx).Raw(`SELECT m.id FROM mandates m JOIN mandates n ON n.id = ? AND n.organisation_id = m.organisation_id AND n.beneficiary_id = m.beneficiary_id
		WHERE m.state IN ('active', 'suspended') AND m.ends_at <= ?`, id, st.Now()).Scan(&ids).Error
	return ids, err
}

// staleIDs gives texts shown 72 hours ago and drafts of 30 days that were never
// signed.
func staleIDs(ctx context.Context, st *store.Store, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := st.Read(ctx).Raw(`SELECT id FROM mandates WHERE (state IN ('presented', 'awaiting_signature') AND presented_at < ?)
		OR (state = 'draft' AND created_at < ?) ORDER BY created_at LIMIT ?`,
		st.Now().Add(-presentedFor), st.Now().Add(-draftFor), limit).Scan(&ids).Error
	return ids, err
}

func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
