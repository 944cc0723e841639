package mandates

// What the log says of each command. Detail structs hold nothing personal;
// Personal structs go when the person is erased.

type draftDetail struct {
	Renews string `json:"renews,omitempty"`
	Pack   string `json:"pack"`
}

type grantDetail struct {
	ID         string   `json:"id"`
	Theme      string   `json:"theme"`
	Procedures []string `json:"procedures"`
	Actions    []string `json:"actions"`
}

type presentedDetail struct {
	Hash      string        `json:"hash"`
	Days      int           `json:"days"`
	EndsAt    string        `json:"ends_at"`
	Catalogue string        `json:"catalogue"`
	Consent   string        `json:"consent"`
	Language  string        `json:"language"`
	Conflict  string        `json:"conflict"`
	Grants    []grantDetail `json:"grants"`
}

type awaitingDetail struct {
	Method string `json:"method"`
}

type signedDetail struct {
	Hash       string   `json:"hash"`
	Key        string   `json:"key"`
	Method     string   `json:"method"`
	Evidence   string   `json:"evidence"`
	Witness    string   `json:"witness,omitempty"`
	EndsAt     string   `json:"ends_at"`
	Conflict   string   `json:"conflict"`
	Renews     string   `json:"renews,omitempty"`
	Superseded []string `json:"superseded,omitempty"`
}

type endedDetail struct {
	By    string `json:"by"`
	Grant string `json:"grant,omitempty"`
	Theme string `json:"theme,omitempty"`
	// Last: this line was the last one, so the mandate ended with it.
	Last bool `json:"last,omitempty"`
}

// why is what somebody typed: it may name people.
type why struct {
	Reason string `json:"reason,omitempty"`
}
