package beneficiaries

import (
	"context"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/notify"
)

// Messages are what was sent to the person who asks, newest first, 50 at most.
// The text of a message that carries a code is never among them.
func (s *Service) Messages(ctx context.Context, actor authz.Actor) ([]notify.Queued, error) {
	obj := authz.Object{Kind: authz.KindMessage, Organisation: actor.Organisation, Beneficiary: actor.Beneficiary}
	if err := s.commands.Decide(actor, authz.MessageRead, obj).Err(); err != nil {
		return nil, err
	}
	sent, err := notify.ToBeneficiary(ctx, s.commands.Store(), actor.Beneficiary)
	for i := range sent {
		sent[i] = withoutCode(sent[i])
	}
	return sent, err
}

// EachMessage gives the person every message sent to them, newest first, as
// Messages shows them.
func (s *Service) EachMessage(ctx context.Context, actor authz.Actor, each func(notify.Queued) error) error {
	obj := authz.Object{Kind: authz.KindMessage, Organisation: actor.Organisation, Beneficiary: actor.Beneficiary}
	if err := s.commands.Decide(actor, authz.MessageRead, obj).Err(); err != nil {
		return err
	}
	return notify.EachToBeneficiary(ctx, s.commands.Store(), actor.Beneficiary, func(m notify.Queued) error { return each(withoutCode(m)) })
}

// withoutCode hides the words that hold a code.
func withoutCode(m notify.Queued) notify.Queued {
	if m.Kind == (notify.ConsentCode{}).Kind() || m.Kind == (notify.PortalCode{}).Kind() {
		m.Body = ""
	}
	return m
}
