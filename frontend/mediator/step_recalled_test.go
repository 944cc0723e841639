package mediator_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/mandates"
)

// asked is how many connections the statements of every request took.
func (h *house) asked() int64 { return h.store.Hot().Stat().AcquireCount() }

// A step from a browser just seen is one statement: its session is not read first.
func TestAStepIsOneStatement(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	page := h.b.get(h.path).is(http.StatusOK)
	h.b.post(h.path+"/steps", step(page.hidden("key"), "prepare", mandates.OutcomePrepared)).is(http.StatusSeeOther) // the first under its mandate tells the person
	page = h.b.get(h.path).is(http.StatusOK)
	before := h.asked()
	h.b.post(h.path+"/steps", step(page.hidden("key"), "view", mandates.OutcomeDone)).goes(h.path)
	if got := h.asked() - before; got != 1 || h.steps() != 2 {
		t.Errorf("%d statements, %d steps", got, h.steps())
	}
	h.clock.Advance(authz.StepUpAge) // then being seen is to be written: the session is read
	before = h.asked()
	h.b.post(h.path+"/steps", step(uuid.NewString(), "view", mandates.OutcomeDone)).goes(h.path)
	if got := h.asked() - before; got < 2 || h.steps() != 3 {
		t.Errorf("%d statements, %d steps", got, h.steps())
	}
}

// AU-07, AU-10, ST-03: whatever happens to a session elsewhere, at another process too, is
// known to the very next step, of which nothing is written.
func TestAStepIsHeldToItsSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(ctx context.Context, h *helped, elsewhere *authz.Sessions, session authz.Session) error
		status  int
	}{
		"signed out": {func(ctx context.Context, h *helped, elsewhere *authz.Sessions, _ authz.Session) error {
			return elsewhere.End(ctx, h.b.token)
		}, http.StatusUnauthorized},
		"signed out everywhere": {func(ctx context.Context, h *helped, elsewhere *authz.Sessions, s authz.Session) error {
			_, err := elsewhere.EndAllOf(ctx, s.Account)
			return err
		}, http.StatusUnauthorized},
		"under a new token": {func(ctx context.Context, _ *helped, elsewhere *authz.Sessions, s authz.Session) error {
			_, _, err := elsewhere.Renew(ctx, s.ID, authz.Renewed{})
			return err
		}, http.StatusUnauthorized},
		"another organisation chosen": {func(ctx context.Context, h *helped, elsewhere *authz.Sessions, s authz.Session) error {
			return elsewhere.SetOrganisation(ctx, s.ID, h.newOrganisation("Ailleurs"))
		}, http.StatusNotFound},
		"membership suspended": {func(ctx context.Context, h *helped, _ *authz.Sessions, s authz.Session) error {
			var membership uuid.UUID
			err := h.store.Pool().QueryRow(ctx, `SELECT id FROM memberships WHERE account_id = $1`, s.Account).Scan(&membership)
			must(h.t, err)
			return h.orgs.Suspend(ctx, h.actor(h.referent), membership, "Contrôle en cours")
		}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupCase(t)
			page := h.b.get(h.path).is(http.StatusOK)
			h.b.post(h.path+"/steps", step(page.hidden("key"), "prepare", mandates.OutcomePrepared)).is(http.StatusSeeOther)
			elsewhere := authz.NewSessions(authz.SessionsDeps{Store: h.store})
			session, err := elsewhere.Load(t.Context(), h.b.token)
			must(t, err)
			must(t, c.happens(t.Context(), h, elsewhere, session))
			if c.status == http.StatusUnauthorized { // before anything is said of what they sent
				h.b.post("/cases/nothing/steps", step(uuid.NewString(), "view", mandates.OutcomeDone)).is(c.status)
			}
			h.b.post(h.path+"/steps", step(uuid.NewString(), "view", mandates.OutcomeDone)).is(c.status)
			if h.steps() != 1 {
				t.Errorf("%d steps", h.steps())
			}
		})
	}
}
