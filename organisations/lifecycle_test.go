package organisations

import "testing"

// Every pair of state and event, written out: a reader checks the law here.
func TestLifeCycles(t *testing.T) {
	t.Parallel()
	events := []string{eventBind, eventConfirm, eventSuspend, eventResume, eventEnd}
	everyPair(t, accountLife, []AccountState{AccountInvited, AccountBound, AccountSuspended, AccountEnded}, events, map[string]AccountState{
		"invited bind": AccountBound, "bound suspend": AccountSuspended, "suspended resume": AccountBound,
		"invited end": AccountEnded, "bound end": AccountEnded, "suspended end": AccountEnded,
	})
	everyPair(t, membershipLife, []MembershipState{MembershipInvited, MembershipActive, MembershipSuspended, MembershipEnded}, events,
		map[string]MembershipState{
			"invited confirm": MembershipActive, "active suspend": MembershipSuspended, "suspended resume": MembershipActive,
			"invited end": MembershipEnded, "active end": MembershipEnded, "suspended end": MembershipEnded,
		})
	everyPair(t, organisationLife, []OrganisationState{OrganisationActive, OrganisationSuspended}, events, map[string]OrganisationState{
		"active suspend": OrganisationSuspended, "suspended resume": OrganisationActive,
	})
}

func everyPair[S ~string](t *testing.T, life []transition[S], states []S, events []string, allowed map[string]S) {
	t.Helper()
	tried := 0
	for _, from := range states {
		for _, event := range events {
			to, refused := next(life, from, event)
			want, ok := allowed[string(from)+" "+event]
			switch {
			case ok && (refused != nil || to != want):
				t.Errorf("%s %s leads to %s (%v), want %s", from, event, to, refused, want)
			case !ok && (refused == nil || to != from):
				t.Errorf("%s %s leads to %s, want a refusal", from, event, to)
			}
			if ok {
				tried++
			}
		}
	}
	if tried != len(allowed) || tried != len(life) {
		t.Errorf("%d pairs allowed of %d named, %d lines in the table", tried, len(allowed), len(life))
	}
}
