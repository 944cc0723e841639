package beneficiaries

// What the log says of each command. Detail structs hold nothing personal.

type createdDetail struct {
	IdentityCheck      string `json:"identity_check"`
	Channel            string `json:"channel"`
	Language           string `json:"language"`
	Protection         string `json:"protection"`
	DuplicateConfirmed bool   `json:"duplicate_confirmed"`
	For                string `json:"for,omitempty"` // the mediator for whom software wrote
}

type changedDetail struct {
	Fields []string `json:"fields"`
	For    string   `json:"for,omitempty"`
}

type contactDetail struct {
	Fields  []string `json:"fields"`
	Channel string   `json:"channel"`
}

type phoneCodeDetail struct {
	Purpose string `json:"purpose"`
}

type cardDetail struct {
	Tier  string `json:"tier,omitempty"`
	Cards int64  `json:"cards,omitempty"` // that stopped at once
}

type erasedDetail struct {
	Entries int64 `json:"entries"`
}
