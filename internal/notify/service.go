package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"

	"github.com/relais-org/relais/internal/store"
)

// Sender carries one message out of the house. Two are real: the mail server
// and the SMS gateway. It MUST send the message's id along, so that a second
// attempt after a crash can be recognised.
type Sender interface {
	Send(ctx context.Context, id string, m Message) error
}

// ErrRefused says that the other side will never accept this message (a
// malformed number, an unknown mailbox): trying again is useless.
var ErrRefused = errors.New("notify: refused for good")

// Dependencies of the service. A nil sender means that the channel is not
// configured: its messages wait, visibly, and are tried again.
type Dependencies struct {
	Store     *store.Store
	Mail, SMS Sender
	Logger    *slog.Logger
}

// Service sends what was queued.
type Service struct{ deps Dependencies }

// New makes the service.
func New(d Dependencies) *Service {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	return &Service{deps: d}
}

// Register adds the worker that sends.
func (s *Service) Register(workers *river.Workers) error {
	return river.AddWorkerSafely(workers, &sendWorker{service: s})
}

type sendWorker struct {
	river.WorkerDefaults[sendArgs]
	service *Service
}

// Work sends one message. It is at-least-once: a message no longer queued is
// nothing to do.
func (w *sendWorker) Work(ctx context.Context, job *river.Job[sendArgs]) error {
	s := w.service
	row, err := loadMessage(ctx, s.deps.Store, job.Args.Message)
	if err != nil {
		return fmt.Errorf("load the message: %w", err)
	}
	if row.State != "queued" {
		return nil
	}
	m := row.queued().Message
	sendErr := s.send(ctx, row.ID.String(), m)
	last := job.Attempt >= job.MaxAttempts || errors.Is(sendErr, ErrRefused)
	err = s.deps.Store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		if sendErr == nil {
			return markSent(tx, row.ID, job.Args.Secret)
		}
		return markAttempt(tx, row.ID, reason(sendErr), last, job.Args.Secret)
	})
	if err != nil {
		return fmt.Errorf("keep what became of the message: %w", err)
	}
	if sendErr == nil {
		return nil
	}
	s.deps.Logger.WarnContext(ctx, "a message was not sent", slog.String("message", row.ID.String()),
		slog.String("kind", m.Kind), slog.String("channel", string(m.Channel)), slog.Int("attempt", job.Attempt), slog.Bool("last", last))
	if last {
		return river.JobCancel(sendErr)
	}
	return sendErr
}

func (s *Service) send(ctx context.Context, id string, m Message) error {
	sender := s.deps.Mail
	if m.Channel == SMS {
		sender = s.deps.SMS
	}
	if sender == nil {
		return fmt.Errorf("notify: the %s channel is not configured", m.Channel)
	}
	return sender.Send(ctx, id, m)
}

// reason is a short cause without the recipient, for the operator's page.
func reason(err error) string {
	switch {
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "unreachable"
}
