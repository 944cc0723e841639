package beneficiaries

// What the log says of each command. Detail structs hold nothing personal.

type createdDetail struct {
	IdentityCheck      string `json:"identity_check"`
	Channel            string `json:"channel"`
	Language           string `json:"language"`
	Protection         string `json:"protection"`
	DuplicateConfirmed bool   `json:"duplicate_confirmed"`
}

type changedDetail struct {
	Fields []string `json:"fields"`
}

type contactDetail struct {
	Fields  []string `json:"fields"`
	Channel string   `json:"channel"`
}

type phoneCodeDetail struct {
	Purpose string `json:"purpose"`
}

type cardDetail struct {
	Tier string `json:"tier,omitempty"`
}

type erasedDetail struct {
	Entries int64 `json:"entries"`
}
