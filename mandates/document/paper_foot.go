package document

import "fmt"

const (
	signatureHeight = 27.0
	signatureGap    = 8.0
	qrSide          = 34.0
)

// span is the width of all columns together.
func (m *mandatePage) span() (x, w float64) {
	left, right := m.cols[0].x, m.cols[0].x+m.cols[0].w
	for _, c := range m.cols {
		left, right = min(left, c.x), max(right, c.x+c.w)
	}
	return left, right - left
}

// signatures draws the boxes two by two, each with its caption under it.
func (m *mandatePage) signatures() error {
	if len(m.in.Signatures) == 0 {
		return nil
	}
	m.room(6 + 8 + signatureHeight + 18)
	m.section(make([][]block, len(m.cols)), func(w PDFWords) string { return w.SignatureHeading })
	x, w := m.span()
	boxWidth := (w - signatureGap) / 2
	for i := 0; i < len(m.in.Signatures); i += 2 {
		pair := m.in.Signatures[i:min(i+2, len(m.in.Signatures))]
		m.room(signatureHeight + 20)
		m.y += 2.5
		top, end := m.y, m.y
		for j, s := range pair {
			at := &column{x: x + float64(j)*(boxWidth+signatureGap), w: boxWidth, rtl: m.cols[0].rtl, sect: m.cols[0].sect}
			if at.rtl {
				at.x = x + w - boxWidth - float64(j)*(boxWidth+signatureGap)
			}
			m.y = top
			if err := m.signature(fmt.Sprintf("signature-%d", i+j), at, s); err != nil {
				return err
			}
			end = max(end, m.y)
		}
		m.y = end
	}
	return nil
}

// signature draws one box, then leaves y under its caption.
func (m *mandatePage) signature(name string, at *column, s Signature) error {
	m.frame(rect{at.x, m.y, at.w, signatureHeight})
	top := m.y
	inner := &column{x: at.x + 3, w: at.w - 6, rtl: at.rtl, sect: at.sect}
	small := style{size: 10, colour: quiet}
	switch {
	case len(s.Image) > 0:
		figure := at.sect.add("Figure")
		figure.alt = m.in.Words.SignatureAlt
		if err := m.picture(figure, name, s.Image, rect{at.x + 3, top + 2, at.w - 6, signatureHeight - 4}); err != nil {
			return err
		}
	case s.Text.Person != "":
		blocks := []block{{kind: "P", text: s.Text.Person, st: style{size: 11, colour: ink}}}
		if len(m.cols) > 1 {
			blocks = append(blocks, block{kind: "P", text: s.Text.Administration, st: small, above: 1, name: true, lang: m.in.Administration.Language})
		}
		m.y = top + 3
		m.lines([]*column{inner}, [][]setLine{m.set(inner, blocks)})
	default:
		m.y = top + 2
		m.lines([]*column{inner}, [][]setLine{m.set(inner, []block{{kind: "P", text: m.in.Words.SignHere, st: small}})})
	}
	m.y = top + signatureHeight + 1.2
	captions := []block{
		{kind: "P", text: s.Who, st: style{size: 11, bold: true, colour: ink}, name: true},
		{kind: "P", text: s.When.Person, st: style{size: 11, colour: ink}},
	}
	if len(m.cols) > 1 && s.When.Administration != s.When.Person {
		captions = append(captions, block{kind: "P", text: s.When.Administration, st: small, name: true, lang: m.in.Administration.Language})
	}
	m.lines([]*column{at}, [][]setLine{m.set(at, captions)})
	return nil
}

// check is the box that lets anyone verify the document: code, QR code,
// fingerprint of the signed bytes and key.
func (m *mandatePage) check() error {
	if m.in.JWS == "" {
		m.bind()
		return nil
	}
	blocks := m.checkBlocks()
	x, w := m.span()
	text := &column{x: x + 2, w: w - 4, rtl: m.cols[0].rtl, sect: m.cols[0].sect}
	if m.in.VerifyURL != "" {
		text.w -= qrSide + 10
		if text.rtl {
			text.x += qrSide + 10
		}
	}
	lines := m.set(text, blocks)
	height := max(tall(lines), qrSide*float64(index(m.in.VerifyURL != ""))) + 10
	m.room(height + 6)
	m.y += 6
	top := m.y
	m.box(rect{x - 4, top, w + 8, height}, tint)
	m.y = top + 5
	m.lines([]*column{text}, [][]setLine{lines})
	m.y = top + height
	if m.in.VerifyURL == "" {
		return nil
	}
	qrX := x + w - qrSide - 2
	if text.rtl {
		qrX = x + 2
	}
	figure := m.cols[0].sect.add("Figure")
	figure.alt = m.in.Words.QRAlt
	m.box(rect{qrX - 2.5, top + 2.5, qrSide + 5, qrSide + 5}, colour{0xff, 0xff, 0xff})
	return m.qrCode(figure, qrX, top+5, qrSide, m.in.VerifyURL)
}

// bind ties a sheet signed by hand to the text that was frozen: its fingerprint
// is all there is to check until the mandate is recorded.
func (m *mandatePage) bind() {
	x, w := m.span()
	small := style{size: 9, colour: quiet}
	print := fingerprint(m.in.Payload)
	m.row([]*column{{x: x, w: w, rtl: m.cols[0].rtl, sect: m.cols[0].sect}}, [][]block{{
		{kind: "P", text: m.in.Words.FingerprintLabel, st: small},
		{kind: "P", text: print[0] + " " + print[1], st: small, name: true},
	}}, 5, nil)
}

func (m *mandatePage) checkBlocks() []block {
	w := m.in.Words
	body := style{size: 12, colour: ink}
	small := style{size: 9.5, colour: quiet}
	out := []block{
		{kind: "H2", text: w.CheckHeading, st: style{size: 13, bold: true, colour: accent, lead: 1.3}},
		{kind: "P", text: w.Check, st: body, above: 1},
	}
	if len(m.cols) > 1 && m.in.Administration.Check != "" {
		out = append(out, block{kind: "P", text: m.in.Administration.Check, st: style{size: 10, colour: quiet}, above: 0.6, name: true, lang: m.in.Administration.Language})
	}
	if m.in.Code != "" {
		out = append(out, block{kind: "P", text: w.CodeLabel, st: small, above: 1.6},
			block{kind: "P", text: m.in.Code, st: style{size: 19, bold: true, colour: ink, lead: 1.25}, name: true})
	}
	print := fingerprint(m.in.Payload)
	out = append(out, block{kind: "P", text: w.FingerprintLabel, st: small, above: 1.6},
		block{kind: "P", text: print[0], st: inked(small, ink), name: true}, block{kind: "P", text: print[1], st: inked(small, ink), name: true})
	if m.kid != "" {
		out = append(out, block{kind: "P", text: w.KeyLabel + " " + m.kid, st: small, above: 0.8})
	}
	return out
}
