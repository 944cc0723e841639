package document

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/relais-org/relais/internal/problem"
)

// A4, and where the mandate sets its columns, in millimetres.
const (
	a4Width, a4Height = 210.0, 297.0
	margin            = 20.0
	personWidth       = 96.0
	officeWidth       = 66.0
	aloneWidth        = 150.0
)

// ErrPaper is returned when a document cannot be printed as asked.
var ErrPaper = problem.New(problem.KindInternal, "paper_not_printable")

// mandatePage is one mandate being set.
type mandatePage struct {
	flow
	in    MandatePaper
	p     Payload
	kid   string
	cols  []*column
	words []PDFWords
	pick  []func(Both) string
	body  []style
}

// PDF prints a mandate: the facts of the stored bytes in the person's language
// beside the administration's, the signatures, and what is needed to verify it.
// The file is tagged, its fonts are embedded, and the signed JWS is attached.
// The same input gives the same bytes.
func PDF(in MandatePaper) ([]byte, error) {
	m, err := newMandatePage(in)
	if err != nil {
		return nil, err
	}
	m.heading()
	m.period()
	m.who()
	m.scope()
	m.texts()
	if err := m.signatures(); err != nil {
		return nil, ErrPaper.Because(err)
	}
	if err := m.check(); err != nil {
		return nil, ErrPaper.Because(err)
	}
	m.footers()
	out, err := m.bytes()
	if err != nil {
		return nil, ErrPaper.Because(err)
	}
	return out, nil
}

func newMandatePage(in MandatePaper) (*mandatePage, error) {
	p, err := Parse(in.Payload)
	if err != nil {
		return nil, err
	}
	kid := ""
	if in.JWS != "" {
		signed, by, err := signedParts(in.JWS)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(signed, in.Payload) {
			return nil, ErrPaper.Because(errors.New("the signature is not over the bytes printed"))
		}
		kid = by
	}
	if in.Words.Language == "" || in.Words.Title == "" || in.Words.Lead == "" {
		return nil, ErrPaper.Because(errMissing)
	}
	s := newSheet(page{width: a4Width, height: a4Height, title: in.Words.Title, lang: in.Words.Language, made: in.MadeAt})
	if in.JWS != "" {
		s.pdf.SetAttachments([]fpdf.Attachment{{Content: []byte(in.JWS), Filename: "mandate.jws", Description: in.Words.Reference}})
	}
	m := &mandatePage{flow: flow{sheet: s, top: 16, bottom: a4Height - 18, onPage: func() {}}, in: in, p: p, kid: kid}
	m.layOut()
	m.newPage()
	return m, nil
}

// layOut decides the columns: one when both languages are the same, else the
// person's wide and in full size, the administration's narrow and smaller, each
// on the side its readers start from.
func (m *mandatePage) layOut() {
	person := func(b Both) string { return b.Person }
	office := func(b Both) string { return b.Administration }
	sect := func(lang string) *element {
		e := m.tags.root.add("Sect")
		e.lang = langTag(lang)
		return e
	}
	rtl := rightToLeft(m.in.Words.Language)
	if m.in.Administration.Language == "" || m.in.Administration.Language == m.in.Words.Language {
		m.cols = []*column{{x: (a4Width - aloneWidth) / 2, w: aloneWidth, rtl: rtl, sect: sect(m.in.Words.Language)}}
		m.words, m.pick = []PDFWords{m.in.Words}, []func(Both) string{person}
		m.body = []style{{size: 12.5, colour: ink}}
		return
	}
	first := &column{x: margin, w: personWidth, rtl: rtl, sect: sect(m.in.Words.Language)}
	second := &column{x: a4Width - margin - officeWidth, w: officeWidth, rtl: rightToLeft(m.in.Administration.Language), sect: sect(m.in.Administration.Language)}
	if rtl {
		first.x, second.x = a4Width-margin-personWidth, margin
	}
	m.cols = []*column{first, second}
	m.words = []PDFWords{m.in.Words, m.in.Administration}
	m.pick = []func(Both) string{person, office}
	m.body = []style{{size: 12, colour: ink}, {size: 10, colour: quiet}}
}

// each builds the blocks of every column with the same function.
func (m *mandatePage) each(build func(w PDFWords, pick func(Both) string, body style) []block) [][]block {
	out := make([][]block, len(m.cols))
	for i := range m.cols {
		out[i] = build(m.words[i], m.pick[i], m.body[i])
	}
	return out
}

func bold(st style) style               { st.bold = true; return st }
func larger(st style, by float64) style { st.size *= by; return st }
func inked(st style, c colour) style    { st.colour = c; return st }
func smaller(st style) style            { return style{size: max(st.size*0.84, 9), colour: quiet, lead: 1.5} }

func (m *mandatePage) heading() {
	m.row(m.cols, m.each(func(w PDFWords, _ func(Both) string, body style) []block {
		return []block{
			{kind: "P", text: w.Reference, st: smaller(body)},
			{kind: "H1", text: w.Title, st: style{size: body.size * 1.75, bold: true, colour: accent, lead: 1.26}, above: 2.5},
			{kind: "P", text: w.Lead, st: larger(body, 1.08), above: 4},
		}
	}), 0, nil)
}

// period is the tinted box: the one date to remember.
func (m *mandatePage) period() {
	m.row(m.cols, m.each(func(w PDFWords, pick func(Both) string, body style) []block {
		return []block{
			{kind: "P", text: w.UntilLabel, st: smaller(body)},
			{kind: "P", text: pick(m.p.EndsInWords), st: style{size: body.size * 1.3, bold: true, colour: accent, lead: 1.3}},
			{kind: "P", text: w.Period, st: smaller(body), above: 0.8},
		}
	}), 5, &tint)
}

func (m *mandatePage) headings(heading func(PDFWords) string) [][]block {
	return m.each(func(w PDFWords, _ func(Both) string, body style) []block {
		return []block{{kind: "H2", text: heading(w), st: style{size: body.size * 1.17, bold: true, colour: accent, lead: 1.3}}}
	})
}

// section sets a heading, and under it each paragraph level with its
// translation. The heading stays with the first.
func (m *mandatePage) section(blocks [][]block, heading func(PDFWords) string) {
	row := m.headings(heading)
	gap := 5.2
	for n := 0; ; n++ {
		more := false
		for i := range blocks {
			if n < len(blocks[i]) {
				row[i], more = append(row[i], blocks[i][n]), true
			}
		}
		if n > 0 && !more {
			return
		}
		m.row(m.cols, row, gap, nil)
		row, gap = make([][]block, len(blocks)), 1.2
	}
}

func (m *mandatePage) who() {
	org := m.p.Organisation
	place := strings.Trim(org.Address+", "+org.City, ", ")
	one := func(label func(PDFWords) string, name string, more func(PDFWords) string, own bool) [][]block {
		return m.each(func(w PDFWords, _ func(Both) string, body style) []block {
			out := []block{{kind: "P", text: label(w), st: smaller(body)}, {kind: "P", text: name, st: bold(inked(body, ink)), name: true}}
			if text := more(w); text != "" {
				out = append(out, block{kind: "P", text: text, st: body, name: own})
			}
			return out
		})
	}
	none := func(PDFWords) string { return "" }
	m.row(m.cols, m.headings(func(w PDFWords) string { return w.WhoHeading }), 5.2, nil)
	m.row(m.cols, one(func(w PDFWords) string { return w.BeneficiaryLabel }, m.p.Beneficiary.FullName(), func(w PDFWords) string { return w.Born }, false), 1, nil)
	m.row(m.cols, one(func(w PDFWords) string { return w.MediatorLabel }, m.p.Mediator.Name, none, false), 2, nil)
	m.row(m.cols, one(func(w PDFWords) string { return w.OrganisationLabel }, org.Name, func(PDFWords) string { return place }, true), 2, nil)
}

// scope prints each grant as its own row, so that both languages stay level.
func (m *mandatePage) scope() {
	for i, g := range m.p.Grants {
		blocks := m.each(func(w PDFWords, pick func(Both) string, body style) []block { return grantBlocks(g, w, pick, body) })
		var fill *colour
		if g.Sensitive {
			fill = &warm
		}
		if i == 0 {
			m.room(45) // never a heading alone at the foot of a page
			m.row(m.cols, m.headings(func(w PDFWords) string { return w.ScopeHeading }), 5.2, nil)
			m.row(m.cols, blocks, 1.6, fill)
			continue
		}
		m.row(m.cols, blocks, 4.5, fill)
	}
}

func grantBlocks(g Grant, w PDFWords, pick func(Both) string, body style) []block {
	var out []block
	if g.Sensitive {
		out = append(out, block{kind: "P", text: "⚠\u00a0" + w.SensitiveLabel, st: bold(inked(smaller(body), ink))})
	}
	out = append(out, block{kind: "P", text: pick(g.Theme.Name), st: bold(inked(body, ink)), above: 1.2})
	for _, c := range g.Procedures {
		// A procedure may only have its name in the administration's language.
		out = append(out, block{kind: "LI", text: pick(c.Name), st: body, above: 0.4, name: true})
	}
	var actions []string
	for _, a := range g.Actions {
		actions = append(actions, pick(a.Name))
	}
	separator := w.ListSeparator
	if separator == "" {
		separator = ", "
	}
	return append(out, block{kind: "P", text: w.ActionsLabel + " " + strings.Join(actions, separator), st: body, above: 1})
}

// texts prints the consent read, what is never allowed, and how to stop.
func (m *mandatePage) texts() {
	list := func(items func(PDFWords) []string, heading func(PDFWords) string) {
		blocks := m.headings(heading)
		for i, w := range m.words {
			for _, s := range items(w) {
				blocks[i] = append(blocks[i], block{kind: "LI", text: s, st: m.body[i], above: 0.9})
			}
		}
		m.row(m.cols, blocks, 5.2, nil)
	}
	paragraphs := [][]string{m.p.Consent.Read, m.p.Consent.Administration}
	consent := make([][]block, len(m.cols))
	for i, w := range m.words {
		for _, s := range append(append([]string(nil), paragraphs[i]...), w.Method, w.Interpreter, w.Witness) {
			if s != "" {
				consent[i] = append(consent[i], block{kind: "P", text: s, st: m.body[i], above: 1})
			}
		}
	}
	m.section(consent, func(w PDFWords) string { return w.ConsentHeading })
	if len(m.in.Words.Never) > 0 {
		list(func(w PDFWords) []string { return w.Never }, func(w PDFWords) string { return w.NeverHeading })
	}
	if len(m.in.Words.Stop) > 0 {
		list(func(w PDFWords) []string { return w.Stop }, func(w PDFWords) string { return w.StopHeading })
	}
}

// footers numbers the pages, once their number is known.
func (m *mandatePage) footers() {
	last := m.pdf.PageNo()
	st := style{size: 9, colour: quiet}
	x, w := m.span()
	for n := 1; n <= last; n++ {
		m.pdf.SetPage(n)
		m.pdf.SetFont(fontFamily, "", 1) // each page's stream must set its own font
		m.aside(func() {
			m.draw(x, a4Height-10, m.prepare(m.p.Mandate), st, false)
			number := m.prepare(fmt.Sprintf("%d/%d", n, last))
			m.draw(x+w-m.width(number, st), a4Height-10, number, st, false)
		})
	}
}

// fingerprint is the hash as printed: groups of eight, two lines.
func fingerprint(stored []byte) [2]string {
	sum := Hash(stored)
	text := hex.EncodeToString(sum[:])
	var groups []string
	for i := 0; i < len(text); i += 8 {
		groups = append(groups, text[i:i+8])
	}
	return [2]string{strings.Join(groups[:4], " "), strings.Join(groups[4:], " ")}
}
