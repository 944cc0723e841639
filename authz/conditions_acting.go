package authz

// Conditions of what a service does with what a mediator was given there. They
// are about that mediator as they are now, not about the actor.

// mediatorAuthority: the mediator may still act, for the organisation that the
// delegation was given in (OP-04, OP-05).
func mediatorAuthority(f *facts, failed []Reason) []Reason {
	m := f.mediator()
	if m == nil || m.Membership.Organisation != f.object.Organisation {
		return append(failed, ReasonMembershipInactive)
	}
	if m.SuspendedAccount {
		failed = append(failed, ReasonAccountSuspended)
	}
	f.membership = &m.Membership
	return authority(f, failed)
}

// liveDelegation: neither it, nor the token shown, nor its client is over.
func liveDelegation(f *facts, failed []Reason) []Reason {
	d := f.object.Delegation
	if d == nil || d.Ended || f.actor.Now.IsZero() || !f.actor.Now.Before(d.EndsAt) {
		return append(failed, ReasonDelegationEnded)
	}
	if !d.ClientActive {
		failed = append(failed, ReasonClientNotActive)
	}
	if d.TokenOver {
		failed = append(failed, ReasonTokenExpired)
	}
	return failed
}

// freshMediator: for a sensitive act, the mediator authenticated afresh no
// longer ago than StepUpAge (OP-10); the service then asks them to again.
func freshMediator(f *facts, failed []Reason) []Reason {
	if !f.object.Sensitive {
		return failed
	}
	m := f.mediator()
	if m == nil || !f.actor.Now.After(m.StrongAt.Add(-clockSkew)) || m.StrongAt.IsZero() || f.actor.Now.Sub(m.StrongAt) > StepUpAge {
		return append(failed, ReasonNeedsStepUp)
	}
	return failed
}

// mediator is through whom a service acts, or for whom software writes; nil when
// nobody is named.
func (f *facts) mediator() *MediatorFacts {
	if f.object.Mediator != nil {
		return f.object.Mediator
	}
	return f.actor.ForFacts
}
