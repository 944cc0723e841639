package packs

import (
	"encoding/json"
	"slices"
	"strings"
)

// What can be done in a procedure. The last two are sensitive: they can cost
// the person their money or their post.
const (
	ActionView          = "view"           // read the file, a payment, a letter
	ActionPrepare       = "prepare"        // fill in, without sending
	ActionSubmit        = "submit"         // send, sign electronically
	ActionCorrespond    = "correspond"     // answer and ask questions in the person's name
	ActionChangeContact = "change_contact" // change address, telephone, e-mail
	ActionChangePayment = "change_payment" // change where money is paid to or taken from
)

// Actions lists every action, in the order they are shown.
func Actions() []string {
	return []string{ActionView, ActionPrepare, ActionSubmit, ActionCorrespond, ActionChangeContact, ActionChangePayment}
}

// DefaultActions lists what choosing a theme includes: never a sensitive action.
func DefaultActions() []string {
	return slices.DeleteFunc(Actions(), Sensitive)
}

// Sensitive reports whether an action needs its own tick, a plain warning and
// a fresh authentication.
func Sensitive(action string) bool {
	return action == ActionChangeContact || action == ActionChangePayment
}

// Text is one thing said in several languages, by language code. The empty key
// is set at loading to the pack's first language and is never shown or sent.
type Text map[string]string

// In says it in lang ("fr" or "fr-CA"), else in the pack's first language,
// else in any language it has, always the same one.
func (t Text) In(lang string) string {
	base, _, _ := strings.Cut(lang, "-")
	for _, l := range []string{lang, base, t[""]} {
		if l != "" && t[l] != "" {
			return t[l]
		}
	}
	for _, l := range t.Languages() {
		if t[l] != "" {
			return t[l]
		}
	}
	return ""
}

// Languages lists the languages it is said in, sorted.
func (t Text) Languages() []string {
	langs := make([]string, 0, len(t))
	for l := range t {
		if l != "" {
			langs = append(langs, l)
		}
	}
	slices.Sort(langs)
	return langs
}

// MarshalJSON leaves the empty key out.
func (t Text) MarshalJSON() ([]byte, error) {
	shown := make(map[string]string, len(t))
	for l, s := range t {
		if l != "" {
			shown[l] = s
		}
	}
	return json.Marshal(shown)
}

// Pack is one country's, or region's, facts.
type Pack struct {
	ID           string   `yaml:"id"`      // "fr", "es-as"
	Version      string   `yaml:"version"` // of the catalogue, frozen into mandates: "2026-11-1"
	Country      string   `yaml:"country"` // ISO 3166-1 alpha-2
	Name         Text     `yaml:"name"`
	Languages    []string `yaml:"languages"`     // BCP 47; the first is the administration's
	TimeZone     string   `yaml:"time_zone"`     // IANA name; organisations may choose another
	PhoneRegions []string `yaml:"phone_regions"` // ISO 3166-1 regions whose numbers are taken

	Durations         []Duration         `yaml:"durations"`
	Themes            []Theme            `yaml:"-"` // one per theme file, in file order
	Procedures        []Procedure        `yaml:"-"`
	Administrations   map[string]string  `yaml:"administrations"` // code → official name
	Protection        ProtectionRules    `yaml:"protection"`
	IdentityDocuments []IdentityDocument `yaml:"identity_documents"`
	IdentityCodes     IdentityCodes      `yaml:"identity_codes"` // may be none
	Secrets           []SecretPattern    `yaml:"secrets"`
	Harmless          []SecretPattern    `yaml:"harmless"` // public numbers that only look like secrets
	ConsentTexts      []ConsentText      `yaml:"-"`
	Charter           Charter            `yaml:"-"`
	Holidays          []string           `yaml:"holidays"`       // ISO 8601 dates, sorted
	RetentionDays     map[string]int     `yaml:"retention_days"` // see the Retention constants

	origin map[string]string // path of a part → file it came from, for faults
}

// Duration is how long a mandate may last.
type Duration struct {
	Days      int    `yaml:"days"`
	Code      string `yaml:"code"` // short, month, semester, year
	Name      Text   `yaml:"name"`
	Reminders []int  `yaml:"reminders"` // whole days before the end, descending; empty: none
}

// Theme is one family of procedures.
type Theme struct {
	Code    string `yaml:"code"`
	Icon    string `yaml:"icon"`
	Name    Text   `yaml:"name"`
	Plain   Text   `yaml:"plain"`   // what it is about, in easy words
	Warning Text   `yaml:"warning"` // shown wherever the theme can be chosen; may be empty
}

// Procedure is one administrative procedure, under its official name.
type Procedure struct {
	Code               string   `yaml:"code"`  // "housing.apl": theme, point, name; for ever
	Theme              string   `yaml:"theme"` // the theme of its file
	Name               Text     `yaml:"name"`
	Plain              Text     `yaml:"plain"`          // one easy sentence (CEFR B1) shown to the person
	Administration     string   `yaml:"administration"` // key of Pack.Administrations
	AdministrationName string   `yaml:"-"`              // official name, filled at loading
	Actions            []string `yaml:"actions"`
	NeedsDocuments     Text     `yaml:"needs_documents"` // what to bring; may be empty
	Warning            Text     `yaml:"warning"`         // what the law keeps for the person; may be empty
	Delay              int      `yaml:"delay"`           // days in which an answer is due by law or usage; 0: not known
	URL                string   `yaml:"url"`             // official page, https
}

// Allows reports whether the procedure knows this action.
func (p Procedure) Allows(action string) bool { return slices.Contains(p.Actions, action) }

// What a pack may rule about a person under legal protection.
const (
	RuleRefuse              = "refuse"               // no mandate can be given; Text says who to turn to
	RuleRepresentativeSigns = "representative_signs" // the representative signs too
)

// The legal situations every pack must rule on; the words differ by country.
const (
	StatusMinor          = "minor"
	StatusGuardianship   = "guardianship"
	StatusCuratorship    = "curatorship"
	StatusSafeguard      = "safeguard"
	StatusRepresentation = "representation"
)

// ProtectionRule says what follows from one legal situation (acceptance MA-16).
type ProtectionRule struct {
	Status string `yaml:"status"`
	Rule   string `yaml:"rule"`
	Name   Text   `yaml:"name"` // the situation as it is called in the country
	Text   Text   `yaml:"text"` // what the person and the mediator read
}

// ProtectionRules are a pack's rules, in the order they are asked.
type ProtectionRules []ProtectionRule

// For finds the rule of a situation.
func (r ProtectionRules) For(status string) (ProtectionRule, bool) {
	return find(r, func(x ProtectionRule) bool { return x.Status == status })
}

// IdentityDocument is a kind of paper a mediator may have seen. Its number is
// never kept.
type IdentityDocument struct {
	Code string `yaml:"code"`
	Name Text   `yaml:"name"`
}

// ConsentText is what a mandate says, in one version and one language. It has
// no blanks: who, what for and until when stand beside it in the document.
type ConsentText struct {
	Version      string   `yaml:"version"` // "fr-2026-1"; a published version never changes
	Language     string   `yaml:"language"`
	Title        string   `yaml:"title"`
	Note         string   `yaml:"note"`         // on a translation: which text counts; may be empty
	Paragraphs   []string `yaml:"paragraphs"`   // who gives what power to whom
	Declarations []string `yaml:"declarations"` // what the person declares by signing
	Promises     []string `yaml:"promises"`     // what the organisation and its mediators promise
	Rights       []string `yaml:"rights"`       // the person's rights, data protection included
	Revocation   []string `yaml:"revocation"`   // how to stop it
}

// Charter is what a mediator promises before acting for anybody.
type Charter struct {
	Version    string `yaml:"version"`
	Title      Text   `yaml:"title"`
	Paragraphs []Text `yaml:"paragraphs"`
}

// What RetentionDays speaks of: days kept after the last use or the end.
const (
	RetentionBeneficiary = "beneficiary" // identity and contact, after the last mandate ended
	RetentionMandate     = "mandate"     // mandate and its document, after its end
	RetentionEvidence    = "evidence"    // how consent was given, after the mandate's end
	RetentionCase        = "case"        // cases and steps, after closing
	RetentionMessage     = "message"     // text of messages, after delivery
	RetentionLook        = "look"        // who read what
	RetentionDraft       = "draft"       // mandates never signed
)

func retentions() []string {
	return []string{RetentionBeneficiary, RetentionMandate, RetentionEvidence, RetentionCase, RetentionMessage, RetentionLook, RetentionDraft}
}
