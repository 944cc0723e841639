package benefits

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"

	"golang.org/x/oauth2"
)

// Why a delegation ended; the words of the page follow it.
const (
	whyMandate  = "mandate"
	whyMediator = "mediator"
	whySession  = "session"
	whyEnded    = "ended"
)

// asks are the actions asked for at first: no more than the application needs.
var asks = []string{actionPrepare, actionSubmit}

// act sends the browser to Relais, to choose for whom. for and page name an
// application that needs more than it has.
func (s *Service) act(v *visitor) error {
	q := v.r.URL.Query()
	w := wish{Actions: slices.Clone(asks), Language: v.lang, StepUp: q.Get("step_up") == "1",
		flow: flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Began: s.Now()}}
	if a, h, ok := s.memory.open(v.id, q.Get("for")); ok {
		w.Application, w.Page = a.ID, q.Get("page")
		for _, action := range append(slices.Clone(h.Actions), needs[w.Page]) {
			if action != "" && !slices.Contains(w.Actions, action) {
				w.Actions = append(w.Actions, action)
			}
		}
	}
	w.StepUp = w.StepUp || slices.Contains(w.Actions, actionPayment)
	to, err := s.relais.push(v.r.Context(), w)
	if err != nil {
		return err
	}
	s.memory.begin(v.id, w.flow)
	return v.see(to)
}

// callback is where Relais sends the browser back.
func (s *Service) callback(v *visitor) error {
	q := v.r.URL.Query()
	f, ok := s.memory.take(v.id, q.Get("state"))
	if !ok {
		return s.problem(v, http.StatusBadRequest, "lost")
	}
	if q.Get("iss") != s.Issuer { // RFC 9207: an answer of somebody else's must not be redeemed here
		return s.problem(v, http.StatusBadRequest, "lost")
	}
	if fault := q.Get("error"); fault != "" {
		return s.sentBack(v, f, fault)
	}
	g, t, err := s.relais.redeem(v.r.Context(), f, q.Get("code"))
	if ended := (*endedError)(nil); errors.As(err, &ended) {
		return s.problem(v, http.StatusForbidden, "refused", ended.reasons...)
	}
	if err != nil {
		return err
	}
	v.setVisit(s.memory.renew(v.id))
	h := s.memory.hold(v.id, g, t)
	s.memory.note(h.entry("authorised", true))
	path := "/applications/" + h.Application
	if f.Application == h.Application && forms[f.Page] != nil {
		path += "/" + f.Page
	}
	return v.see(path)
}

// sentBack says what Relais answered instead of a code.
func (s *Service) sentBack(v *visitor, f flow, fault string) error {
	s.memory.note(entry{Kind: "sent_back", Detail: known(fault)})
	switch fault {
	case errStepUp, "unmet_authentication_requirements":
		return s.render(v, http.StatusForbidden, "again", view{Flow: f})
	case "access_denied":
		return s.render(v, http.StatusOK, "declined", view{Flow: f})
	case "temporarily_unavailable", "server_error":
		return s.problem(v, http.StatusServiceUnavailable, "away")
	}
	return s.problem(v, http.StatusForbidden, "refused")
}

// known keeps what came in an address out of our log, unless it is a code.
func known(fault string) string {
	codes := []string{errStepUp, "unmet_authentication_requirements", "access_denied", "temporarily_unavailable", "server_error", "login_required",
		"invalid_scope", "invalid_authorization_details", "interaction_required"}
	if slices.Contains(codes, fault) {
		return fault
	}
	return "?"
}

// leave forgets this browser and gives back what Relais gave: the computer may
// be anybody's.
func (s *Service) leave(v *visitor) error {
	for _, h := range s.memory.forget(v.id) {
		if h.Stop != nil || h.refresh == "" {
			continue
		}
		if err := s.relais.revoke(v.r.Context(), h.refresh); err != nil {
			s.Logger.WarnContext(v.r.Context(), "relais did not take a token back", "error", err)
		}
		s.memory.note(h.entry("left", true))
	}
	v.setVisit(s.memory.newVisit())
	return v.see("/")
}

// enter opens the application of an address, with a token that is good now.
// done: the visitor was told already why not.
func (s *Service) enter(v *visitor) (o opened, done bool, err error) {
	a, h, ok := s.memory.open(v.id, v.r.PathValue("id"))
	if !ok {
		return opened{}, true, s.problem(v, http.StatusNotFound, "closed")
	}
	o = opened{a, h}
	v.open = &o
	if o.Stop != nil {
		return o, false, nil
	}
	if s.Now().Before(o.expires) {
		return o, false, nil
	}
	o, err = s.fresh(v.r.Context(), v.id, o)
	return o, false, err
}

// fresh spends the refresh token, one tab at a time.
func (s *Service) fresh(ctx context.Context, visitID string, o opened) (opened, error) {
	o.renewing.Lock()
	defer o.renewing.Unlock()
	a, h, ok := s.memory.open(visitID, o.Application)
	if !ok {
		return o, errors.New("the application was forgotten meanwhile")
	}
	if h.Stop != nil || s.Now().Before(h.expires) {
		return opened{a, h}, nil // another tab did it, or an event came
	}
	g, t, err := s.relais.renew(ctx, h.refresh)
	ended := (*endedError)(nil)
	switch {
	case errors.As(err, &ended):
		return s.end(visitID, o, stop{At: s.Now(), Why: why(ended.reasons)}), nil
	case err != nil:
		return o, err
	case g.Person != h.Person || g.Mandate != h.Mandate:
		return o, errors.New("the new token is about somebody else")
	}
	s.memory.changeHolding(visitID, o.Application, func(h *holding) {
		g.who = h.who
		h.grant, h.tokens = g, t
	})
	s.memory.note(h.entry("renewed", true))
	a, h, _ = s.memory.open(visitID, o.Application)
	return opened{a, h}, nil
}

// end marks a holding that Relais gives nothing for any more.
func (s *Service) end(visitID string, o opened, why stop) opened {
	s.memory.changeHolding(visitID, o.Application, func(h *holding) {
		if h.Stop == nil {
			h.Stop = &why
		}
	})
	e := o.entry("ended", false)
	e.Detail = why.Why
	s.memory.note(e)
	a, h, _ := s.memory.open(visitID, o.Application)
	return opened{a, h}
}

// why reads reasons of Relais as this service's words for them.
func why(reasons []string) string {
	for _, r := range reasons {
		switch r {
		case "mandate_revoked", "mandate_expired", "mandate_suspended", "mandate_not_active", "procedure_not_in_scope", "action_not_in_scope":
			return whyMandate
		case "account_suspended", "membership_inactive", "mediator_not_confirmed", "mediator_not_trained", "training_expired", "charter_not_accepted", "organisation_suspended":
			return whyMediator
		}
	}
	return whyEnded
}

// entry of the journal about a holding.
func (h holding) entry(kind string, good bool) entry {
	return entry{Kind: kind, Good: good, Mediator: h.MediatorName, Organisation: h.OrganisationIs, Person: h.Name}
}
