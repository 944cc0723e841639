package portal

import (
	"strings"

	t "github.com/relais-org/relais/frontend/templates"
)

// sendText is the first sending or another.
func (v codeView) sendText(p t.Page) string {
	if v.Sent {
		return p.T("portal.code.again")
	}
	return p.T("portal.code.send")
}

// The organisation need not have a telephone: then one goes and sees them.

func (v codeView) withoutNumber(p t.Page) string {
	if v.Phone == "" {
		return p.T("portal.code.without_number_visit", "Organisation", v.Organisation)
	}
	return p.T("portal.code.without_number", "Organisation", v.Organisation, "Phone", unbroken(v.Phone))
}

func (v stopView) ask(p t.Page) string {
	if v.Mandate.Phone == "" {
		return p.T("portal.stop.visit", "Organisation", v.Mandate.Organisation)
	}
	return p.T("portal.stop.phone", "Organisation", v.Mandate.Organisation, "Phone", unbroken(v.Mandate.Phone))
}

func (v stopView) question(p t.Page) string {
	return question(p, v.Mandate.Organisation, v.Mandate.Phone)
}

func (v historyView) question(p t.Page) string { return question(p, v.Organisation, v.Phone) }

func question(p t.Page, organisation, phone string) string {
	if phone == "" {
		return p.T("portal.stopped.question_visit", "Organisation", organisation)
	}
	return p.T("portal.stopped.question", "Organisation", organisation, "Phone", unbroken(phone))
}

func (v cardView) ask(p t.Page) string {
	if v.Phone == "" {
		return p.T("portal.card.new", "Organisation", v.Organisation)
	}
	return p.T("portal.card.ask", "Organisation", v.Organisation, "Phone", unbroken(v.Phone))
}

// rows are what one should know of a mandate that holds.
func (m mandateView) rows(p t.Page) []t.Row {
	rows := []t.Row{m.Left, {Key: p.T("portal.mine.mediator"), Value: m.Mediator}}
	if m.Phone == "" {
		return rows
	}
	return append(rows, t.Row{Key: p.T("portal.mine.call"), Body: call(unbroken(m.Phone))})
}

// unbroken keeps a number on one line.
func unbroken(phone string) string { return strings.ReplaceAll(phone, " ", "\u00a0") }

// dialled is a number as telephones take it (RFC 3966).
func dialled(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, phone)
}

func (v codeView) sendKind() t.ButtonKind {
	if v.Sent {
		return t.Secondary
	}
	return t.Primary
}

// newest leads back to the first page, when this is not it.
func (v historyView) newest() string {
	if v.First {
		return ""
	}
	return historyPath
}

func (v stepView) noteOr(p t.Page) string {
	if v.Note == "" {
		return p.T("portal.disagree.no_note")
	}
	return v.Note
}
