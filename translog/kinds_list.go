package translog

import "slices"

// kinds lists every constant of type Kind; a test compares it with the source.
var kinds = []Kind{
	AccountBound,
	AccountSuspended,
	AccountResumed,
	SignInDone,
	SignInRefused,
	SignOutDone,
	SessionsEnded,
	OrganisationCreated,
	OrganisationChanged,
	OrganisationSuspended,
	OrganisationResumed,
	MembershipInvited,
	MembershipConfirmed,
	MembershipSuspended,
	MembershipResumed,
	MembershipEnded,
	TrainingRecorded,
	CharterAccepted,
	RemitGranted,
	RemitEnded,
	OperatorGranted,
	OperatorEnded,
	KeyRotated,
	BeneficiaryCreated,
	BeneficiaryChanged,
	BeneficiaryContactChanged,
	BeneficiaryViewed,
	BeneficiaryErased,
	CardIssued,
	CardCancelled,
	CardUsed,
	PhoneCodeSent,
	IdentityLinked,
	IdentityUnlinked,
	PhoneCodeConfirmed,
	MandateDrafted,
	MandateDraftChanged,
	MandatePresented,
	MandatePresentationVoided,
	MandateAwaiting,
	MandateSigned,
	MandateVoided,
	MandateRevoked,
	MandateGrantRevoked,
	MandateRenounced,
	MandateSuspended,
	MandateResumed,
	MandateExpired,
	CaseOpened,
	CaseHandedOver,
	CaseDueChanged,
	CaseClosed,
	StepDone,
	StepCorrected,
	DisputeRaised,
	DisputeAnswered,
	ActRefused,
	LogSearched,
	LogViewed,
	LogExported,
	LetterPrinted,
	ClientRegistered,
	ClientChanged,
	ClientSuspended,
	ClientResumed,
	ClientEnded,
	WebhookRegistered,
	WebhookEnded,
	DelegationGranted,
	DelegationDeclined,
	DelegationRedeemed,
	DelegationRefreshed,
	DelegationExchanged,
	DelegationEnded,
	DelegationTokenGivenUp,
	CommitChecked,
	ListViewed,
	StepReported,
}

var knownKinds = func() map[Kind]bool {
	known := make(map[Kind]bool, len(kinds))
	for _, k := range kinds {
		known[k] = true
	}
	return known
}()

// Kinds lists every kind there is, in the order of the source.
func Kinds() []Kind { return slices.Clone(kinds) }

// Known reports whether k is one of [Kinds].
func (k Kind) Known() bool { return knownKinds[k] }
