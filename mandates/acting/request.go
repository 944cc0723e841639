package acting

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

// Begin keeps a request that the provider has validated, for a mediator to
// choose. Nothing is given yet, so it needs no decision and leaves no event.
// Asking for what the service does not offer is invalid, field
// authorization_details or rep_scope, code not_offered.
func (s *Service) Begin(ctx context.Context, n NewRequest) (Request, error) {
	if n.Client.Kind != clients.Service {
		return Request{}, problem.NotFound()
	}
	if err := s.checkParams(n); err != nil {
		return Request{}, err
	}
	st := s.commands.Store()
	now := st.Now()
	r := Request{ID: st.NewID(), Client: n.Client, Params: n.Params, State: Open, Version: 1, CreatedAt: now, ExpiresAt: now.Add(RequestLifetime)}
	if len(n.Browser) > 0 {
		sum := sha256.Sum256(n.Browser)
		r.browserHash = sum[:]
	}
	if err := insertRequest(ctx, st, r); err != nil {
		return Request{}, problem.Wrap(err, "keep a request")
	}
	return r, nil
}

func (s *Service) checkParams(n NewRequest) error {
	if len(n.Params.Details)+len(n.Params.RepScope) > 0 && len(s.offered(n.Client, n.Params)) == 0 {
		field := "authorization_details"
		if len(n.Params.RepScope) > 0 {
			field = "rep_scope"
		}
		return problem.Invalid(problem.At(field, "not_offered"))
	}
	for _, d := range n.Params.Details {
		strange := func(a string) bool { return !slices.Contains(packs.Actions(), a) }
		foreign := func(p string) bool { return !slices.Contains(n.Client.Procedures, p) }
		if d.Type != s.detailType() || slices.ContainsFunc(d.Actions, strange) || slices.ContainsFunc(d.Procedures, foreign) {
			return problem.Invalid(problem.At("authorization_details", "not_offered"))
		}
	}
	return nil
}

// offered are the procedures that can be chosen: those of the client that the
// request asks for, or all of them if it asks for none. In the FranceConnect
// profile a word of rep_scope is a procedure or a whole theme, before the point.
func (s *Service) offered(c clients.Client, p Params) []string {
	out := []string{}
	for _, code := range c.Procedures {
		theme, _, _ := strings.Cut(code, ".")
		byDetail := len(p.Details) == 0 || slices.ContainsFunc(p.Details, func(d Detail) bool {
			return len(d.Procedures) == 0 || slices.Contains(d.Procedures, code)
		})
		byScope := len(p.RepScope) == 0 || slices.Contains(p.RepScope, code) || slices.Contains(p.RepScope, theme)
		if byDetail && byScope {
			out = append(out, code)
		}
	}
	return out
}

// askedActions are the actions a request asks for in a procedure; all of them
// if it names none.
func (p Params) askedActions(procedure string) []string {
	var out []string
	for _, d := range p.Details {
		if len(d.Procedures) == 0 || slices.Contains(d.Procedures, procedure) {
			if len(d.Actions) == 0 {
				return packs.Actions()
			}
			out = append(out, d.Actions...)
		}
	}
	if len(p.Details) == 0 {
		return packs.Actions()
	}
	return out
}

// Request gives a request under way, for the provider: unknown and expired ones
// are not found. Compare the browser with OfBrowser before answering one.
func (s *Service) Request(ctx context.Context, id uuid.UUID) (Request, error) {
	r, err := loadRequest(ctx, s.commands.Store(), id)
	if err == nil && !s.commands.Store().Now().Before(r.ExpiresAt) {
		err = problem.NotFound()
	}
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// RepScope says what a delegation lends in the words of rep_scope that it was
// asked in: its procedure, or the theme. A request outlives its delegation
// (RequestLifetime + sweepAfter against DelegationLifetime); where nothing is
// known of it, only the procedure itself was granted, never its whole theme.
func (s *Service) RepScope(ctx context.Context, d Delegation) ([]string, error) {
	r, err := loadRequest(ctx, s.commands.Store(), d.Request)
	if err != nil && !problem.Is(err, "not_found") {
		return nil, err
	}
	theme, _, _ := strings.Cut(d.Procedure, ".")
	out := within(r.Params.RepScope, []string{d.Procedure, theme})
	if len(out) == 0 {
		out = []string{d.Procedure}
	}
	return out, nil
}

// Push keeps a request sent ahead of the browser (RFC 9126) under a secret that
// the provider made, once and for 90 seconds.
func (s *Service) Push(ctx context.Context, client clients.Client, p Params, uri string) (expiresAt time.Time, err error) {
	if err := s.checkParams(NewRequest{Client: client, Params: p}); err != nil {
		return time.Time{}, err
	}
	expiresAt = s.commands.Store().Now().Add(PushedLifetime)
	return expiresAt, insertPushed(ctx, s.commands.Store(), client.ID, p, hashOf(uri), expiresAt)
}

// TakePushed uses a pushed request up. Unknown, expired, used and another
// client's are not found.
func (s *Service) TakePushed(ctx context.Context, client clients.Client, uri string) (Params, error) {
	return takePushed(ctx, s.commands.Store(), client.ID, hashOf(uri))
}

// mine demands that a request is this mediator's, in this very session: the
// session is one browser's, and Open bound both.
func (r Request) mine(actor authz.Actor) bool {
	return actor.Account != uuid.Nil && r.account == actor.Account && r.session == actor.Session &&
		r.organisation == actor.Organisation
}

// choosable loads a request that this mediator may still choose on. Another's
// is not found; one that is over says so.
func (s *Service) choosable(ctx context.Context, actor authz.Actor, id uuid.UUID) (Request, error) {
	r, err := s.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	if !r.mine(actor) {
		return Request{}, problem.NotFound()
	}
	if err := s.mayChoose(ctx, actor, r); err != nil {
		return Request{}, err
	}
	if r.State != Open {
		return r, problem.Conflict("request_over")
	}
	return r, nil
}
