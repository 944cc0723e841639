package authz

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write golden files")

const goldenMatrix = "testdata/matrix.golden"

// situation is one column of the matrix: who asks, in what state.
type situation struct {
	name   string
	role   Role
	change func(*Actor, *Object)
}

func membershipState(change func(*Membership)) func(*Actor, *Object) {
	return func(a *Actor, _ *Object) {
		for i := range a.Memberships {
			change(&a.Memberships[i])
		}
	}
}

func lacking(reasons ...Reason) func(*Actor, *Object) {
	return membershipState(func(m *Membership) { m.Authority.Missing = reasons })
}

func asIs(*Actor, *Object) {}

// memberStates are the states of a membership and a mediator's authority.
func memberStates(role Role) []situation {
	return []situation{
		{"in order", role, asIs},
		{"not confirmed", role, membershipState(func(m *Membership) {
			m.Active = false
			m.Authority.Missing = []Reason{ReasonNotConfirmed}
		})},
		{"not trained", role, lacking(ReasonNotTrained)},
		{"training expired", role, lacking(ReasonTrainingExpired)},
		{"charter not accepted", role, lacking(ReasonCharter)},
		{"membership suspended", role, membershipState(func(m *Membership) {
			m.Active = false
			m.Authority.Missing = []Reason{ReasonMembershipInactive}
		})},
		{"organisation suspended", role, func(a *Actor, o *Object) {
			for i := range a.Memberships {
				a.Memberships[i].OrganisationAlive = false
				a.Memberships[i].Authority.Missing = []Reason{ReasonOrganisationSuspended}
			}
			o.Mandate.OrganisationAlive = false
		}},
		{"account suspended", role, func(a *Actor, _ *Object) { a.SuspendedAccount = true }},
		{"on oneself", role, func(a *Actor, o *Object) { o.Account = a.Account }},
		{"last referent", role, func(_ *Actor, o *Object) { o.LastReferent = true }},
		{"suspended by supervision", role, func(_ *Actor, o *Object) { o.HeldAbove = true }},
		{"sensitive, fresh", role, func(_ *Actor, o *Object) { o.Sensitive = true }},
		{"sensitive, stale", role, staleAndSensitive},
	}
}

func staleAndSensitive(a *Actor, o *Object) {
	o.Sensitive = true
	a.StrongAt = a.Now.Add(-StepUpAge - 1)
}

func mandateState(state string) situation {
	return situation{"mandate " + state, Mediator, func(_ *Actor, o *Object) { o.Mandate.State = state }}
}

func situations() []situation {
	all := append(memberStates(Mediator), memberStates(Referent)...)
	for _, state := range []string{"draft", "suspended", "expired", "revoked", "renounced", "superseded", "void"} {
		all = append(all, mandateState(state))
	}
	return append(all,
		situation{"mandate past its end", Mediator, func(_ *Actor, o *Object) { o.Mandate.EndsAt = noon }},
		situation{"no mandate", Mediator, func(_ *Actor, o *Object) { o.Mandate = nil }},
		situation{"another organisation's mandate", Mediator, func(_ *Actor, o *Object) { o.Mandate.Organisation = org2 }},
		situation{"procedure out of scope", Mediator, func(_ *Actor, o *Object) { o.Mandate.ProcedureInScope = false }},
		situation{"action out of scope", Mediator, func(_ *Actor, o *Object) { o.Mandate.ActionInScope = false }},
		situation{"in order", Supervisor, asIs},
		situation{"territory", Supervisor, func(a *Actor, _ *Object) { a.Remit = Remit{Territories: []string{"33"}} }},
		situation{"no organisation named", Supervisor, func(_ *Actor, o *Object) {
			o.Organisation, o.Territory = uuid.Nil, ""
		}},
		situation{"on oneself", Supervisor, func(a *Actor, o *Object) { o.Account = a.Account }},
		situation{"suspended by supervision", Supervisor, func(_ *Actor, o *Object) { o.HeldAbove = true }},
		situation{"last referent", Supervisor, func(_ *Actor, o *Object) { o.LastReferent = true }},
		situation{"account suspended", Supervisor, func(a *Actor, _ *Object) { a.SuspendedAccount = true }},
		situation{"sensitive, fresh", Supervisor, func(_ *Actor, o *Object) { o.Sensitive = true }},
		situation{"sensitive, stale", Supervisor, staleAndSensitive},
		situation{"in order", Operator, asIs},
		situation{"on oneself", Operator, func(a *Actor, o *Object) { o.Account = a.Account }},
		situation{"account suspended", Operator, func(a *Actor, _ *Object) { a.SuspendedAccount = true }},
		situation{"sensitive, stale", Operator, staleAndSensitive},
		situation{"card", Person, func(a *Actor, _ *Object) { a.Tier = TierCard }},
		situation{"phone", Person, asIs},
		situation{"sensitive, fresh", Person, func(_ *Actor, o *Object) { o.Sensitive = true }},
		situation{"sensitive, stale", Person, staleAndSensitive},
		situation{"in order", Service, asIs},
		situation{"mediator not trained", Service, func(_ *Actor, o *Object) {
			o.Mediator.Membership.Authority.Missing = []Reason{ReasonNotTrained}
		}},
		situation{"mediator suspended", Service, func(_ *Actor, o *Object) { o.Mediator.SuspendedAccount = true }},
		situation{"mediator of another organisation", Service, func(_ *Actor, o *Object) { o.Mediator.Membership.Organisation = uuid.New() }},
		situation{"mandate revoked", Service, func(_ *Actor, o *Object) { o.Mandate.State = "revoked" }},
		situation{"action out of scope", Service, func(_ *Actor, o *Object) { o.Mandate.ActionInScope = false }},
		situation{"delegation ended", Service, func(_ *Actor, o *Object) { o.Delegation.Ended = true }},
		situation{"delegation past its end", Service, func(_ *Actor, o *Object) { o.Delegation.EndsAt = noon }},
		situation{"client suspended", Service, func(_ *Actor, o *Object) { o.Delegation.ClientActive = false }},
		situation{"token over", Service, func(_ *Actor, o *Object) { o.Delegation.TokenOver = true }},
		situation{"no delegation", Service, func(_ *Actor, o *Object) { o.Delegation, o.Mediator = nil, nil }},
		situation{"sensitive, fresh", Service, func(_ *Actor, o *Object) { o.Sensitive = true }},
		situation{"sensitive, stale", Service, func(_ *Actor, o *Object) {
			o.Sensitive = true
			o.Mediator.StrongAt = noon.Add(-StepUpAge - 1)
		}},
		situation{"in order", Software, asIs},
		situation{"for nobody", Software, func(_ *Actor, o *Object) { o.Mediator = nil }},
		situation{"organisation suspended", Software, func(_ *Actor, o *Object) { o.OrganisationAlive = false }},
		situation{"mediator not trained", Software, func(_ *Actor, o *Object) {
			o.Mediator.Membership.Authority.Missing = []Reason{ReasonNotTrained}
		}},
		situation{"mediator of another organisation", Software, func(_ *Actor, o *Object) { o.Mediator.Membership.Organisation = uuid.New() }},
		situation{"mandate revoked", Software, func(_ *Actor, o *Object) { o.Mandate.State = "revoked" }},
		situation{"sensitive, never fresh", Software, func(_ *Actor, o *Object) {
			o.Sensitive = true
			o.Mediator.StrongAt = time.Time{}
		}},
		situation{"", System, asIs},
		situation{"", Visitor, asIs},
	)
}

// eachQuestion gives every permission in every situation, on one's own side
// and on someone else's.
func eachQuestion(ask func(name string, a Actor, p Permission, o Object, own bool)) {
	for _, p := range Permissions() {
		for _, s := range situations() {
			for _, own := range []bool{true, false} {
				o, side := objectOf(p.Kind), "own"
				if !own {
					o, side = elsewhere(p.Kind), "other"
				}
				a := actorAs(s.role)
				s.change(&a, &o)
				ask(fmt.Sprintf("%s | %s | %s | %s", p, s.role, side, s.name), a, p, o, own)
			}
		}
	}
}

func verdict(d Decision) string {
	if d.Allowed {
		return "yes: " + d.Rule
	}
	words := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		words[i] = string(r)
	}
	no := "no: " + strings.Join(words, " ")
	if d.Hidden {
		no += " (hidden)"
	}
	return no
}

// The whole law, spelled out: reviewers read the difference. AU-09, AU-11,
// AU-12, MA-14, ST-02, SU-02, PO-01, PO-02 each have lines in it.
func TestMatrixIsAsReviewed(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	var b strings.Builder
	eachQuestion(func(name string, a Actor, p Permission, o Object, _ bool) {
		fmt.Fprintf(&b, "%s | %s\n", name, verdict(e.Decide(a, p.Action, o)))
	})
	if *update {
		if err := os.WriteFile(goldenMatrix, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(goldenMatrix)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, strings.Split(string(golden), "\n"), strings.Split(b.String(), "\n"))
}

func compareLines(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("the matrix has %d lines, the golden file %d", len(got), len(want))
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("line %d\n golden %s\n now    %s\n(go test ./authz -update, then read the difference)", i+1, want[i], got[i])
		}
	}
}

// Casbin, asked the whole question without any cache, answers the same (SU-08).
func TestReplayAgreesEverywhere(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	eachQuestion(func(name string, a Actor, p Permission, o Object, _ bool) {
		d := e.Decide(a, p.Action, o)
		allowed, line, err := e.Replay(a, p.Action, o)
		if err != nil || allowed != d.Allowed || (allowed && line != d.Rule) {
			t.Errorf("%s: decided %v %q, casbin says %v %q %v", name, d.Allowed, d.Rule, allowed, line, err)
		}
	})
}
