package mediator

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates/document"
)

// readView is the fourth page: the text as it will be signed.
type readView struct {
	stepView
	Texts []readText // the person's, then the administration's; none while not frozen
}

// readText is the text in one language.
type readText struct {
	Label     string // what this sheet is, in the reader's language
	Lang, Dir string
	Small     bool
	Words     document.PDFWords
	Until     string
	People    []t.Row
	Grants    []readGrant
	Consent   []string
}

// readGrant is one line of the scope, as frozen.
type readGrant struct {
	Theme      string
	Procedures []string
	Actions    string
	Warning    string
}

// readTogether shows the frozen text, large, to be turned towards the person.
// A draft that is complete is shown by a press, which freezes it.
func (s *Surface) readTogether(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	switch d.next() {
	case "":
		return web.SeeOther(c, d.href(""))
	case stepWhat, stepHowLong:
		return web.SeeOther(c, d.href(d.next()))
	}
	return s.showRead(c, d, form.New(d.page.Printer), stepAnswer{})
}

// presentText freezes the text.
func (s *Surface) presentText(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, d.page.Printer)
	if err != nil {
		return err
	}
	switch d.next() {
	case "":
		return d.moved(c)
	case stepRead, stepSign:
		if len(d.m.Payload) > 0 { // pressed twice, or shown in another window
			return web.SeeOther(c, d.href(stepRead))
		}
	}
	_, err = s.Mandates.Present(c.Request.Context(), actor, d.m.ID, versionOf(f))
	answer, err := s.answerOf(c, &d, f, named(err, "representative", ""))
	switch {
	case err != nil:
		return err
	case answer.ok:
		return web.SeeOther(c, d.href(stepRead))
	}
	return s.showRead(c, d, f, answer)
}

func (s *Surface) showRead(c *gin.Context, d deal, f *form.Form, answer stepAnswer) error {
	v := readView{stepView: s.stepViewOf(c, d, f, answer, 4)}
	if len(d.m.Payload) > 0 {
		sheet, err := s.Mandates.Sheet(c.Request.Context(), d.actor, d.m.ID)
		if err != nil {
			return err
		}
		if v.Texts, err = readTextsOf(d.page, sheet); err != nil {
			return err
		}
		return web.Render(c, http.StatusOK, readPage(d.page, v))
	}
	return web.Render(c, status(f, answer.refused, answer.stale), readyPage(d.page, v))
}

// readTextsOf sets the sheet for the screen: the same words as on paper, the
// facts read from the frozen bytes.
func readTextsOf(p t.Page, sheet document.MandatePaper) ([]readText, error) {
	payload, err := document.Parse(sheet.Payload)
	if err != nil {
		return nil, err
	}
	person := readTextOf(payload, sheet.Words, func(b document.Both) string { return b.Person }, payload.Consent.Read)
	person.Label = p.T("mandate.read.for_person", "Language", plainLanguage(p, person.Lang))
	if sheet.Administration.Language == sheet.Words.Language {
		return []readText{person}, nil
	}
	office := readTextOf(payload, sheet.Administration, func(b document.Both) string { return b.Administration }, payload.Consent.Administration)
	office.Small, office.Label = true, p.T("mandate.read.for_office", "Language", plainLanguage(p, office.Lang))
	return []readText{person, office}, nil
}

func readTextOf(payload document.Payload, w document.PDFWords, pick func(document.Both) string, consent []string) readText {
	out := readText{Lang: w.Language, Dir: direction(w.Language), Words: w, Until: pick(payload.EndsInWords),
		Consent: slices.DeleteFunc(append(slices.Clone(consent), w.Method, w.Interpreter), func(s string) bool { return s == "" })}
	out.People = []t.Row{
		{Key: w.BeneficiaryLabel, Value: payload.Beneficiary.FullName(), Lines: lines(w.Born)},
		{Key: w.MediatorLabel, Value: payload.Mediator.Name},
		{Key: w.OrganisationLabel, Value: payload.Organisation.Name, Lines: lines(payload.Organisation.Address)},
	}
	for _, g := range payload.Grants {
		line := readGrant{Theme: pick(g.Theme.Name), Actions: w.ActionsLabel + " "}
		for _, p := range g.Procedures {
			line.Procedures = append(line.Procedures, pick(p.Name))
		}
		for i, a := range g.Actions {
			if i > 0 {
				line.Actions += w.ListSeparator
			}
			line.Actions += pick(a.Name)
		}
		if g.Sensitive {
			line.Warning = w.SensitiveLabel
		}
		out.Grants = append(out.Grants, line)
	}
	return out
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// direction is how a language is written.
func direction(language string) string {
	switch i18n.Lang(language) {
	case "ar", "fa", "he", "ur", "ps":
		return "rtl"
	default:
		return "ltr"
	}
}
