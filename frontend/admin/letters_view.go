package admin

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
)

// lettersView lists letters.
type lettersView struct {
	Organisation string
	Suspended    bool
	Tabs         []t.Tab
	Count        string // how many wait, in a sentence
	Table        t.Table
	Pager        t.Pager
}

// waitingLetters are one page of letters, one more than it shows when there is
// a next; how many wait in all; and where in them one is.
type waitingLetters struct {
	list    []notify.Queued
	waiting int
	where   where
}

const lettersPath = "/organisation/letters"

func newLetters(p t.Page, here authz.Membership, all waitingLetters) lettersView {
	v := lettersView{Organisation: here.OrganisationName, Suspended: !here.OrganisationAlive, Tabs: sections(p, lettersPath),
		Count: p.N("admin.letters.count", all.waiting),
		Table: t.Table{Caption: p.T("admin.letters.caption"), Columns: []t.Column{{Title: p.T("admin.letters.to")},
			{Title: p.T("admin.letters.about")}, {Title: p.T("admin.letters.since"), Tight: true}}}}
	list, next := all.list, ""
	if len(list) > onPage {
		list = list[:onPage]
		next = list[onPage-1].ID.String()
	}
	v.Pager = all.where.trail.Pager(lettersPath, nil, next)
	for _, q := range list {
		v.Table.Rows = append(v.Table.Rows, []t.Cell{
			{Text: firstLine(q.Recipient), Href: letterPath(q.ID)}, {Text: q.Subject}, {Text: p.LongDate(q.CreatedAt)}})
	}
	return v
}

func letterPath(id uuid.UUID) string { return lettersPath + "/" + id.String() }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// letterView is one letter, to read before it is printed.
type letterView struct {
	Organisation string
	Refused      []string
	To           []string
	Subject      string
	Lang         string
	Paragraphs   []string
	Printed      string // since when, empty while it waits
	PDF, Action  string
	Person       string // page of the person, empty when it is about nobody
}

func newLetter(p t.Page, here authz.Membership, q notify.Queued, refused []string) letterView {
	v := letterView{Organisation: here.OrganisationName, Refused: refused, To: lines(q.Recipient), Subject: q.Subject, Lang: q.Language,
		Paragraphs: paragraphs(q.Body), PDF: letterPath(q.ID) + "/letter.pdf", Action: letterPath(q.ID) + "/printed"}
	if q.State != "queued" {
		v.Printed = p.T("admin.letters.printed_on", "Date", p.LongDate(q.SentAt))
	}
	if q.Beneficiary != uuid.Nil {
		v.Person = "/people/" + q.Beneficiary.String()
	}
	return v
}

// letterPaper is what is printed: in the letter's own language, dated on the
// day it is printed, in the organisation's time zone.
func letterPaper(org organisations.OrganisationFacts, q notify.Queued, now time.Time) (document.LetterPaper, error) {
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return document.LetterPaper{}, fmt.Errorf("zone of the organisation: %w", err)
	}
	p := i18n.For(i18n.Default)
	if i18n.Known(q.Language) {
		p = i18n.For(i18n.Lang(q.Language))
	}
	p = p.In(zone)
	date := p.LongDate(now)
	if org.City != "" {
		date = p.T("admin.letters.place_date", "Place", org.City, "Date", date)
	}
	closing := []string{org.Name}
	if org.Phone != "" {
		closing = append(closing, p.T("admin.letters.phone", "Phone", org.Phone))
	}
	return document.LetterPaper{MadeAt: now, Words: document.LetterWords{
		Language: string(p.Lang()), Sender: append([]string{org.Name}, lines(org.Address)...), Recipient: lines(q.Recipient),
		Date: date, Title: q.Subject, Paragraphs: paragraphs(q.Body), Closing: closing,
	}}, nil
}

// lines are those that are not empty.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// paragraphs are what empty lines, or else line ends, part.
func paragraphs(s string) []string {
	if !strings.Contains(s, "\n\n") {
		return lines(s)
	}
	var out []string
	for _, part := range strings.Split(s, "\n\n") {
		if part = strings.Join(lines(part), " "); part != "" {
			out = append(out, part)
		}
	}
	return out
}
