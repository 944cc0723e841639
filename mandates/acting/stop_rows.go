package acting

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
)

// What a stop ends, among delegations d; the stop's own argument is $1. Each
// begins with a column that an index leads with, for delegations are never
// deleted. Those of a person are found by their mandates.
const (
	whereItself     = `d.id = $1`
	whereMandate    = `d.mandate_id = $1`
	whereLineOver   = ` AND NOT EXISTS (SELECT FROM grants g WHERE g.id = d.grant_id AND g.state = 'active')`
	whereNoMember   = `d.organisation_id = $1 AND NOT EXISTS (SELECT FROM memberships k WHERE k.account_id = d.account_id AND k.organisation_id = d.organisation_id AND k.role = 'mediator' AND k.state = 'active')`
	whereAccount    = `d.account_id = $1`
	whereOfClient   = `d.client_id = $1`
	wherePerson     = `d.mandate_id = ANY (ARRAY (SELECT o.id FROM mandates o WHERE o.beneficiary_id = $1))`
	whereSuperseded = `d.mandate_id = ANY (ARRAY (SELECT o.id FROM mandates n JOIN mandates o ON o.beneficiary_id = n.beneficiary_id WHERE n.id = $1))
		AND EXISTS (SELECT FROM grants g WHERE g.id = d.grant_id AND g.superseded_by = $1)`
	whereOrg       = `d.organisation_id = $1`
	whereOfSession = `d.session_id = $1`
)

// told is one delegation, or one mandate known to a client, of which a service
// is told something.
type told struct {
	delegation, beneficiary, mandate uuid.UUID
	client                           clients.Client
	live                             bool // it ended just now
}

const toldColumns = `d.id, d.beneficiary_id, d.mandate_id, cl.id, cl.client_id, cl.state, cl.events_uri, cl.backchannel_logout_uri`

// liveWhere are the delegations that a stop ends: one that its own time ended
// ended then, which its service knew from the beginning.
func liveWhere(st stop) string { return `d.ended_at IS NULL AND d.ends_at > $2 AND ` + st.where }

// endWhere ends live delegations, at the transaction's instant.
func endWhere(tx *store.Tx, st stop, arg any) ([]told, error) {
	return scanTold(tx, true, `UPDATE delegations d SET ended_at = $2, end_reason = $3 FROM clients cl
		WHERE cl.id = d.client_id AND `+liveWhere(st)+` RETURNING `+toldColumns, arg, tx.Now(), st.reason)
}

// sawMandate are the services that learnt of a mandate, each once.
func sawMandate(tx *store.Tx, st stop, arg any) ([]told, error) {
	return scanTold(tx, false, `SELECT DISTINCT ON (d.client_id, d.mandate_id) `+toldColumns+` FROM delegations d JOIN clients cl ON cl.id = d.client_id
		WHERE cl.events_uri <> '' AND cl.state = 'active' AND `+st.where+` ORDER BY d.client_id, d.mandate_id`, arg)
}

func scanTold(tx *store.Tx, live bool, query string, args ...any) (out []told, err error) {
	rows, err := tx.SQL().QueryContext(tx.Context(), query, args...)
	if err != nil {
		return nil, fmt.Errorf("end delegations: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		t := told{live: live}
		c := &t.client
		if err := rows.Scan(&t.delegation, &t.beneficiary, &t.mandate, &c.ID, &c.ClientID, &c.State, &c.EventsURI, &c.BackChannelLogoutURI); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// lockDelegation takes a delegation's row; over says that it ended before, by a
// stop or by its own time.
func lockDelegation(tx *store.Tx, id uuid.UUID) (over bool, err error) {
	var ends time.Time
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT ended_at IS NOT NULL, ends_at FROM delegations WHERE id = $1 FOR UPDATE`, id).Scan(&over, &ends)
	if errors.Is(err, sql.ErrNoRows) {
		return false, problem.NotFound()
	}
	tx.Restamp()
	return over || !tx.Now().Before(ends), err
}

// revokeToken ends an access token; false: it was over already.
func revokeToken(tx *store.Tx, hash []byte) (bool, error) {
	res, err := tx.SQL().ExecContext(tx.Context(), `UPDATE acting_tokens SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2`,
		hash, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
