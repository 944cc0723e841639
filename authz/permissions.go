package authz

import (
	"cmp"
	"fmt"
	"slices"
)

// Permission is one thing that can be asked for: an action on a kind of object.
type Permission struct {
	Kind   Kind
	Action Action
}

// Perm names a permission, for the column of a routes list.
func Perm(kind Kind, action Action) Permission { return Permission{Kind: kind, Action: action} }

// String is "kind.action".
func (p Permission) String() string { return string(p.Kind) + "." + string(p.Action) }

// Access is what a route asks for: a [Permission], or [Public] with its reason.
type Access interface {
	fmt.Stringer
	// Check fails when the permission does not exist, or the reason is missing.
	Check() error
}

// Public is a route that needs no permission, and must say why.
type Public struct{ Because string }

// String is "public: <reason>".
func (p Public) String() string { return "public: " + p.Because }

// Check demands a reason.
func (p Public) Check() error {
	if p.Because == "" {
		return fmt.Errorf("authz: a public route must say why it needs no permission")
	}
	return nil
}

// Check demands that the permission exists.
func (p Permission) Check() error {
	if !Known(p) {
		return fmt.Errorf("authz: there is no permission %s", p)
	}
	return nil
}

// permitted lists the actions of each kind. The policy must use each of them,
// and no other.
var permitted = map[Kind][]Action{
	KindMandate: {
		MandateDraft, MandatePresent, MandateSign, MandateWitness, MandateVoid, MandateRevoke, MandateRenounce,
		MandateSuspend, MandateResume, MandateExpire, MandateRead, MandatePrint,
	},
	KindCase: {CaseOpen, CaseRead, CaseHandOver, CaseClose, CaseSetDue},
	KindStep: {StepDo, StepCorrect, StepRead, StepReport},
	KindBeneficiary: {
		BeneficiaryCreate, BeneficiarySearch, BeneficiaryRead, BeneficiaryChange, BeneficiaryChangeContact,
		BeneficiaryErase, BeneficiaryLink,
	},
	KindCard:    {CardIssue, CardCancel},
	KindDispute: {DisputeRaise, DisputeAnswer, DisputeRead},
	KindOrganisation: {
		OrganisationCreate, OrganisationRead, OrganisationChange, OrganisationSuspend, OrganisationResume,
		OrganisationRestrict,
	},
	KindMembership: {
		MembershipInvite, MembershipConfirm, MembershipSuspend, MembershipResume, MembershipEnd, MembershipRead,
	},
	KindTraining: {TrainingRecord},
	KindCharter:  {CharterAccept},
	KindRemit:    {RemitGrant, RemitEnd},
	KindLog:      {LogSearch, LogRead, LogExport},
	KindMessage:  {MessagePrint, MessageRead},
	KindSession:  {SessionStart, SessionEnd},
	KindPage:     {PageSee},
	KindClient:   {ClientRegister, ClientChange, ClientSuspend, ClientResume, ClientEnd, ClientRead},
	KindRequest:  {RequestChoose, RequestDecline},
	KindDelegation: {
		DelegationGrant, DelegationRedeem, DelegationRefresh, DelegationUse, DelegationExchange, DelegationEnd,
	},
	KindCheck:   {CheckAsk},
	KindWebhook: {WebhookRegister, WebhookEnd, WebhookRead},
}

// Known reports whether such a permission exists.
func Known(p Permission) bool { return slices.Contains(permitted[p.Kind], p.Action) }

// Permissions lists every permission there is, by kind then action.
func Permissions() []Permission {
	var all []Permission
	for kind, actions := range permitted {
		for _, action := range actions {
			all = append(all, Permission{Kind: kind, Action: action})
		}
	}
	slices.SortFunc(all, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Action, b.Action))
	})
	return all
}
