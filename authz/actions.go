package authz

// The actions, by object kind. The policy file uses the same words.
const (
	// Mandate.
	MandateDraft    Action = "draft" // begin or change a draft
	MandatePresent  Action = "present"
	MandateSign     Action = "sign"
	MandateWitness  Action = "witness"
	MandateVoid     Action = "void"
	MandateRevoke   Action = "revoke"
	MandateRenounce Action = "renounce"
	MandateSuspend  Action = "suspend"
	MandateResume   Action = "resume"
	MandateExpire   Action = "expire"
	MandateRead     Action = "read"
	MandatePrint    Action = "print"

	// Case and step. A step's own action (view, prepare, submit…) is a fact.
	CaseOpen     Action = "open"
	CaseRead     Action = "read"
	CaseHandOver Action = "hand_over"
	CaseClose    Action = "close"
	CaseSetDue   Action = "set_due"
	StepDo       Action = "do"
	StepCorrect  Action = "correct"
	StepRead     Action = "read"

	// Beneficiary.
	BeneficiaryCreate        Action = "create"
	BeneficiarySearch        Action = "search"
	BeneficiaryRead          Action = "read"
	BeneficiaryChange        Action = "change"
	BeneficiaryChangeContact Action = "change_contact"
	BeneficiaryErase         Action = "erase"
	BeneficiaryLink          Action = "link" // a national sign-in to the person's space, or off it
	CardIssue                Action = "issue"
	CardCancel               Action = "cancel"

	// Dispute.
	DisputeRaise  Action = "raise"
	DisputeAnswer Action = "answer"
	DisputeRead   Action = "read"

	// Organisation and what hangs on it.
	OrganisationCreate  Action = "create"
	OrganisationRead    Action = "read"
	OrganisationChange  Action = "change"
	OrganisationSuspend Action = "suspend"
	OrganisationResume  Action = "resume"
	// OrganisationRestrict chooses, among the pack's themes, those allowed here.
	OrganisationRestrict Action = "restrict"
	MembershipInvite     Action = "invite"
	MembershipConfirm    Action = "confirm"
	MembershipSuspend    Action = "suspend"
	MembershipResume     Action = "resume"
	MembershipEnd        Action = "end"
	MembershipRead       Action = "read"
	TrainingRecord       Action = "record"
	CharterAccept        Action = "accept"
	RemitGrant           Action = "grant"
	RemitEnd             Action = "end"

	// Log.
	LogSearch Action = "search"
	LogRead   Action = "read"
	LogExport Action = "export"

	// Message, session, page.
	MessagePrint Action = "print"
	MessageRead  Action = "read"
	SessionStart Action = "start"
	SessionEnd   Action = "end"
	PageSee      Action = "see"

	// Clients, and what mediators are given at them.
	ClientRegister Action = "register"
	ClientChange   Action = "change"
	ClientSuspend  Action = "suspend"
	ClientResume   Action = "resume"
	ClientEnd      Action = "end"
	ClientRead     Action = "read"
	// RequestChoose picks the person and the procedure for a service's request.
	RequestChoose      Action = "choose"
	RequestDecline     Action = "decline"
	DelegationGrant    Action = "grant"
	DelegationRedeem   Action = "redeem" // code for tokens
	DelegationRefresh  Action = "refresh"
	DelegationUse      Action = "use" // userinfo, introspection
	DelegationExchange Action = "exchange"
	DelegationEnd      Action = "end"
	CheckAsk           Action = "ask"
	StepReport         Action = "report" // by a service
	WebhookRegister    Action = "register"
	WebhookEnd         Action = "end"
	WebhookRead        Action = "read"
)
