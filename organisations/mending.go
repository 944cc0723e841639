package organisations

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
)

// By is who can mend what lacks.
type By string

// The four who can.
const (
	ByYourself By = "yourself"
	ByReferent By = "referent" // of the organisation
	ByOperator By = "operator" // whoever runs the platform
	// BySupervision: supervision suspended the membership, and alone lifts that.
	BySupervision By = "supervision"
)

// Mending is one thing that lacks, and the next person to act (AU-09).
type Mending struct {
	Reason authz.Reason
	By     By
	Names  []string // of the referents, or of who suspended; else empty
}

// mendedBy says who gives each part of an authority. Other reasons are no
// lack of authority: nobody has to be asked.
var mendedBy = map[authz.Reason]By{
	authz.ReasonOrganisationSuspended: ByOperator,
	authz.ReasonAccountSuspended:      ByOperator,
	authz.ReasonMembershipInactive:    ByReferent,
	authz.ReasonNotConfirmed:          ByReferent,
	authz.ReasonNotTrained:            ByReferent,
	authz.ReasonTrainingExpired:       ByReferent,
	authz.ReasonCharter:               ByYourself,
}

// NextPerson says, for each reason that is a lack of authority, who can mend
// it: in the organisation acted for, without the actor, who cannot confirm or
// train themselves. Where no other referent can act, the operator can; what
// supervision suspended only supervision lifts.
func (s *Service) NextPerson(ctx context.Context, actor authz.Actor, reasons []authz.Reason) ([]Mending, error) {
	var all []Mending
	for _, r := range reasons {
		if by, ok := mendedBy[r]; ok {
			all = append(all, Mending{Reason: r, By: by})
		}
	}
	byReferent := func(m Mending) bool { return m.By == ByReferent }
	if actor.Organisation == uuid.Nil || !slices.ContainsFunc(all, byReferent) {
		return all, nil
	}
	names, err := s.referentNames(ctx, actor.Organisation, actor.Account)
	if err != nil {
		return nil, err
	}
	var above []string
	if slices.Contains(reasons, authz.ReasonMembershipInactive) {
		if above, err = s.suspendedAbove(ctx, actor.Organisation, actor.Account); err != nil {
			return nil, err
		}
	}
	for i := range all {
		switch {
		case all[i].By != ByReferent:
		case all[i].Reason == authz.ReasonMembershipInactive && len(above) > 0:
			all[i].By, all[i].Names = BySupervision, above
		case len(names) == 0:
			all[i].By = ByOperator
		default:
			all[i].Names = names
		}
	}
	return all, nil
}

// Render says who to turn to: "Ask Nadia Benali or Paul Morel."
func (m Mending) Render(p *i18n.Printer) string {
	switch m.By {
	case ByYourself:
		return p.T("organisations.next.yourself")
	case ByReferent:
		return p.T("organisations.next.referent", "Names", p.List(m.Names))
	case BySupervision:
		if names := slices.DeleteFunc(slices.Clone(m.Names), func(n string) bool { return n == "" }); len(names) > 0 {
			return p.T("organisations.next.supervisor", "Names", p.List(names))
		}
		return p.T("organisations.next.supervision")
	default:
		return p.T("organisations.next.operator")
	}
}
