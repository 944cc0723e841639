package document

// The card is A6 on its side, so that it fits beside an identity card.
const (
	cardWidth, cardHeight = 148.0, 105.0
	cardMargin            = 9.0
	cardQR                = 33.0
	cardColumn            = 88.0
)

// Card prints the A6 card a person keeps: who may help, with what, until when,
// whom to call, the code, and how to stop. It names the person by first name
// and initial only. The same input gives the same bytes.
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
	f.fit(&column{x: cardMargin, w: cardWidth - 2*cardMargin, rtl: rtl, sect: sect}, 3.4, 8.2,
		[]block{{kind: "H1", text: w.Title, st: style{size: 15, bold: true, colour: white, lead: 1.3}}})
	stopTop := cardHeight - 25.0
	f.fit(text, 18.5, stopTop-3-18.5, cardText(w))
	f.stopBox(w, rtl, sect, stopTop, in.Code)
	figure := sect.add("Figure")
	figure.alt = w.QRAlt
	if err := f.qrCode(figure, side.x, 20, cardQR, in.URL); err != nil {
		return nil, ErrPaper.Because(err)
	}
	f.fit(side, 20+cardQR+1.5, 6, []block{{kind: "P", text: w.ScanLabel, st: style{size: 11, colour: quiet}}})
	out, err := f.bytes()
	if err != nil {
		return nil, ErrPaper.Because(err)
	}
	return out, nil
}

func cardText(w CardWords) []block {
	body := style{size: 12.5, colour: ink, lead: 1.32}
	return []block{
		{kind: "P", text: w.Name, st: style{size: 18, bold: true, colour: ink, lead: 1.25}, name: true},
		{kind: "P", text: w.Scope, st: body, above: 1.2},
		{kind: "P", text: w.Period, st: bold(body), above: 1.6},
		{kind: "P", text: w.Organisation, st: body, above: 2.4, name: true},
		{kind: "P", text: w.Phone, st: style{size: 16, bold: true, colour: accent, lead: 1.25}, name: true},
	}
}

// stopBox is the foot of the card: the code, large, and how to stop with it.
func (f *flow) stopBox(w CardWords, rtl bool, sect *element, top float64, code string) {
	f.box(rect{4, top, cardWidth - 8, cardHeight - 4 - top}, tint)
	const codeWidth = 58.0
	left := &column{x: cardMargin, w: codeWidth, rtl: rtl, sect: sect}
	right := &column{x: cardMargin + codeWidth + 4, w: cardWidth - 2*cardMargin - codeWidth - 4, rtl: rtl, sect: sect}
	if rtl {
		left.x = cardWidth - cardMargin - codeWidth
		right.x = cardMargin
	}
	height := cardHeight - 4 - top - 4
	f.fit(left, top+2.5, height, []block{
		{kind: "P", text: w.CodeLabel, st: style{size: 11, colour: quiet}},
		{kind: "P", text: code, st: style{size: 22, bold: true, colour: ink, lead: 1.2}, name: true},
	})
	f.fit(right, top+2.5, height, []block{{kind: "P", text: w.Stop, st: style{size: 12, colour: ink, lead: 1.3}}})
}

// fit sets blocks in a space of fixed height, making the letters a little
// smaller until they fit: a card has no second page.
func (f *flow) fit(c *column, y, height float64, blocks []block) {
	for range 14 {
		total := 0.0
		for i, b := range blocks {
			if i > 0 {
				total += b.above
			}
			total += float64(len(f.wrap(b.text, b.st, c.w))) * b.st.lineHeight()
		}
		if total <= height {
			break
		}
		for i := range blocks {
			blocks[i].st.size *= 0.95
		}
	}
	f.y = y
	f.lines([]*column{c}, [][]setLine{f.set(c, blocks)})
}
