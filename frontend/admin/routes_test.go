package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/admin"
	"github.com/relais-org/relais/translog"
)

// Every route of the surface asks for a permission that exists.
func TestEveryRouteHasItsPermission(t *testing.T) {
	t.Parallel()
	routes := admin.New(admin.Dependencies{}).Routes()
	if len(routes) < 40 {
		t.Fatalf("only %d routes", len(routes))
	}
	seen := map[string]bool{}
	for _, r := range routes {
		p, ok := r.Access.(authz.Permission)
		if !ok || !authz.Known(p) {
			t.Errorf("%s %s asks for %v, which is no permission", r.Method, r.Path, r.Access)
		}
		if key := r.Method + r.Path; seen[key] {
			t.Errorf("%s %s twice", r.Method, r.Path)
		} else {
			seen[key] = true
		}
		if !strings.HasPrefix(r.Path, "/organisation/") && !strings.HasPrefix(r.Path, "/operator/") {
			t.Errorf("%s is not of this surface", r.Path)
		}
		if r.Handle == nil {
			t.Errorf("%s %s has no handler", r.Method, r.Path)
		}
	}
}

// AU-12: whoever has no business on a route is refused there; a change they
// tried is an event, and nothing changed.
func TestOtherRolesAreRefusedAndLogged(t *testing.T) {
	t.Parallel()
	h := setup(t)
	target := h.confirmed("Paul Morel")
	id := map[bool]string{true: target.ID.String(), false: h.org.String()}
	for role, c := range map[string]struct {
		account uuid.UUID
		mayOpen func(path string) bool
	}{
		"mediator":   {h.mediator, func(string) bool { return false }},
		"supervisor": {h.supervisor, func(string) bool { return false }},
		"referent":   {h.referent, func(path string) bool { return strings.HasPrefix(path, "/organisation/") }},
		"operator":   {h.operator, func(path string) bool { return strings.HasPrefix(path, "/operator/") }},
	} {
		b := h.browser(c.account)
		for _, r := range admin.New(admin.Dependencies{}).Routes() {
			if c.mayOpen(r.Path) {
				continue
			}
			path := strings.Replace(r.Path, ":id", id[strings.HasPrefix(r.Path, "/organisation/people")], 1)
			before := h.happened(translog.ActRefused)
			p := b.ask(r.Method, path, nil)
			if p.status != http.StatusForbidden && p.status != http.StatusNotFound {
				t.Errorf("a %s gets %d from %s %s", role, p.status, r.Method, r.Path)
			}
			if r.Method == http.MethodPost && h.happened(translog.ActRefused) != before+1 {
				t.Errorf("a %s refused at %s %s leaves no event", role, r.Method, r.Path)
			}
			p.lacks(t, "Paul Morel", address("Paul Morel"))
		}
	}
	if s := h.state(target.ID); s != "active" {
		t.Errorf("the membership is %s", s)
	}
}

// Nobody signed in is sent to sign in, and comes back.
func TestVisitorsSignInFirst(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(uuid.Nil)
	b.get("/organisation/people").goes(t, "/sign-in?next=%2Forganisation%2Fpeople")
	for _, r := range admin.New(admin.Dependencies{}).Routes() {
		if r.Method == http.MethodPost {
			p := b.ask(r.Method, strings.Replace(r.Path, ":id", uuid.NewString(), 1), nil)
			if p.status != http.StatusUnauthorized {
				t.Errorf("a visitor gets %d from %s", p.status, r.Path)
			}
		}
	}
}

// Ids that are none, and ids of nothing, are the same page (RB-02).
func TestUnknownIDs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for account, prefix := range map[uuid.UUID]string{h.referent: "/organisation/", h.operator: "/operator/"} {
		b := h.browser(account)
		for _, r := range admin.New(admin.Dependencies{}).Routes() {
			if !strings.HasPrefix(r.Path, prefix) || !strings.Contains(r.Path, ":id") {
				continue
			}
			for _, id := range []string{"1", "%00", uuid.NewString(), uuid.Nil.String()} {
				p := b.ask(r.Method, strings.Replace(r.Path, ":id", id, 1), nil)
				p.is(t, http.StatusNotFound, "Cette page n’existe pas")
			}
		}
	}
}
