package mediator

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/organisations"
)

// authorityView is what "my authority" shows.
type authorityView struct {
	Form      *form.Form
	Refused   *desk.Refusal
	Lacks     []desk.RefusalLine
	Statement t.AlertBox
	Because   []t.Row
	Elsewhere []t.Row
	Charter   charterView
}

// charterView is the charter, and whether it was accepted.
type charterView struct {
	Title, Version string
	Paragraphs     []string
	Accepted       string // "You accepted it on …", empty when it waits
}

// organisationName is that of the organisation acted for.
func organisationName(a authz.Actor) string {
	for _, m := range a.Memberships {
		if m.Organisation == a.Organisation {
			return m.OrganisationName
		}
	}
	return ""
}

// statementOf is the answer in one sentence.
func statementOf(p t.Page, a authz.Actor, m organisations.Member) t.AlertBox {
	name := organisationName(a)
	until := m.Authority.Until
	switch {
	case len(m.Lacks()) > 0:
		return t.AlertBox{Tone: t.Warning, Title: p.T("mediator.authority.not_yet", "Organisation", name)}
	case m.Role == authz.Referent:
		return t.AlertBox{Tone: t.Success, Title: p.T("mediator.authority.referent", "Organisation", name)}
	case until.IsZero():
		return t.AlertBox{Tone: t.Success, Title: p.T("mediator.authority.open", "Organisation", name)}
	}
	return t.AlertBox{Tone: t.Success, Title: p.T("mediator.authority.until", "Organisation", name, "Date", lastDay(p, until))}
}

// becauseOf lists the facts that the answer rests on.
func becauseOf(p t.Page, m organisations.Member) []t.Row {
	facts := m.Authority.Because
	rows := []t.Row{{Key: p.T("mediator.authority.confirmed"), Value: p.T("mediator.authority.not_confirmed")}}
	if !facts.ConfirmedAt.IsZero() {
		rows[0].Value = p.Date(facts.ConfirmedAt)
	}
	if m.Role == authz.Referent {
		return rows
	}
	return append(rows, trainingRow(p, facts), charterRow(p, facts))
}

func trainingRow(p t.Page, facts authz.AuthorityFacts) t.Row {
	row := t.Row{Key: p.T("mediator.authority.trained")}
	if facts.TrainedOn.IsZero() {
		row.Value = p.T("mediator.authority.not_trained")
		return row
	}
	row.Lines = []string{facts.Course, p.T("mediator.authority.trained_on", "Date", calendarDay(p, facts.TrainedOn))}
	valid := p.T("mediator.authority.trained_open")
	if !facts.TrainingExpiresOn.IsZero() {
		valid = p.T("mediator.authority.trained_until", "Date", calendarDay(p, facts.TrainingExpiresOn))
	}
	row.Lines = append(row.Lines, valid)
	return row
}

func charterRow(p t.Page, facts authz.AuthorityFacts) t.Row {
	row := t.Row{Key: p.T("mediator.authority.charter"), Action: t.Link{Text: p.T("mediator.authority.charter_see"), Href: "#charter"}}
	switch {
	case facts.CharterAcceptedAt.IsZero():
		row.Value = p.T("mediator.authority.charter_never")
	case facts.CharterVersion != facts.CharterCurrent:
		row.Value = p.T("mediator.authority.charter_older", "Date", p.Date(facts.CharterAcceptedAt))
	default:
		row.Value = p.T("mediator.authority.charter_on", "Date", p.Date(facts.CharterAcceptedAt))
	}
	return row
}

// elsewhereOf says how one stands in one's other organisations.
func elsewhereOf(p t.Page, a authz.Actor) []t.Row {
	var rows []t.Row
	seen := map[uuid.UUID]bool{a.Organisation: true}
	for _, m := range a.Memberships {
		if seen[m.Organisation] {
			continue
		}
		seen[m.Organisation] = true
		there := a
		there.Organisation = m.Organisation
		row := t.Row{Key: m.OrganisationName, Value: p.T("mediator.authority.may"), Action: t.Link{Text: p.T("mediator.authority.switch"), Href: "/organisation/switch"}}
		if len(standingOf(there).Lacks()) > 0 {
			row.Value = p.T("mediator.authority.may_not")
		}
		rows = append(rows, row)
	}
	return rows
}

// charterOf is the charter in the reader's language.
func charterOf(p t.Page, pack *packs.Pack, m organisations.Member) charterView {
	lang, facts := string(p.Lang()), m.Authority.Because
	out := charterView{Title: pack.Charter.Title.In(lang), Version: pack.Charter.Version}
	for _, text := range pack.Charter.Paragraphs {
		out.Paragraphs = append(out.Paragraphs, text.In(lang))
	}
	if facts.CharterVersion == facts.CharterCurrent && !facts.CharterAcceptedAt.IsZero() {
		out.Accepted = p.T("mediator.authority.charter_accepted", "Date", p.DateTime(facts.CharterAcceptedAt.Truncate(time.Minute)))
	}
	return out
}
