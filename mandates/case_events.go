package mandates

// What the log says of cases, steps and disputes. Detail structs hold nothing
// personal; Personal structs go when the person is erased.

type caseDetail struct {
	State string `json:"state"`
	DueOn string `json:"due_on,omitempty"`
	For   string `json:"for,omitempty"` // the mediator for whom software wrote
}

type handedOverDetail struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type dueDetail struct {
	DueOn string `json:"due_on,omitempty"`
}

type closedDetail struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type stepDetail struct {
	Action    string `json:"action"`
	Outcome   string `json:"outcome"`
	Present   bool   `json:"present"`
	CaseState string `json:"case_state"`
	DueOn     string `json:"due_on,omitempty"`
	Corrects  string `json:"corrects,omitempty"`
	For       string `json:"for,omitempty"` // the mediator for whom a program reported
	// Opened: no case was open for it; the report opened one.
	Opened bool `json:"opened,omitempty"`
}

// stepWords is what the mediator typed: it may name people.
type stepWords struct {
	ReceiptNumber string `json:"receipt_number,omitempty"`
	Note          string `json:"note,omitempty"`
}

type disputeDetail struct {
	Dispute string `json:"dispute"`
	DueOn   string `json:"due_on,omitempty"`
}

type disputeWords struct {
	Text   string `json:"text,omitempty"`
	Answer string `json:"answer,omitempty"`
}

type lookDetail struct {
	List   string   `json:"list"`
	People []string `json:"people"`
}
