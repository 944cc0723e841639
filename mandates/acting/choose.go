package acting

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// chooseCommand names the choosing in refusals.
const chooseCommand = "request.choose"

// Limits of a search for people to act for.
const (
	shortestSearch = 2 // letters
	mostOffered    = 20
)

// Open shows a request to the mediator who chooses, and binds it to their
// browser, account and session the first time. Another browser's or mediator's
// is not found. Coming back later, after signing in again in the same browser,
// finds everything as it was, unless the organisation acted for is another now:
// then the choices begin again.
//
// A request that was granted or declined is given with its State, for the page
// to send the browser on; its code is given only once.
func (s *Service) Open(ctx context.Context, actor authz.Actor, id uuid.UUID, browser []byte) (Choosing, error) {
	if actor.Account == uuid.Nil || len(browser) == 0 {
		return Choosing{}, problem.NotFound()
	}
	r, err := loadRequest(ctx, s.commands.Store(), id)
	if err != nil {
		return Choosing{}, err
	}
	if !s.commands.Store().Now().Before(r.ExpiresAt) {
		return expired(r, actor, browser)
	}
	if !r.bindable(actor, browser) {
		return Choosing{}, problem.NotFound()
	}
	// Who may not choose takes nobody's place; but who lacks something only is sent
	// back to the service by declining, which is for whoever the request belongs to.
	refused := s.mayChoose(ctx, actor, r)
	if refused != nil && !s.commands.Decide(actor, authz.RequestDecline, choosingOf(actor, r)).Allowed {
		return Choosing{}, refused
	}
	if r.State == Open && (!r.OfBrowser(browser) || !r.mine(actor)) {
		if r, err = s.bind(ctx, actor, id, browser); err != nil {
			return Choosing{}, err
		}
	}
	if refused != nil {
		return Choosing{}, refused
	}
	return s.choosing(ctx, actor, r)
}

// bindable reports whether a request is this mediator's and browser's, or
// nobody's yet.
func (r Request) bindable(actor authz.Actor, browser []byte) bool {
	free := r.State == Open
	return (r.OfBrowser(browser) || free && r.browserHash == nil) && (r.account == actor.Account || free && r.account == uuid.Nil)
}

// bind makes an open request this mediator's, and gives it as it is then. Who
// comes second does not find it.
func (s *Service) bind(ctx context.Context, actor authz.Actor, id uuid.UUID, browser []byte) (Request, error) {
	sum := sha256.Sum256(browser)
	bound, err := bindRequest(ctx, s.commands.Store(), actor, id, sum[:])
	if err != nil {
		return Request{}, problem.Wrap(err, "bind a request")
	}
	r, err := loadRequest(ctx, s.commands.Store(), id)
	if err != nil {
		return Request{}, err
	}
	if !bound && (r.State == Open || !r.bindable(actor, browser)) {
		return Request{}, problem.NotFound()
	}
	return r, nil
}

// expired gives back a request that is too old with its State, for the page to
// say where to start again: only to the mediator and browser it belonged to.
func expired(r Request, actor authz.Actor, browser []byte) (Choosing, error) {
	if !r.OfBrowser(browser) || r.account != uuid.Nil && r.account != actor.Account {
		return Choosing{}, problem.NotFound()
	}
	r.State = Expired
	return Choosing{Request: r, ClientName: r.Client.Name}, nil
}

// mayChoose asks the law, and records its refusal.
func (s *Service) mayChoose(ctx context.Context, actor authz.Actor, r Request) error {
	if err := s.commands.Decide(actor, authz.RequestChoose, choosingOf(actor, r)).Err(); err != nil {
		return s.commands.RefuseOutside(ctx, actor, chooseCommand, err, translog.Event{Organisation: actor.Organisation})
	}
	return nil
}

// choosingOf is a request as it is this actor's.
func choosingOf(actor authz.Actor, r Request) authz.Object {
	return authz.Object{Kind: authz.KindRequest, Organisation: actor.Organisation, Account: actor.Account, Client: r.Client.ID}
}

// choosing is the state of a request, with what could be chosen now.
func (s *Service) choosing(ctx context.Context, actor authz.Actor, r Request) (Choosing, error) {
	out := Choosing{Request: r, ClientName: r.Client.Name, Procedures: s.offered(r.Client, r.Params)}
	out.Receives.Claims = r.Client.ClaimsFor(r.Params.Scopes)
	if r.beneficiary == uuid.Nil {
		return out, nil
	}
	lines, err := s.linesOf(ctx, r, r.beneficiary)
	if err != nil {
		return Choosing{}, err
	}
	if len(lines) == 0 { // the mandate ended meanwhile: choose somebody again
		return out, nil
	}
	person := lines[0].Offered
	for _, l := range lines[1:] {
		if l.EndsAt.Before(person.EndsAt) {
			person.EndsAt = l.EndsAt
		}
	}
	out.Person, out.Choices = &person, s.choices(r, lines)
	line, there := lineFor(lines, r.procedure)
	if r.procedure == "" || !there {
		return out, nil
	}
	out.Person.Mandate, out.Person.EndsAt = line.Mandate, line.EndsAt
	out.Procedure, out.Actions = r.procedure, r.actions
	out.Sensitive = r.sensitive()
	out.NeedsStepUp = s.lacksFresh(actor, r)
	out.Receives.Actions = r.actions
	out.Receives.EndsAt = earliest(s.commands.Store().Now().Add(DelegationLifetime), line.EndsAt)
	return out, nil
}

// choices are, of what the service offers, what the person's live lines cover.
func (s *Service) choices(r Request, lines []line) []Choice {
	var out []Choice
	for _, code := range s.offered(r.Client, r.Params) {
		if actions := s.open(r, lines, code); len(actions) > 0 {
			out = append(out, Choice{Procedure: code, Actions: actions})
		}
	}
	return out
}

// open are the actions that can be chosen in a procedure: covered by the
// mandate, known to the procedure, and asked for.
func (s *Service) open(r Request, lines []line, procedure string) []string {
	l, there := lineFor(lines, procedure)
	pack, err := s.packs.Get(r.Client.Pack)
	if !there || err != nil {
		return nil
	}
	p, known := pack.Procedure(procedure)
	var out []string
	for _, a := range packs.Actions() {
		if known && p.Allows(a) && slices.Contains(l.actions, a) && slices.Contains(r.Params.askedActions(procedure), a) {
			out = append(out, a)
		}
	}
	return out
}

// line is one live line of a person's mandates.
type line struct {
	Offered
	grant      uuid.UUID
	procedures []string
	actions    []string
}

func lineFor(lines []line, procedure string) (line, bool) {
	i := slices.IndexFunc(lines, func(l line) bool { return slices.Contains(l.procedures, procedure) })
	if i < 0 {
		return line{}, false
	}
	return lines[i], true
}

// sensitive: an action chosen is, or the service asks for a fresh sign-in.
func (r Request) sensitive() bool {
	return slices.ContainsFunc(r.actions, packs.Sensitive) || slices.Contains(r.Params.ACRValues, ACRStepUp)
}

// lacksFresh reports whether this session must authenticate afresh first: for
// what is sensitive (OP-10), or for the age the service allows.
func (s *Service) lacksFresh(actor authz.Actor, r Request) bool {
	now := s.commands.Store().Now()
	if r.sensitive() && (actor.StrongAt.IsZero() || now.Sub(actor.StrongAt) > authz.StepUpAge) {
		return true
	}
	return r.tooOld(actor, now)
}

// tooOld: the sign-in is older than max_age. One made since the request came is
// young enough for any.
func (r Request) tooOld(actor authz.Actor, now time.Time) bool {
	if r.Params.MaxAge == nil || !actor.StrongAt.Before(r.CreatedAt) {
		return false
	}
	return now.Sub(actor.StrongAt) > time.Duration(*r.Params.MaxAge)*time.Second
}

// Offer searches, by name and date of birth, among the people of the actor's organisation with a
// live mandate for a procedure that can be chosen (OP-03): 20 at most, and none
// for fewer than two letters. There is no list of everybody.
func (s *Service) Offer(ctx context.Context, actor authz.Actor, id uuid.UUID, text string) ([]Offered, error) {
	r, err := s.choosable(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	text = strings.Join(strings.Fields(text), " ")
	if len([]rune(text)) < shortestSearch {
		return nil, problem.Invalid(problem.At("text", "too_short"))
	}
	return s.search(ctx, r, text)
}

// ChoosePerson picks for whom. Somebody without a live mandate for a procedure
// of this service, somebody of another organisation and nobody at all are the
// same: not found. Picking the same again, from an older page, changes nothing.
func (s *Service) ChoosePerson(ctx context.Context, actor authz.Actor, id uuid.UUID, version int, beneficiary uuid.UUID) error {
	r, err := s.choosable(ctx, actor, id)
	if err != nil {
		return err
	}
	lines, err := s.linesOf(ctx, r, beneficiary)
	if err != nil {
		return err
	}
	if len(s.choices(r, lines)) == 0 {
		return s.commands.RefuseOutside(ctx, actor, chooseCommand, problem.NotFound(), translog.Event{Organisation: actor.Organisation})
	}
	if r.beneficiary == beneficiary {
		return nil
	}
	return s.choose(ctx, actor, r, version, choice{beneficiary: beneficiary, mandate: lines[0].Mandate})
}

// ChooseScope picks the procedure and the actions. What the mandate does not
// cover, or the service did not ask for, is refused with its reason.
func (s *Service) ChooseScope(ctx context.Context, actor authz.Actor, id uuid.UUID, version int, procedure string, actions []string) error {
	r, err := s.choosable(ctx, actor, id)
	if err != nil {
		return err
	}
	if r.beneficiary == uuid.Nil {
		return problem.Conflict("stale")
	}
	lines, err := s.linesOf(ctx, r, r.beneficiary)
	if err != nil {
		return err
	}
	about := translog.Event{Organisation: actor.Organisation, Beneficiary: r.beneficiary, Mandate: r.mandate}
	open := []string{}
	if slices.Contains(s.offered(r.Client, r.Params), procedure) {
		open = s.open(r, lines, procedure)
		about.Procedure = procedure
	}
	switch {
	case procedure == "":
		return problem.Invalid(problem.At("procedure", "unknown_procedure"))
	case len(actions) == 0:
		return problem.Invalid(problem.At("actions", "not_offered"))
	case len(open) == 0:
		return s.commands.RefuseOutside(ctx, actor, chooseCommand, problem.Forbidden(string(authz.ReasonProcedureNotInScope)), about)
	case !inside(actions, open):
		return s.commands.RefuseOutside(ctx, actor, chooseCommand, problem.Forbidden(string(authz.ReasonActionNotInScope)), about)
	}
	chosen := within(packs.Actions(), actions) // in order, each once
	if r.procedure == procedure && slices.Equal(r.actions, chosen) {
		return nil
	}
	l, _ := lineFor(lines, procedure)
	return s.choose(ctx, actor, r, version, choice{beneficiary: r.beneficiary, mandate: l.Mandate, procedure: procedure, actions: chosen})
}

// choice is what a request holds of what was chosen.
type choice struct {
	beneficiary, mandate uuid.UUID
	procedure            string
	actions              []string
}

// choose writes a choice from the version of the page it was made on.
func (s *Service) choose(ctx context.Context, actor authz.Actor, r Request, version int, c choice) error {
	err := writeChoice(ctx, s.commands.Store(), actor, r.ID, version, c)
	if errors.Is(err, store.ErrNoRow) {
		return store.ErrStale
	}
	return err
}
