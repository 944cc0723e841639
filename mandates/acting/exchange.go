package acting

import (
	"context"
	"slices"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// Exchange gives another service a token for part of what the token behind d
// lends (OP-08), and says which service that is: never more actions or scopes,
// never longer than that token or five minutes, only a procedure the other service
// offers too, and only an active service. Any other audience, known or not, is
// target_invalid, and recorded. d comes from Subject.
func (s *Service) Exchange(ctx context.Context, client clients.Client, d Delegation, x Exchange) (clients.Client, Tokens, error) {
	try := attemptOf(client, authz.DelegationExchange, exchangeCommand)
	if d.Token.Kind != "access" || d.Client.ID != client.ID || d.exchanged() {
		return clients.Client{}, Tokens{}, s.refused(ctx, try, "target_invalid", errTarget, d)
	}
	target, err := s.target(ctx, try, d, x.Audience)
	if err != nil {
		return clients.Client{}, Tokens{}, err
	}
	actions, scopes := x.Actions, x.Scopes
	if len(actions) == 0 {
		actions = d.lent()
	}
	if len(scopes) == 0 {
		scopes = target.Entitled(d.Token.Scopes)
	}
	if !inside(actions, d.lent()) || !inside(scopes, d.Token.Scopes) || len(target.Entitled(scopes)) < len(scopes) {
		return clients.Client{}, Tokens{}, s.refused(ctx, try, "scope_broader", errBroader, d)
	}
	again := func() (Delegation, error) { return s.exchangeable(ctx, try, d, actions) }
	fresh, err := again()
	if err != nil {
		return clients.Client{}, Tokens{}, err
	}
	_, out, err := s.hand(ctx, fresh, issue{
		client: client, holder: target, kind: translog.DelegationExchanged, audience: target.ClientID,
		scopes: scopes, actions: actions, until: d.Token.ExpiresAt, spend: spendNothing,
	}, again)
	return target, out, err
}

// exchangeable is d as it is now, when each of the actions may be passed on.
func (s *Service) exchangeable(ctx context.Context, try attempt, d Delegation, actions []string) (Delegation, error) {
	fresh, err := s.again(ctx, d)
	if err != nil {
		return Delegation{}, err
	}
	for _, action := range actions {
		try.ask = asked{action: action, sensitive: true}
		if err := s.admit(ctx, try, fresh); err != nil {
			return Delegation{}, err
		}
	}
	return fresh, nil
}

// target is the other service of an exchange: active, and one that offers the
// procedure too.
func (s *Service) target(ctx context.Context, try attempt, d Delegation, audience string) (clients.Client, error) {
	target, err := s.clients.ByClientID(ctx, audience)
	if err != nil && !problem.Is(err, "not_found") {
		return clients.Client{}, err
	}
	if err != nil || target.Kind != clients.Service || target.ID == try.caller.ID || !slices.Contains(target.Procedures, d.Procedure) {
		return clients.Client{}, s.refused(ctx, try, "target_invalid", errTarget, d)
	}
	return target, nil
}

var (
	errTarget  = problem.New(problem.KindInvalid, "target_invalid")
	errBroader = problem.New(problem.KindInvalid, "scope_broader")
)

// within keeps of a list what is also in another; inside says whether all is.
func within(list, of []string) []string {
	out := []string{}
	for _, s := range list {
		if slices.Contains(of, s) {
			out = append(out, s)
		}
	}
	return out
}

func inside(list, of []string) bool { return len(within(list, of)) == len(list) }
