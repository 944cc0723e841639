package acting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// insertDeliveries writes deliveries, and gives those that are new: an event
// that was queued for a receiver and subject before is not queued again.
func insertDeliveries(tx *store.Tx, all []delivery) (fresh map[uuid.UUID]bool, err error) {
	n := len(all)
	ids, kinds, receivers, events, subjects, bodies := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, d := range all {
		raw, err := json.Marshal(d.body)
		if err != nil {
			return nil, err
		}
		ids[i], kinds[i], receivers[i], events[i], subjects[i], bodies[i] = d.id.String(), d.kind, d.receiver.String(), d.event.String(), d.subject.String(), string(raw)
	}
	rows, err := tx.SQL().QueryContext(tx.Context(), `INSERT INTO deliveries (id, kind, receiver_id, event_id, subject_id, body, state, next_at, created_at)
		SELECT id, kind, receiver, event, subject, convert_to(body, 'UTF8'), 'queued', $7, $7
		FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[]) q (id, kind, receiver, event, subject, body)
		ON CONFLICT (kind, receiver_id, event_id, subject_id) DO NOTHING RETURNING id`, ids, kinds, receivers, events, subjects, bodies, tx.Now())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	fresh = make(map[uuid.UUID]bool, n)
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		fresh[id] = true
	}
	return fresh, rows.Err()
}

// parcel is a delivery with where it goes.
type parcel struct {
	id, receiver uuid.UUID
	kind, state  string
	body, sealed []byte
	url, event   string
	active       bool // the receiver still is one
}

// silent says of a webhook w that the software which registered it may do
// nothing now.
const silent = `EXISTS (SELECT FROM clients by WHERE by.id = w.client_id AND by.state <> 'active')`

func loadParcel(ctx context.Context, st *store.Store, id uuid.UUID) (parcel, error) {
	p := parcel{id: id}
	err := st.Pool().QueryRow(ctx, `SELECT d.receiver_id, d.kind, d.state, d.body, w.secret_sealed,
		coalesce(CASE d.kind WHEN 'set' THEN cl.events_uri WHEN 'logout' THEN cl.backchannel_logout_uri ELSE w.url END, ''),
		coalesce(cl.state, w.state, '') = 'active' AND NOT `+silent+`, CASE d.kind WHEN 'webhook' THEN convert_from(d.body, 'UTF8')::jsonb->>'type' ELSE '' END
		FROM deliveries d LEFT JOIN clients cl ON d.kind <> 'webhook' AND cl.id = d.receiver_id
		LEFT JOIN webhooks w ON d.kind = 'webhook' AND w.id = d.receiver_id WHERE d.id = $1`, id).
		Scan(&p.receiver, &p.kind, &p.state, &p.body, &p.sealed, &p.url, &p.active, &p.event)
	p.active = p.active && p.url != ""
	return p, err
}

// outcome is what became of one attempt.
type outcome struct {
	status int
	err    error
	last   bool
	next   time.Time
}

// word is a short cause, without the address.
func (o outcome) word() string {
	var timeout net.Error
	switch {
	case o.err == nil:
		return ""
	case errors.Is(o.err, errPrivate):
		return "private_address"
	case o.status != 0:
		return "answered"
	case errors.Is(o.err, errFinal):
		return "no_receiver"
	case errors.As(o.err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "unreachable"
}

func markAttempt(ctx context.Context, st *store.Store, p parcel, o outcome) error {
	state := "queued"
	var sent, next *time.Time
	now := st.Now()
	switch {
	case o.err == nil:
		state, sent = "sent", &now
	case o.last:
		state = "failed"
	default:
		next = &o.next
	}
	_, err := st.Pool().Exec(ctx, `UPDATE deliveries SET state = $2, attempts = attempts + 1, last_status = nullif($3, 0), last_error = $4,
		sent_at = $5, next_at = $6 WHERE id = $1 AND state = 'queued'`, p.id, state, o.status, o.word(), sent, next)
	return err
}

func hooksFor(tx *store.Tx, organisation uuid.UUID, kind translog.Kind) (out []uuid.UUID, err error) {
	rows, err := tx.SQL().QueryContext(tx.Context(), `SELECT w.id FROM webhooks w WHERE w.organisation_id = $1 AND w.state = 'active' AND $2 = ANY (w.kinds) AND NOT `+silent,
		organisation, string(kind))
	if err != nil {
		return nil, fmt.Errorf("find webhooks: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// lockHooks holds an organisation's row until the end, so that two cannot be
// the last webhook at once, and says whether the organisation is active and how
// many it has. Mandates and steps that refer to the organisation do not wait.
func lockHooks(tx *store.Tx, organisation uuid.UUID) (alive bool, active int, err error) {
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT state = 'active' FROM organisations WHERE id = $1 FOR NO KEY UPDATE`, organisation).Scan(&alive)
	if errors.Is(err, sql.ErrNoRows) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT count(*) FROM webhooks WHERE organisation_id = $1 AND state = 'active'`, organisation).Scan(&active)
	return alive, active, err
}

// endHooksOf ends every webhook that a client registered.
func endHooksOf(tx *store.Tx, client uuid.UUID) error {
	_, err := tx.SQL().ExecContext(tx.Context(), `UPDATE webhooks SET state = 'ended', ended_at = $2 WHERE client_id = $1 AND state = 'active'`, client, tx.Now())
	return err
}

func insertHook(tx *store.Tx, w Webhook, sealed []byte) error {
	_, err := tx.SQL().ExecContext(tx.Context(), `INSERT INTO webhooks (id, organisation_id, url, secret_sealed, kinds, state, created_at, client_id)
		VALUES ($1, $2, $3, $4, $5, 'active', $6, $7)`, w.ID, w.Organisation, w.URL, sealed, w.Kinds, w.CreatedAt,
		uuid.NullUUID{UUID: w.Client, Valid: w.Client != uuid.Nil})
	return err
}

// newHook refuses an id that a webhook has or had: its secret was shown then.
func newHook(tx *store.Tx, id uuid.UUID) error {
	var used bool
	err := tx.SQL().QueryRowContext(tx.Context(), `SELECT EXISTS (SELECT FROM webhooks WHERE id = $1)`, id).Scan(&used)
	if err == nil && used {
		return problem.Conflict("idempotency_key_used")
	}
	return err
}

// endHook ends an active webhook; false: there is none such.
func endHook(tx *store.Tx, id uuid.UUID) (bool, error) {
	res, err := tx.SQL().ExecContext(tx.Context(), `UPDATE webhooks SET state = 'ended', ended_at = $2 WHERE id = $1 AND state = 'active'`, id, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// organisationOfHook says whose a webhook is.
func organisationOfHook(tx *store.Tx, id uuid.UUID) (of uuid.UUID, err error) {
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT organisation_id FROM webhooks WHERE id = $1 FOR UPDATE`, id).Scan(&of)
	if errors.Is(err, sql.ErrNoRows) {
		return uuid.Nil, problem.NotFound()
	}
	return of, err
}

func hooksOf(ctx context.Context, st *store.Store, organisation uuid.UUID) ([]Webhook, error) {
	rows, err := st.Pool().Query(ctx, `SELECT id, organisation_id, url, kinds, created_at, client_id FROM webhooks
		WHERE organisation_id = $1 AND state = 'active' ORDER BY created_at, id`, organisation)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Webhook, error) {
		var w Webhook
		var by uuid.NullUUID
		err := row.Scan(&w.ID, &w.Organisation, &w.URL, &w.Kinds, &w.CreatedAt, &by)
		w.Client = by.UUID
		return w, err
	})
}

func deliveriesTo(ctx context.Context, st *store.Store, receiver uuid.UUID, limit int) ([]Delivery, error) {
	rows, err := st.Pool().Query(ctx, `SELECT id, kind, state, attempts, coalesce(last_status, 0), last_error, created_at, sent_at, next_at
		FROM deliveries WHERE receiver_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, receiver, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Delivery, error) {
		var d Delivery
		var sent, next *time.Time
		err := row.Scan(&d.ID, &d.Kind, &d.State, &d.Attempts, &d.LastStatus, &d.LastError, &d.CreatedAt, &sent, &next)
		if sent != nil {
			d.SentAt = *sent
		}
		if next != nil {
			d.NextAt = *next
		}
		return d, err
	})
}
