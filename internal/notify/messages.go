package notify

import (
	"time"

	"github.com/relais-org/relais/internal/i18n"
)

// Words is one typed message: a struct per mail or SMS, so that a missing
// placeholder does not compile.
type Words interface {
	// Kind names the message; its texts are "message.<kind>.subject" and ".body".
	Kind() string
	// Render gives the subject (mail and letter) and the body.
	Render(p *i18n.Printer) (subject, body string)
}

// brief cuts a name, which may have 200 characters, to what a subject and an
// SMS can hold: no name is ever a reason not to tell somebody.
func brief(name string) string {
	const most = 48
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// calling is the body that gives the organisation's telephone, or the one that
// does without: an organisation need not have one.
func calling(phone, body, without string) string {
	if phone == "" {
		return without
	}
	return body
}

// Invitation asks a member of staff to sign in for the first time.
type Invitation struct{ Name, Organisation, InvitedBy, Role, Address string }

// Kind names the message.
func (Invitation) Kind() string { return "invitation" }

// Render gives its words. Role is a key ending: mediator, referent, supervisor.
func (m Invitation) Render(p *i18n.Printer) (string, string) {
	role := p.T("message.role." + m.Role)
	return p.T("message.invitation.subject", "Organisation", brief(m.Organisation)),
		p.T("message.invitation.body", "Name", brief(m.Name), "Organisation", brief(m.Organisation), "By", brief(m.InvitedBy), "Role", role, "Address", m.Address)
}

// MandateSigned tells the person that a mandate began.
type MandateSigned struct {
	Organisation, Mediator, Phone, Address string
	EndsOn                                 time.Time // last day, where the organisation is
}

// Kind names the message.
func (MandateSigned) Kind() string { return "mandate_signed" }

// Render gives its words.
func (m MandateSigned) Render(p *i18n.Printer) (string, string) {
	return p.T("message.mandate_signed.subject", "Organisation", brief(m.Organisation)),
		p.T(calling(m.Phone, "message.mandate_signed.body", "message.mandate_signed.body_visit"), "Organisation", brief(m.Organisation), "Mediator", brief(m.Mediator), "End", p.In(m.EndsOn.Location()).Date(m.EndsOn), "Phone", m.Phone, "Address", m.Address)
}

// MandateRevoked tells the person that a mandate, or a line of it, ended.
type MandateRevoked struct {
	Organisation, Phone string
	Whole               bool
	Theme               string    // in words, when not whole
	At                  time.Time // by the organisation's clock
}

// Kind names the message.
func (m MandateRevoked) Kind() string {
	if m.Whole {
		return "mandate_revoked"
	}
	return "grant_revoked"
}

// Render gives its words.
func (m MandateRevoked) Render(p *i18n.Printer) (string, string) {
	key := "message." + m.Kind()
	return p.T(key+".subject", "Organisation", brief(m.Organisation)),
		p.T(calling(m.Phone, key+".body", key+".body_visit"), "Organisation", brief(m.Organisation), "Theme", m.Theme, "At", p.In(m.At.Location()).DateTime(m.At), "Phone", m.Phone)
}

// FirstUse tells the person that the mandate was used for the first time.
type FirstUse struct {
	Organisation, Mediator, Procedure, Phone, Address string
	At                                                time.Time // by the organisation's clock
}

// Kind names the message.
func (FirstUse) Kind() string { return "first_use" }

// Render gives its words.
func (m FirstUse) Render(p *i18n.Printer) (string, string) {
	return p.T("message.first_use.subject", "Organisation", brief(m.Organisation)),
		p.T(calling(m.Phone, "message.first_use.body", "message.first_use.body_visit"), "Organisation", brief(m.Organisation), "Mediator", brief(m.Mediator), "Procedure", m.Procedure, "At", p.In(m.At.Location()).DateTime(m.At), "Phone", m.Phone, "Address", m.Address)
}

// ConsentCode carries the code by which the person agrees to a mandate.
type ConsentCode struct{ Organisation, Code string }

// Kind names the message.
func (ConsentCode) Kind() string { return "consent_code" }

// Render gives its words.
func (m ConsentCode) Render(p *i18n.Printer) (string, string) {
	return "", p.T("message.consent_code.body", "Organisation", brief(m.Organisation), "Code", m.Code)
}

// PortalCode carries the code that opens the person's whole history.
type PortalCode struct{ Code string }

// Kind names the message.
func (PortalCode) Kind() string { return "portal_code" }

// Render gives its words.
func (m PortalCode) Render(p *i18n.Printer) (string, string) {
	return "", p.T("message.portal_code.body", "Code", m.Code)
}

// ContactChanged goes to the previous channel when a contact changes.
type ContactChanged struct{ Organisation, Phone string }

// Kind names the message.
func (ContactChanged) Kind() string { return "contact_changed" }

// Render gives its words.
func (m ContactChanged) Render(p *i18n.Printer) (string, string) {
	return p.T("message.contact_changed.subject", "Organisation", brief(m.Organisation)),
		p.T(calling(m.Phone, "message.contact_changed.body", "message.contact_changed.body_visit"), "Organisation", brief(m.Organisation), "Phone", m.Phone)
}

// DisputeAnswered tells the person that their disagreement was answered.
type DisputeAnswered struct{ Organisation, Phone, Address string }

// Kind names the message.
func (DisputeAnswered) Kind() string { return "dispute_answered" }

// Render gives its words.
func (m DisputeAnswered) Render(p *i18n.Printer) (string, string) {
	return p.T("message.dispute_answered.subject", "Organisation", brief(m.Organisation)),
		p.T(calling(m.Phone, "message.dispute_answered.body", "message.dispute_answered.body_visit"), "Organisation", brief(m.Organisation), "Phone", m.Phone, "Address", m.Address)
}

// DisputeRaised tells a referent that an objection awaits an answer. It names
// neither the person nor what it is about: mail is read by whoever holds the
// mailbox, the page by who may.
type DisputeRaised struct {
	Organisation, Address string
	DueOn                 time.Time // the last day to answer
}

// Kind names the message.
func (DisputeRaised) Kind() string { return "dispute_raised" }

// Render gives its words.
func (m DisputeRaised) Render(p *i18n.Printer) (string, string) {
	due := p.Date(m.DueOn)
	return p.T("message.dispute_raised.subject", "Due", due),
		p.T("message.dispute_raised.body", "Organisation", brief(m.Organisation), "Due", due, "Address", m.Address)
}
