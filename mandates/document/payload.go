package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/relais-org/relais/internal/problem"
)

// The version and the type of payload written today. A new version gets a new
// number and its own Parse; old bytes keep their meaning for ever.
const (
	PayloadVersion = 1
	PayloadType    = "relais-mandate"
)

// Payload is everything a person consents to. Field by field it is described in
// docs/mandate-document.md, which outsiders read.
type Payload struct {
	V    int    `json:"v"`
	Type string `json:"typ"`
	// Mandate is the public id of the mandate; Version counts its texts from 1.
	Mandate string `json:"mandate"`
	Version int    `json:"version"`
	// Previous is the id of the mandate this one renews or widens, if any.
	Previous     string       `json:"previous,omitempty"`
	Languages    Both         `json:"languages"`
	Organisation Organisation `json:"organisation"`
	Beneficiary  Beneficiary  `json:"beneficiary"`
	Mediator     Named        `json:"mediator"`
	Grants       []Grant      `json:"grants"`
	// Days is the duration chosen; TimeZone the IANA name of the organisation's.
	Days     int    `json:"days"`
	TimeZone string `json:"time_zone"`
	// PresentedAt is when the text was frozen. EndsAt is exclusive: see EndOf.
	PresentedAt time.Time `json:"presented_at"`
	EndsAt      time.Time `json:"ends_at"`
	EndsInWords Both      `json:"ends_in_words"`
	Consent     Consent   `json:"consent"`
	Catalogue   Catalogue `json:"catalogue"`
}

// Both is one text in the person's language and in the administration's. In
// Payload.Languages it holds the two BCP 47 tags themselves.
type Both struct {
	Person         string `json:"person"`
	Administration string `json:"administration"`
}

// Named is a person or thing with an id of ours.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Organisation is who the mediator acts for.
type Organisation struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
	City    string `json:"city"`
}

// Beneficiary is the person helped. BirthDate is a calendar date, 2006-01-02.
type Beneficiary struct {
	ID         string `json:"id"`
	GivenNames string `json:"given_names"`
	FamilyName string `json:"family_name"`
	UsageName  string `json:"usage_name,omitempty"`
	BirthDate  string `json:"birth_date"`
	BirthPlace string `json:"birth_place"`
	Language   string `json:"language"`
}

// FullName is the name as people write it: given names, then the name used.
func (b Beneficiary) FullName() string {
	family := b.FamilyName
	if b.UsageName != "" {
		family = b.UsageName
	}
	return b.GivenNames + " " + family
}

// Grant is one line of the scope. Procedures are resolved codes, frozen with
// the catalogue of that day: adding to a theme later never widens a mandate.
type Grant struct {
	ID         string  `json:"id"`
	Theme      Coded   `json:"theme"`
	Procedures []Coded `json:"procedures"`
	Actions    []Coded `json:"actions"`
	// Sensitive says that the grant holds an action that changes where letters
	// or money go; it was ticked and explained on its own.
	Sensitive bool `json:"sensitive"`
}

// Coded is a catalogue code with the words the person was shown.
type Coded struct {
	Code string `json:"code"`
	Name Both   `json:"name"`
}

// Consent is the text read before signing and how consent is given.
type Consent struct {
	// Version of the consent text in the country pack.
	Version string `json:"version"`
	// Read holds the paragraphs as read, in Languages.Person; Administration
	// the same in the administration's language.
	Read           []string `json:"read"`
	Administration []string `json:"administration"`
	// Method is a code: on_screen, on_paper, sms_code, remote_sms, remote_link, witness.
	Method      string `json:"method"`
	Interpreter string `json:"interpreter,omitempty"`
	// Representative is who signs too for a protected person, as the pack's rule asks.
	Representative string `json:"representative,omitempty"`
	Witness        *Named `json:"witness,omitempty"`
}

// Catalogue names the country pack and catalogue the codes come from.
type Catalogue struct {
	Pack    string `json:"pack"`
	Version string `json:"version"`
}

// Marshal makes the canonical bytes of a payload, once. V and Type are filled
// in, text is put in Unicode form NFC, times in UTC to the microsecond. It
// refuses, naming the fields, what is missing, contradictory, not text, or
// holds control or direction-override characters that could make the words seen
// differ from the words signed.
func Marshal(p Payload) ([]byte, error) {
	if p.V == 0 {
		p.V = PayloadVersion
	}
	if p.Type == "" {
		p.Type = PayloadType
	}
	p.PresentedAt = p.PresentedAt.UTC().Truncate(time.Microsecond)
	p.EndsAt = p.EndsAt.UTC().Truncate(time.Microsecond)
	if faults := append(textFaults(p), payloadFaults(p)...); len(faults) > 0 {
		return nil, problem.Invalid(faults...)
	}
	loose, err := json.Marshal(p)
	if err != nil {
		return nil, problem.Wrap(err, "marshal mandate payload")
	}
	return canonical(loose)
}

// Hash is the SHA-256 of stored bytes: the fingerprint printed on the document.
func Hash(stored []byte) [32]byte { return sha256.Sum256(stored) }

// ErrPayload is returned for bytes that are not a canonical payload.
var ErrPayload = problem.New(problem.KindInvalid, "mandate_payload_unreadable")

// Parse reads stored bytes. It refuses unknown fields, another version, and any
// spelling that Marshal would not have written, so that two readers can never
// see different facts in the same signed bytes.
func Parse(stored []byte) (Payload, error) {
	again, err := canonical(stored)
	if err != nil {
		return Payload{}, ErrPayload.Because(err)
	}
	if !bytes.Equal(again, stored) {
		return Payload{}, ErrPayload
	}
	var p Payload
	dec := json.NewDecoder(bytes.NewReader(stored))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Payload{}, ErrPayload.Because(err)
	}
	if faults := append(textFaults(p), payloadFaults(p)...); len(faults) > 0 {
		return Payload{}, ErrPayload.Because(problem.Invalid(faults...))
	}
	return p, nil
}
