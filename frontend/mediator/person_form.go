package mediator

import (
	"context"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// noProtection is the answer of somebody who decides for themselves.
const noProtection = "none"

// personFields are the choices of the forms about a person.
type personFields struct {
	Checks, Protections, Channels, Languages []t.Option
	Codes                                    codeFields
}

// personFieldsOf lists what the country's pack offers.
func personFieldsOf(p t.Page, pack *packs.Pack) personFields {
	lang := string(p.Lang())
	var out personFields
	for _, d := range pack.IdentityDocuments {
		out.Checks = append(out.Checks, t.Option{Value: d.Code, Label: d.Name.In(lang)})
	}
	out.Protections = []t.Option{{Value: noProtection, Label: p.T("mediator.form.protection.none")}}
	for _, r := range pack.Protection {
		out.Protections = append(out.Protections, t.Option{Value: r.Status, Label: r.Name.In(lang), Body: protectionText(r.Text.In(lang))})
	}
	for _, c := range []struct {
		code string
		icon t.Icon
	}{{"sms", t.IconPhone}, {"mail", t.IconMail}, {"letter", t.IconLetter}, {"none", t.IconPaper}} {
		out.Channels = append(out.Channels, t.Option{Value: c.code, Label: p.T("channel." + c.code), Hint: p.T("mediator.form.channel." + c.code), Icon: c.icon})
	}
	for _, l := range languagesOf(pack) {
		out.Languages = append(out.Languages, t.Option{Value: l, Label: languageName(p, l)})
	}
	out.Codes = codeFieldsOf(p, pack.IdentityCodes)
	return out
}

// readIdentity reads who somebody is. The date of birth and the question about
// protection must be answered here: a command cannot tell an answer left out
// from "no".
func readIdentity(f *form.Form) beneficiaries.Identity {
	in := beneficiaries.Identity{GivenNames: f.Required("given_names", "missing_given_names"), FamilyName: f.Required("family_name", "missing_family_name")}
	in.UsageName, in.BirthPlace = f.Value("usage_name"), f.Value("birth_place")
	in.BirthDate = readBirth(f)
	in.IdentityCheck = f.Required("identity_check", "choose_identity_check")
	in.Protection = f.Required("protection", "choose_protection")
	in.Codes = readCodes(f)
	return in
}

// readBirth reads the date of birth; three empty boxes are told which date lacks.
func readBirth(f *form.Form) time.Time {
	if f.Value("birth_date"+form.DayBox)+f.Value("birth_date"+form.MonthBox)+f.Value("birth_date"+form.YearBox) == "" {
		f.Fail("birth_date", "missing_birth_date") // stands before what the boxes say
	}
	day, _ := f.Date("birth_date")
	return day
}

// readContact reads how to reach somebody.
func readContact(f *form.Form) beneficiaries.Contact {
	c := beneficiaries.Contact{Phone: f.Value("phone"), Email: f.Value("email"), Address: f.Value("address")}
	c.Channel = f.Required("channel", "choose_channel")
	c.Language = f.Required("language", "choose_language")
	return c
}

// fillIdentity shows what is known.
func fillIdentity(f *form.Form, b beneficiaries.Beneficiary) {
	for name, value := range map[string]string{"given_names": b.GivenNames, "family_name": b.FamilyName, "usage_name": b.UsageName,
		"birth_place": b.BirthPlace, "identity_check": b.IdentityCheck, "protection": b.Protection} {
		f.Set(name, value)
	}
	f.SetDate("birth_date", b.BirthDate)
	fillCodes(f, b.Codes)
}

// fillContact shows what is known.
func fillContact(f *form.Form, b beneficiaries.Beneficiary) {
	for name, value := range map[string]string{"phone": desk.PhoneWords(b.Phone), "email": b.Email, "address": b.Address, "channel": b.Channel, "language": b.Language} {
		f.Set(name, value)
	}
}

// keep sorts the answer of a command: faults go into the form, a refusal is
// shown on the page, anything else is handed back.
func (s *Surface) keep(ctx context.Context, p t.Page, actor authz.Actor, f *form.Form, err error) (*desk.Refusal, error) {
	if _, rest := f.Accept(err); rest != nil {
		return s.refusalOf(ctx, p, actor, rest)
	}
	return nil, nil
}

// duplicateView asks whether a person is one already known.
type duplicateView struct {
	Matches []t.Card
	Typed   []t.Row
	Hidden  [][2]string
}

// typedFields are carried through the question, in page order.
var typedFields = []string{"given_names", "family_name", "usage_name", "birth_date" + form.DayBox, "birth_date" + form.MonthBox,
	"birth_date" + form.YearBox, "birth_place", "identity_check", "protection",
	"gender", "birth_country", "birth_place_code", "phone", "email", "address", "channel", "language", "then", "key"}

func duplicateViewOf(p t.Page, f *form.Form, e *problem.Error) duplicateView {
	var v duplicateView
	found, _ := e.Args["matches"].([]beneficiaries.Match)
	for _, m := range found {
		card := t.Card{Title: m.Name, Level: 3, Href: "/people/" + m.ID.String(), Icon: t.IconPerson,
			Text: p.T("mediator.person.born", "Date", calendarDay(p, m.BirthDate))}
		if m.Phone {
			card.Tags = []t.Tag{{Text: p.T("mediator.duplicate.phone"), Tone: t.Info, Icon: t.IconPhone}}
		}
		v.Matches = append(v.Matches, card)
	}
	for _, name := range typedFields {
		v.Hidden = append(v.Hidden, [2]string{name, f.Value(name)})
	}
	born, _ := form.FromValues(p.Printer, formBoxes(f)).Date("birth_date")
	v.Typed = []t.Row{
		{Key: p.T("mediator.form.given_names"), Value: f.Value("given_names")},
		{Key: p.T("mediator.form.family_name"), Value: f.Value("family_name")},
		{Key: p.T("mediator.form.birth_date"), Value: calendarDay(p, born)},
	}
	return v
}

// formBoxes are the boxes of the date of birth alone, read again for show.
func formBoxes(f *form.Form) map[string][]string {
	out := map[string][]string{}
	for _, box := range []string{form.DayBox, form.MonthBox, form.YearBox} {
		out["birth_date"+box] = []string{f.Value("birth_date" + box)}
	}
	return out
}
