package portal

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// atOnce is how many messages the page holds before it writes them.
const atOnce = 50

// booklet writes everything about a person in one of their spaces, in easy words,
// to read and to print: the parts of the file, in the same order. Each part is
// written as it is read.
type booklet struct {
	*maker
	w     io.Writer
	actor authz.Actor
	org   organisations.OrganisationFacts
	pack  *packs.Pack
	some  bool // something stands under the last heading
}

// kept is the body of the page: one booklet a space.
func (m *maker) kept(everywhere []authz.Actor) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, there := range everywhere {
			if err := m.bookletOf(ctx, w, there); err != nil {
				return fmt.Errorf("write a space: %w", err)
			}
		}
		return nil
	})
}

func (m *maker) bookletOf(ctx context.Context, w io.Writer, actor authz.Actor) error {
	org, err := m.organisation(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	pack, err := m.Packs.Get(org.Pack)
	if err != nil {
		return fmt.Errorf("pack of the organisation: %w", err)
	}
	here := *m
	here.page.Printer = m.words(org)
	b := &booklet{maker: &here, w: w, actor: actor, org: org, pack: pack}
	if err := b.put(ctx, keptSpace(here.page, org.Name)); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		write func(context.Context) error
	}{
		{"portal.kept.you", b.you}, {"portal.kept.mandates", b.mandates}, {"portal.kept.cases", b.cases}, {"portal.kept.done", b.done},
		{"portal.kept.messages", b.messages}, {"portal.kept.disagreements", b.disagreements},
	} {
		if err := b.part(ctx, here.page.T(part.title), part.write); err != nil {
			return err
		}
	}
	return nil
}

// part writes a heading and what stands under it, or that there is nothing.
func (b *booklet) part(ctx context.Context, title string, write func(context.Context) error) error {
	if err := b.put(ctx, keptHeading(title)); err != nil {
		return err
	}
	b.some = false
	if err := write(ctx); err != nil || b.some {
		return err
	}
	return b.put(ctx, keptNothing(b.page))
}

func (b *booklet) put(ctx context.Context, c templ.Component) error {
	b.some = true
	return c.Render(ctx, b.w)
}

func (b *booklet) you(ctx context.Context) error {
	person, err := b.Beneficiaries.Get(ctx, b.actor, b.actor.Beneficiary)
	if err != nil {
		return err
	}
	rows, err := b.personRows(ctx, person)
	if err != nil {
		return err
	}
	links, err := b.Beneficiaries.Links(ctx, b.actor)
	if err != nil {
		return err
	}
	for _, l := range links {
		rows = append(rows, t.Row{Key: b.page.T("portal.kept.linked"), Value: l.Issuer, Lines: []string{b.page.T("portal.link.since", "Date", b.page.Date(l.Since))}})
	}
	return b.put(ctx, t.SummaryList(rows))
}

// personRows leave out what is not known.
func (b *booklet) personRows(ctx context.Context, x beneficiaries.Beneficiary) ([]t.Row, error) {
	p, lang := b.page, string(b.page.Lang())
	by, err := b.nameOf(ctx, x.IdentityCheckedBy)
	if err != nil {
		return nil, err
	}
	born, protection, document := "", "", x.IdentityCheck
	if !x.BirthDate.IsZero() {
		born = p.LongDate(midday(x.BirthDate))
	}
	if rule, ok := b.pack.Protection.For(x.Protection); ok {
		protection = rule.Name.In(lang)
	}
	for _, d := range b.pack.IdentityDocuments {
		if d.Code == x.IdentityCheck {
			document = d.Name.In(lang)
		}
	}
	var rows []t.Row
	add := func(key, value string, lines ...string) {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		if value != "" || len(lines) > 0 {
			rows = append(rows, t.Row{Key: p.T(key), Value: value, Lines: lines})
		}
	}
	add("portal.kept.given_names", x.GivenNames)
	add("portal.kept.family_name", x.FamilyName)
	add("portal.kept.usage_name", x.UsageName)
	add("portal.kept.birth", born, x.BirthPlace)
	rows = append(rows, desk.CodeRows(p, b.pack.IdentityCodes, x.Codes)...)
	add("portal.contact.phone", desk.PhoneWords(x.Phone))
	add("portal.contact.email", x.Email)
	add("portal.contact.address", x.Address)
	add("portal.contact.channel_label", p.T("portal.contact.channel."+x.Channel))
	add("portal.contact.language", endonym(x.Language))
	add("portal.kept.protection", protection)
	add("portal.kept.identity", document, p.T("portal.kept.seen", "Name", by, "Date", p.Date(x.IdentityCheckedAt)))
	return rows, nil
}

func (b *booklet) mandates(ctx context.Context) error {
	return b.Mandates.EachOwn(ctx, b.actor, func(x mandates.Own) error {
		pack, err := b.Packs.Get(x.Pack)
		if err != nil {
			return fmt.Errorf("pack of the mandate: %w", err)
		}
		p := b.page
		rows := []t.Row{{Key: p.T("portal.mine.mediator"), Value: x.MediatorName}}
		for _, g := range linesOf(x.Mandate) {
			l := b.line(p.Printer, pack, g)
			row := t.Row{Key: l.Theme, Value: p.List(slices.Concat(l.May, l.Careful))}
			if len(l.Procedures) > 0 {
				row.Lines = append(row.Lines, p.T("portal.kept.procedures", "List", p.List(l.Procedures)))
			}
			if l.Stopped != "" {
				row.Lines = append(row.Lines, l.Stopped)
			}
			rows = append(rows, row)
		}
		rows = append(rows, b.answers(pack, x.Draft)...)
		agreed, err := b.agreed(ctx, x.Kept)
		if err != nil {
			return err
		}
		rows = append(rows, agreed...)
		for _, reason := range []string{x.SuspendedReason, x.EndReason} {
			if reason != "" {
				rows = append(rows, t.Row{Key: p.T("portal.history.reason"), Value: reason})
			}
		}
		card, err := b.mandateTitle(ctx, x)
		if err != nil {
			return err
		}
		return b.put(ctx, keptCard(card, rows))
	})
}

// linesOf are the lines of a mandate; of one that has none yet, or no more, those
// that were chosen for it.
func linesOf(m mandates.Mandate) []mandates.Grant {
	if len(m.Grants) > 0 {
		return m.Grants
	}
	all := make([]mandates.Grant, len(m.Draft.Grants))
	for i, g := range m.Draft.Grants {
		all[i] = mandates.Grant{Theme: g.Theme, Procedures: g.Procedures, Actions: g.Actions, State: "pending"}
	}
	return all
}

// mandateTitle says when a mandate was signed and how it stands; of one that was
// never signed, when it was begun.
func (b *booklet) mandateTitle(ctx context.Context, x mandates.Own) (t.Card, error) {
	p := b.page
	if !x.Signed() {
		card := t.Card{Title: p.T("portal.kept.begun", "Date", p.Date(x.CreatedAt)), Text: p.T("portal.kept.unsigned"),
			Tags: []t.Tag{{Text: p.T("mandate_state." + string(x.State)), Tone: t.Neutral}}}
		if !x.EndedAt.IsZero() {
			card.Text += " " + p.T("portal.kept.dropped", "Date", p.Date(x.EndedAt))
		}
		return card, nil
	}
	v, err := b.mandate(ctx, x.Mandate)
	if err != nil {
		return t.Card{}, err
	}
	over := v.Over
	if v.Live {
		over = p.T("portal.kept.until", "Date", v.Until)
	}
	return t.Card{Title: p.T("portal.papers.signed", "Date", p.Date(x.SignedAt)), Text: over, Tags: []t.Tag{v.Tag}}, nil
}

// answers are what was said when a mandate was prepared; "none" says nothing.
func (b *booklet) answers(pack *packs.Pack, d mandates.Draft) []t.Row {
	p, protection, link := b.page, "", ""
	if rule, ok := pack.Protection.For(d.ProtectionAnswer); ok {
		protection = rule.Name.In(string(p.Lang()))
	}
	if d.ConflictAnswer != "" && d.ConflictAnswer != "none" {
		link = p.T("conflict." + d.ConflictAnswer)
	}
	var rows []t.Row
	for _, r := range [][2]string{{"portal.kept.protection", protection}, {"portal.kept.representative", d.Representative},
		{"portal.kept.interpreter", d.Interpreter}, {"portal.kept.link", link}} {
		if r[1] != "" {
			rows = append(rows, t.Row{Key: p.T(r[0]), Value: r[1]})
		}
	}
	return rows
}

// agreed is how, when and before whom the person said yes.
func (b *booklet) agreed(ctx context.Context, all []mandates.Kept) ([]t.Row, error) {
	p := b.page
	var rows []t.Row
	for _, k := range all {
		by, err := b.nameOf(ctx, k.CollectedBy)
		if err != nil {
			return nil, err
		}
		row := t.Row{Key: p.T("portal.kept.agreed"), Value: p.T("method." + k.Method), Lines: []string{p.DateTime(k.CollectedAt)}}
		if by != "" {
			row.Lines = append(row.Lines, p.T("portal.kept.collected", "Name", by))
		}
		if k.WitnessName != "" {
			row.Lines = append(row.Lines, p.T("portal.kept.witness", "Name", k.WitnessName))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (b *booklet) cases(ctx context.Context) error {
	return b.Mandates.EachOwnCase(ctx, b.actor, func(c mandates.Case) error {
		p := b.page
		text := p.T("portal.kept.opened", "Date", p.Date(c.OpenedAt), "Name", c.AssignedName)
		switch {
		case !c.ClosedAt.IsZero():
			text += " " + p.T("portal.kept.closed", "Date", p.Date(c.ClosedAt))
		case !c.DueOn.IsZero():
			text += " " + p.T("portal.kept.due", "Date", p.Date(midday(c.DueOn)))
		}
		tag := t.Tag{Text: p.T("case_state." + string(c.State)), Tone: t.Neutral}
		return b.put(ctx, keptCard(t.Card{Title: b.procedureName(p, b.org.Pack, c.Procedure), Text: text, Tags: []t.Tag{tag}}, nil))
	})
}

func (b *booklet) done(ctx context.Context) error {
	signed, err := b.Mandates.OfBeneficiary(ctx, b.actor, b.actor.Beneficiary)
	if err != nil {
		return err
	}
	day := ""
	for cursor := ""; ; {
		page, err := b.Review.PersonHistory(ctx, b.actor, cursor)
		if err != nil {
			return err
		}
		disputes, err := b.Mandates.Disputes(ctx, b.actor, mandates.DisputeQuery{Steps: stepsIn(page.Lines)})
		if err != nil {
			return err
		}
		x := newTeller(b.maker, disputes, signed)
		x.paper = true
		for _, d := range x.days(page.Lines) {
			if d.Day != day {
				if err := b.put(ctx, keptDay(d.Day)); err != nil {
					return err
				}
			}
			if err := b.put(ctx, t.Timeline(d.Moments)); err != nil {
				return err
			}
			day = d.Day
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

func (b *booklet) messages(ctx context.Context) error {
	waiting := make([]notify.Queued, 0, atOnce)
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		err := b.put(ctx, t.Timeline(messageMoments(b.page, waiting)))
		waiting = waiting[:0]
		return err
	}
	err := b.Beneficiaries.EachMessage(ctx, b.actor, func(m notify.Queued) error {
		if waiting = append(waiting, m); len(waiting) < atOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (b *booklet) disagreements(ctx context.Context) error {
	for q := (mandates.DisputeQuery{Limit: atOnce}); ; {
		page, err := b.Mandates.DisputePage(ctx, b.actor, q)
		if err != nil {
			return err
		}
		for _, d := range page.Disputes {
			words := b.disputeWords(d)
			rows := []t.Row{
				{Key: b.page.T("portal.disagree.what"), Value: b.did(b.page, b.org.Pack, d.Of.Procedure, d.Of.Action)},
				{Key: b.page.T("portal.dispute.title"), Value: b.page.T("shell.quoted", "Text", d.Text)},
			}
			if d.Answer == "" {
				rows = append(rows, t.Row{Key: b.page.T("portal.kept.answer"), Value: words.State})
			} else {
				rows = append(rows, t.Row{Key: words.State, Value: b.page.T("shell.quoted", "Text", d.Answer)})
			}
			if err := b.put(ctx, keptCard(t.Card{Title: b.page.Date(d.RaisedAt)}, rows)); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// keptAt is when the page was made, in words.
func keptAt(p t.Page, now time.Time) string { return p.T("portal.kept.at", "At", p.DateTime(now)) }
