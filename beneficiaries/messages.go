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
	codes := map[string]bool{notify.ConsentCode{}.Kind(): true, notify.PortalCode{}.Kind(): true}
	for i := range sent {
		if codes[sent[i].Kind] {
			sent[i].Body = ""
		}
	}
	return sent, err
}
