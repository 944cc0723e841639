package document

import (
	"errors"
	"strings"
)

// The card is A6 on its side, so that it fits beside an identity card.
const (
	cardWidth, cardHeight = 148.0, 105.0
	cardMargin            = 9.0
	cardQR                = 33.0
	cardColumn            = 88.0
)

// Card prints the A6 card a person keeps: who may help, with what, until when,
// whom to call, the code, and how to stop. It names the person by first name
// and initial only. A long name of a house or a person is cut; ErrPaper says
// that the words do not fit in letters one can read. The same input gives the
// same bytes.
func Card(in CardPaper) ([]byte, error) {
	w := in.Words
	if w.Language == "" || w.Name == "" || in.Code == "" || in.URL == "" {
		return nil, ErrPaper.Because(errMissing)
	}
	f := &flow{sheet: newSheet(page{width: cardWidth, height: cardHeight, title: w.Title, lang: w.Language, made: in.MadeAt}),
		top: 20, bottom: cardHeight - 4, onPage: func() {}}
	rtl := rightToLeft(w.Language)
	sect := f.tags.root.add("Sect")
	sect.lang = langTag(w.Language)
	text := &column{x: cardMargin, w: cardColumn, rtl: rtl, sect: sect}
	side := &column{x: cardWidth - cardMargin - cardQR, w: cardQR, rtl: rtl, sect: sect}
	if rtl {
		text.x, side.x = cardWidth-cardMargin-cardColumn, cardMargin
	}
	f.newPage()
	f.aside(func() {
		f.pdf.SetFillColor(accent[0], accent[1], accent[2])
		f.pdf.Rect(0, 0, cardWidth, 15, "F")
	})
	white := colour{0xff, 0xff, 0xff}
	stopTop := cardHeight - 25.0
	err := errors.Join(
		f.fitCard(&column{x: cardMargin, w: cardWidth - 2*cardMargin, rtl: rtl, sect: sect}, 3.4, 8.2,
			[]block{{kind: "H1", text: w.Title, st: style{size: 15, bold: true, colour: white, lead: 1.3}}}),
		f.fitCard(text, 18.5, stopTop-3-18.5, cardText(w)),
		f.stopBox(w, rtl, sect, stopTop, in.Code))
	if err != nil {
		return nil, ErrPaper.Because(err)
	}
	figure := sect.add("Figure")
	figure.alt = w.QRAlt
	if err := f.qrCode(figure, side.x, 20, cardQR, in.URL); err != nil {
		return nil, ErrPaper.Because(err)
	}
	under := 20 + cardQR + 1.5
	if err := f.fitCard(side, under, stopTop-3-under, []block{{kind: "P", text: w.ScanLabel, st: style{size: 11, colour: quiet}}}); err != nil {
		return nil, ErrPaper.Because(err)
	}
	out, err := f.bytes()
	if err != nil {
		return nil, ErrPaper.Because(err)
	}
	return out, nil
}

func cardText(w CardWords) []block {
	body := style{size: 12.5, colour: ink, lead: 1.32}
	return []block{
		{kind: "P", text: w.Name, st: style{size: 18, bold: true, colour: ink, lead: 1.25}, name: true, cut: true},
		{kind: "P", text: w.Scope, st: body, above: 1.2},
		{kind: "P", text: w.Period, st: bold(body), above: 1.6},
		{kind: "P", text: w.Organisation, st: body, above: 2.4, name: true, cut: true},
		{kind: "P", text: w.Phone, st: style{size: 16, bold: true, colour: accent, lead: 1.25}, name: true},
	}
}

// stopBox is the foot of the card: the code, large, and how to stop with it.
func (f *flow) stopBox(w CardWords, rtl bool, sect *element, top float64, code string) error {
	f.box(rect{4, top, cardWidth - 8, cardHeight - 4 - top}, tint)
	const codeWidth = 58.0
	left := &column{x: cardMargin, w: codeWidth, rtl: rtl, sect: sect}
	right := &column{x: cardMargin + codeWidth + 4, w: cardWidth - 2*cardMargin - codeWidth - 4, rtl: rtl, sect: sect}
	if rtl {
		left.x = cardWidth - cardMargin - codeWidth
		right.x = cardMargin
	}
	height := cardHeight - 4 - top - 4
	return errors.Join(
		f.fitCard(left, top+2.5, height, []block{
			{kind: "P", text: w.CodeLabel, st: style{size: 11, colour: quiet}},
			{kind: "P", text: code, st: style{size: 22, bold: true, colour: ink, lead: 1.2}, name: true},
		}),
		f.fitCard(right, top+2.5, height, []block{{kind: "P", text: w.Stop, st: style{size: 12, colour: ink, lead: 1.3}}}))
}

// Least a card is printed with: people who see badly keep it.
const (
	leastSize = 10.0 // points
	leastLead = 1.15
)

var errTooMuch = errors.New("more words than the card has room for")

// fitCard sets blocks in a space of fixed height: a card has no second page.
// Letters and lines draw closer, down to what can still be read; then what may
// be cut is, the last such block first. What does not fit then is errTooMuch.
func (f *flow) fitCard(c *column, y, height float64, blocks []block) error {
	for f.tall(c, blocks) > height && closer(blocks) {
	}
	for i := len(blocks) - 1; i >= 0; i-- {
		b := &blocks[i]
		for text := []rune(b.text); b.cut && len(text) > shortest && f.tall(c, blocks) > height; {
			text = text[:len(text)-1]
			b.text = strings.TrimSpace(string(text)) + "…"
		}
	}
	if f.tall(c, blocks) > height {
		return errTooMuch
	}
	f.put(c, y, blocks)
	return nil
}

// shortest is how many letters of what is cut stay.
const shortest = 20

// closer makes the letters a little smaller, and once they are as small as may
// be, their lines closer; false: there is nothing left to gain.
func closer(blocks []block) (gained bool) {
	for i := range blocks {
		if st := &blocks[i].st; st.size > leastSize {
			st.size, gained = max(st.size*0.95, leastSize), true
		}
	}
	if gained {
		return true
	}
	for i := range blocks {
		if st := &blocks[i].st; st.leading() > leastLead {
			st.lead, gained = leastLead, true
		}
	}
	return gained
}
