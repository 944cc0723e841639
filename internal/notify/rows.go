package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

type messageRow struct {
	ID             uuid.UUID
	DedupeKey      string
	OrganisationID *uuid.UUID
	BeneficiaryID  *uuid.UUID
	AccountID      *uuid.UUID
	Kind           string
	Channel        string
	Language       string
	Recipient      string
	Subject        string
	Body           string
	State          string
	Attempts       int
	CreatedAt      time.Time
	SentAt         *time.Time
}

func (messageRow) TableName() string { return "messages" }

func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func insertMessage(tx *store.Tx, id uuid.UUID, m Message) (bool, error) {
	res := tx.DB().Exec(`INSERT INTO messages
		(id, dedupe_key, organisation_id, beneficiary_id, account_id, kind, channel, language, recipient, subject, body, state, created_at)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,'queued',?) ON CONFLICT (dedupe_key) DO NOTHING`,
		id, m.DedupeKey, optional(m.Organisation), optional(m.Beneficiary), optional(m.Account),
		m.Kind, string(m.Channel), m.Language, m.Recipient, m.Subject, m.Body, tx.Now())
	return res.RowsAffected == 1, res.Error
}

func loadMessage(ctx context.Context, st *store.Store, id uuid.UUID) (messageRow, error) {
	var row messageRow
	err := store.First(st.Read(ctx).Where("id = ?", id), &row)
	return row, err
}

func markSent(tx *store.Tx, id uuid.UUID, secret bool) error {
	changes := map[string]any{"state": "sent", "sent_at": tx.Now(), "error": ""}
	if secret {
		changes["body"] = ""
	}
	return store.ExpectOne(tx.DB().Model(&messageRow{}).Where("id = ? AND state = 'queued'", id).Updates(changes))
}

// markAttempt keeps that an attempt failed; the last one ends the message.
func markAttempt(tx *store.Tx, id uuid.UUID, why string, last, secret bool) error {
	changes := map[string]any{"attempts": gorm.Expr("attempts + 1"), "error": why}
	if last {
		changes["state"] = "failed"
		if secret {
			changes["body"] = ""
		}
	}
	return store.ExpectOne(tx.DB().Model(&messageRow{}).Where("id = ? AND state = 'queued'", id).Updates(changes))
}

// LetterPage is one page of an organisation's waiting letters, the oldest first:
// those after one of its letters, or from the beginning; and how many wait in all.
func LetterPage(ctx context.Context, st *store.Store, organisation, after uuid.UUID, limit int) (page []Queued, waiting int64, err error) {
	still := func() *gorm.DB {
		return st.Read(ctx).Where("organisation_id = ? AND channel = 'letter' AND state = 'queued'", organisation)
	}
	if err := still().Model(&messageRow{}).Count(&waiting).Error; err != nil {
		return nil, 0, err
	}
	q := still()
	if after != uuid.Nil {
		q = q.Where("(created_at, id) > (SELECT m.created_at, m.id FROM messages m WHERE m.id = ? AND m.organisation_id = ?)", after, organisation)
	}
	page, err = list(q.Order("created_at, id").Limit(limit))
	return page, waiting, err
}

// ToBeneficiary are the messages sent to one person, newest first, 50 at most.
func ToBeneficiary(ctx context.Context, st *store.Store, beneficiary uuid.UUID) ([]Queued, error) {
	return list(st.Read(ctx).Where("beneficiary_id = ?", beneficiary).Order("created_at DESC, id").Limit(50))
}

// EachToBeneficiary gives every message to one person, newest first, however
// many there are; it stops at the first error of each.
func EachToBeneficiary(ctx context.Context, st *store.Store, beneficiary uuid.UUID, each func(Queued) error) error {
	const atOnce = 200
	var last *Queued
	for {
		q := st.Read(ctx).Where("beneficiary_id = ?", beneficiary)
		if last != nil {
			q = q.Where("created_at < ? OR (created_at = ? AND id > ?)", last.CreatedAt, last.CreatedAt, last.ID)
		}
		page, err := list(q.Order("created_at DESC, id").Limit(atOnce))
		if err != nil {
			return err
		}
		for i := range page {
			if err := each(page[i]); err != nil {
				return err
			}
			last = &page[i]
		}
		if len(page) < atOnce {
			return nil
		}
	}
}

// OneLetter loads a letter of that organisation, or problem.NotFound.
func OneLetter(ctx context.Context, st *store.Store, organisation, id uuid.UUID) (Queued, error) {
	var row messageRow
	err := store.First(st.Read(ctx).Where("id = ? AND organisation_id = ? AND channel = 'letter'", id, organisation), &row)
	return row.queued(), err
}

// MarkPrinted says that a letter was printed; once only.
func MarkPrinted(tx *store.Tx, organisation, id uuid.UUID) error {
	return store.ExpectOne(tx.DB().Model(&messageRow{}).
		Where("id = ? AND organisation_id = ? AND channel = 'letter' AND state = 'queued'", id, organisation).
		Updates(map[string]any{"state": "printed", "sent_at": tx.Now()}))
}

func list(q *gorm.DB) ([]Queued, error) {
	var rows []messageRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Queued, len(rows))
	for i, r := range rows {
		out[i] = r.queued()
	}
	return out, nil
}

func (r messageRow) queued() Queued {
	q := Queued{ID: r.ID, State: r.State, CreatedAt: r.CreatedAt, Message: Message{
		DedupeKey: r.DedupeKey, Kind: r.Kind, Channel: Channel(r.Channel), Language: r.Language,
		Recipient: r.Recipient, Subject: r.Subject, Body: r.Body,
	}}
	for from, to := range map[*uuid.UUID]*uuid.UUID{r.OrganisationID: &q.Organisation, r.BeneficiaryID: &q.Beneficiary, r.AccountID: &q.Account} {
		if from != nil {
			*to = *from
		}
	}
	if r.SentAt != nil {
		q.SentAt = *r.SentAt
	}
	return q
}
