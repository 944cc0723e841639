package translog

// Kind names what happened. Kinds are stable: they are in signed leaves.
type Kind string

// Every kind there is. A kind not listed here cannot be appended.
const (
	AccountBound     Kind = "account.bound"
	AccountSuspended Kind = "account.suspended"
	AccountResumed   Kind = "account.resumed"
	SignInDone       Kind = "sign_in.done"
	SignInRefused    Kind = "sign_in.refused"
	SignOutDone      Kind = "sign_out.done"
	SessionsEnded    Kind = "sessions.ended" // by the provider's back channel

	OrganisationCreated   Kind = "organisation.created"
	OrganisationChanged   Kind = "organisation.changed"
	OrganisationSuspended Kind = "organisation.suspended"
	OrganisationResumed   Kind = "organisation.resumed"
	MembershipInvited     Kind = "membership.invited"
	MembershipConfirmed   Kind = "membership.confirmed"
	MembershipSuspended   Kind = "membership.suspended"
	MembershipResumed     Kind = "membership.resumed"
	MembershipEnded       Kind = "membership.ended"
	TrainingRecorded      Kind = "training.recorded"
	CharterAccepted       Kind = "charter.accepted"
	RemitGranted          Kind = "remit.granted"
	RemitEnded            Kind = "remit.ended"
	OperatorGranted       Kind = "operator.granted"
	OperatorEnded         Kind = "operator.ended"
	KeyRotated            Kind = "key.rotated" // Detail names the new key by its thumbprint alone

	BeneficiaryCreated        Kind = "beneficiary.created"
	BeneficiaryChanged        Kind = "beneficiary.changed"
	BeneficiaryContactChanged Kind = "beneficiary.contact_changed"
	BeneficiaryViewed         Kind = "beneficiary.viewed" // a look by a supervisor or an operator
	BeneficiaryErased         Kind = "beneficiary.erased"
	CardIssued                Kind = "card.issued"
	CardCancelled             Kind = "card.cancelled"
	CardUsed                  Kind = "card.used"
	PhoneCodeSent             Kind = "phone_code.sent"
	IdentityLinked            Kind = "beneficiary.identity_linked" // a national sign-in, by the person
	IdentityUnlinked          Kind = "beneficiary.identity_unlinked"
	PhoneCodeConfirmed        Kind = "phone_code.confirmed"

	MandateDrafted            Kind = "mandate.drafted"
	MandateDraftChanged       Kind = "mandate.draft_changed"
	MandatePresented          Kind = "mandate.presented"
	MandatePresentationVoided Kind = "mandate.presentation_voided"
	MandateAwaiting           Kind = "mandate.awaiting_signature"
	MandateSigned             Kind = "mandate.signed"
	MandateVoided             Kind = "mandate.voided"
	MandateRevoked            Kind = "mandate.revoked"
	MandateGrantRevoked       Kind = "mandate.grant_revoked"
	MandateRenounced          Kind = "mandate.renounced"
	MandateSuspended          Kind = "mandate.suspended"
	MandateResumed            Kind = "mandate.resumed"
	MandateExpired            Kind = "mandate.expired"

	CaseOpened     Kind = "case.opened"
	CaseHandedOver Kind = "case.handed_over"
	CaseDueChanged Kind = "case.due_changed"
	CaseClosed     Kind = "case.closed"
	StepDone       Kind = "step.done"
	StepCorrected  Kind = "step.corrected"

	DisputeRaised   Kind = "dispute.raised"
	DisputeAnswered Kind = "dispute.answered"

	ActRefused Kind = "act.refused" // Detail names the command and the reasons

	LogSearched   Kind = "log.searched"
	LogViewed     Kind = "log.viewed"
	LogExported   Kind = "log.exported"
	LetterPrinted Kind = "letter.printed"

	ClientRegistered    Kind = "client.registered"
	ClientChanged       Kind = "client.changed"
	ClientSuspended     Kind = "client.suspended"
	ClientResumed       Kind = "client.resumed"
	ClientEnded         Kind = "client.ended"
	WebhookRegistered   Kind = "webhook.registered"
	WebhookEnded        Kind = "webhook.ended"
	DelegationGranted   Kind = "delegation.granted" // a mediator may act for a person at a service
	DelegationDeclined  Kind = "delegation.declined"
	DelegationRedeemed  Kind = "delegation.redeemed"
	DelegationRefreshed Kind = "delegation.refreshed"
	DelegationExchanged Kind = "delegation.exchanged"
	DelegationEnded     Kind = "delegation.ended"
	// DelegationTokenGivenUp: the service ended one access token (RFC 7009); the
	// delegation stands.
	DelegationTokenGivenUp Kind = "delegation.token_given_up"
	CommitChecked          Kind = "commit.checked" // a service asked just before an act; yes or no
	ListViewed             Kind = "list.viewed"    // software read a list, which names nobody
	StepReported           Kind = "step.reported"  // by the service where it was done
)
