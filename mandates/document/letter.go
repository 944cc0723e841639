package document

import (
	"errors"
	"fmt"
)

var errMissing = errors.New("words are missing")

// Where the address stands so that it shows in the window of a DL or C5/6
// envelope when an A4 sheet is folded in three, in millimetres.
const (
	windowTop, windowHeight = 47.0, 34.0
	windowWidth             = 82.0
	windowAtLeft            = 22.0
	windowAtRight           = 108.0
	letterMargin            = 25.0
)

// Letter prints an A4 letter for a windowed envelope, for people without
// telephone or mail. The same input gives the same bytes.
func Letter(in LetterPaper) ([]byte, error) {
	w := in.Words
	if w.Language == "" || w.Title == "" || len(w.Recipient) == 0 || len(w.Paragraphs) == 0 {
		return nil, ErrPaper.Because(errMissing)
	}
	f := &flow{sheet: newSheet(page{width: a4Width, height: a4Height, title: w.Title, lang: w.Language, made: in.MadeAt}),
		top: 22, bottom: a4Height - 24, onPage: func() {}}
	sect := f.tags.root.add("Sect")
	sect.lang = langTag(w.Language)
	c := &column{x: letterMargin, w: a4Width - 2*letterMargin, rtl: rightToLeft(w.Language), sect: sect}
	f.newPage()
	f.letterHead(in, sect)
	body := style{size: 12.5, colour: ink, lead: 1.45}
	set := func(gap float64, blocks ...block) { f.row([]*column{c}, [][]block{blocks}, gap, nil) }
	f.y = windowTop + windowHeight + 14
	set(0, block{kind: "P", text: w.Date, st: inked(body, quiet)})
	set(6, block{kind: "H1", text: w.Title, st: style{size: 18, bold: true, colour: accent, lead: 1.3}})
	gap := 6.0
	for _, p := range w.Paragraphs {
		set(gap, block{kind: "P", text: p, st: body})
		gap = 3.4
	}
	if err := f.letterCode(in, c); err != nil {
		return nil, ErrPaper.Because(err)
	}
	if len(w.Closing) > 0 {
		var closing []block
		for _, line := range w.Closing {
			closing = append(closing, block{kind: "P", text: line, st: body, name: true})
		}
		set(9, closing...)
	}
	f.pageNumbers(c.x, c.w)
	out, err := f.bytes()
	if err != nil {
		return nil, ErrPaper.Because(err)
	}
	return out, nil
}

// letterHead sets the sender and, in the window, the recipient. Addresses are
// set from the left in every language: the post reads them so.
func (f *flow) letterHead(in LetterPaper, sect *element) {
	lines := func(texts []string, st style) []block {
		var out []block
		for i, text := range texts {
			one := st
			one.bold = st.bold && i == 0
			out = append(out, block{kind: "P", text: text, st: one, name: true})
		}
		return out
	}
	x := windowAtRight
	if in.WindowLeft {
		x = windowAtLeft
	}
	f.fit(&column{x: letterMargin, w: 75, sect: sect}, 18, 26, lines(in.Words.Sender, style{size: 10.5, bold: true, colour: quiet, lead: 1.35}))
	f.fit(&column{x: x + 3, w: windowWidth - 6, sect: sect}, windowTop+2, windowHeight-4, lines(in.Words.Recipient, style{size: 12, colour: ink, lead: 1.3}))
}

// letterCode sets the tinted box with the code and its QR code, if there is one.
func (f *flow) letterCode(in LetterPaper, c *column) error {
	if in.Code == "" {
		return nil
	}
	const side, pad = 30.0, 5.0
	height := 18.0 + 2*pad
	if in.URL != "" {
		height = side + 2*pad
	}
	f.room(height + 8)
	f.y += 8
	top := f.y
	f.box(rect{c.x, top, c.w, height}, tint)
	text := &column{x: c.x + pad, w: c.w - 2*pad, rtl: c.rtl, sect: c.sect}
	qrX := c.x + c.w - pad - side
	if in.URL != "" {
		text.w -= side + 6
	}
	if c.rtl && in.URL != "" {
		text.x, qrX = text.x+side+6, c.x+pad
	}
	f.fit(text, top+(height-18)/2, 18, []block{
		{kind: "P", text: in.Words.CodeLabel, st: style{size: 11, colour: quiet}},
		{kind: "P", text: in.Code, st: style{size: 24, bold: true, colour: ink, lead: 1.25}, name: true},
	})
	f.y = top + height
	if in.URL == "" {
		return nil
	}
	figure := c.sect.add("Figure")
	figure.alt = in.Words.QRAlt
	f.box(rect{qrX - 2, top + pad - 2, side + 4, side + 4}, colour{0xff, 0xff, 0xff})
	return f.qrCode(figure, qrX, top+pad, side, in.URL)
}

// pageNumbers are set only when there is more than one page.
func (f *flow) pageNumbers(x, w float64) {
	last := f.pdf.PageNo()
	st := style{size: 9, colour: quiet}
	for n := 1; n <= last && last > 1; n++ {
		f.pdf.SetPage(n)
		f.pdf.SetFont(fontFamily, "", 1) // each page's stream must set its own font
		f.aside(func() {
			number := f.prepare(fmt.Sprintf("%d/%d", n, last))
			f.draw(x+w-f.width(number, st), a4Height-12, number, st, false)
		})
	}
}
