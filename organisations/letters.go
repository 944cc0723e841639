package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// messageObject is a letter as the law sees it.
func messageObject(actor authz.Actor, beneficiary uuid.UUID) authz.Object {
	return authz.Object{Kind: authz.KindMessage, Organisation: actor.Organisation, Beneficiary: beneficiary}
}

// LetterPage gives one page of what still waits, the oldest first: at most limit
// letters after one of them, or from the beginning; and how many wait in all.
func (s *Service) LetterPage(ctx context.Context, actor authz.Actor, after uuid.UUID, limit int) (page []notify.Queued, waiting int, err error) {
	if actor.Organisation == uuid.Nil {
		return nil, 0, errNoOrganisation
	}
	if err := s.commands.Decide(actor, authz.MessageRead, messageObject(actor, uuid.Nil)).Err(); err != nil {
		return nil, 0, err
	}
	page, n, err := notify.LetterPage(ctx, s.store, actor.Organisation, after, limit)
	return page, int(n), err
}

// Letter gives one letter of the organisation acted for, printed ones too.
func (s *Service) Letter(ctx context.Context, actor authz.Actor, id uuid.UUID) (notify.Queued, error) {
	if actor.Organisation == uuid.Nil {
		return notify.Queued{}, errNoOrganisation
	}
	if err := s.commands.Decide(actor, authz.MessageRead, messageObject(actor, uuid.Nil)).Err(); err != nil {
		return notify.Queued{}, err
	}
	return notify.OneLetter(ctx, s.store, actor.Organisation, id)
}

// PrintLetter says that a letter was printed and is on its way to the post;
// once only: letter_printed. The person sees it among what was done.
func (s *Service) PrintLetter(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	if actor.Organisation == uuid.Nil {
		return errNoOrganisation
	}
	letter, absence := notify.OneLetter(ctx, s.store, actor.Organisation, id)
	whose := translog.Event{Organisation: actor.Organisation, Beneficiary: letter.Beneficiary}
	return s.commands.Run(ctx, actor, "print_letter", func(tx *command.Tx) error {
		if err := tx.Decide(authz.MessagePrint, messageObject(actor, letter.Beneficiary), whose); err != nil {
			return err
		}
		if absence != nil {
			return absence
		}
		if err := notify.MarkPrinted(tx.Tx, actor.Organisation, id); err != nil {
			if problem.As(err).Kind == problem.KindConflict {
				return tx.Refuse(problem.Conflict("letter_printed"), whose)
			}
			return err
		}
		e := whose
		e.Kind, e.Detail = translog.LetterPrinted, LetterDetail{Letter: id, Message: letter.Kind}
		return tx.Append(e)
	})
}

// LetterDetail belongs to letter.printed.
type LetterDetail struct {
	Letter  uuid.UUID `json:"letter"`
	Message string    `json:"message"` // its kind: mandate_signed, dispute_answered…
}
