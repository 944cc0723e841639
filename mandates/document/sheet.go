package document

import (
	"bytes"
	_ "embed" // the fonts
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // signatures may be photographs
	_ "image/png"
	"regexp"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"
	"rsc.io/qr"
)

// The document fonts: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian,
// Georgian, Ethiopic; emoji in the regular one. See fonts/OFL.txt, fonts/build.py.
var (
	//go:embed fonts/RelaisDocument-Regular.ttf
	fontRegular []byte
	//go:embed fonts/RelaisDocument-Bold.ttf
	fontBold []byte
)

const fontFamily = "RelaisDocument"

// colour is red, green, blue.
type colour [3]int

var (
	ink    = colour{0x1b, 0x1f, 0x24}
	quiet  = colour{0x52, 0x5a, 0x63}
	accent = colour{0x0b, 0x4a, 0x6f}
	hair   = colour{0xc3, 0xcc, 0xd4}
	tint   = colour{0xee, 0xf4, 0xf8}
	warm   = colour{0xff, 0xf3, 0xd9}
)

// style is how text looks. size is in points, lead the distance between lines
// as a multiple of it.
type style struct {
	size   float64
	bold   bool
	colour colour
	lead   float64
}

const mmPerPoint = 25.4 / 72

func (s style) leading() float64 {
	if s.lead == 0 {
		return 1.38
	}
	return s.lead
}

func (s style) lineHeight() float64 { return s.size * s.leading() * mmPerPoint }

// sheet is one PDF being drawn. Lengths are millimetres from the top left.
type sheet struct {
	pdf   *fpdf.Fpdf
	tags  *tagTree
	spare map[rune]rune // code points beyond the first plane that no font holds
}

// page describes the paper and what a reader's window shows of the file.
type page struct {
	width, height float64
	title, lang   string
	made          time.Time
}

func newSheet(p page) *sheet {
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: fpdf.SizeType{Wd: p.width, Ht: p.height}})
	pdf.SetCatalogSort(true)
	pdf.SetCompression(true)
	pdf.SetCreationDate(p.made.UTC())
	pdf.SetModificationDate(p.made.UTC())
	pdf.SetTitle(p.title, true)
	pdf.SetProducer("Relais", true)
	pdf.SetCreator("Relais", true)
	pdf.SetLang(langTag(p.lang))
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes(fontFamily, "", fontRegular)
	pdf.AddUTF8FontFromBytes(fontFamily, "B", fontBold)
	return &sheet{pdf: pdf, tags: newTagTree(), spare: map[rune]rune{}}
}

// langTag keeps what may stand in a BCP 47 tag: the PDF library writes it as is.
func langTag(tag string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') {
			return r
		}
		return -1
	}, tag)
}

// bytes ends the document.
func (s *sheet) bytes() ([]byte, error) {
	var raw bytes.Buffer
	if err := s.pdf.Output(&raw); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	out, err := s.tags.finish(raw.Bytes())
	if err != nil {
		return nil, fmt.Errorf("tag PDF: %w", err)
	}
	return out, nil
}

// Emoji live in the private area of the font, see fonts/build.py.
const (
	emojiFirst = 0x1F000
	emojiLast  = 0x1FBFF
	emojiAt    = 0xE000
	spareAt    = 0xF400
)

// prepare gives text ready to be measured and drawn: NFC, Arabic shaped, each
// character a code the font knows, invisible marks gone. Order stays logical.
func (s *sheet) prepare(text string) string {
	var out strings.Builder
	for _, r := range shape(keepTogether(norm.NFC.String(text))) {
		if unicode.In(r, invisible) {
			continue
		}
		code := s.code(r)
		if letter, isShape := spelled[code]; isShape {
			s.tags.codes[code] = letter
		} else {
			s.tags.codes[code] = strings.ReplaceAll(string(r), "\u00a0", " ")
		}
		out.WriteRune(code)
	}
	return out.String()
}

// code is the code of the first plane that draws r.
func (s *sheet) code(r rune) rune {
	switch {
	case r <= 0xFFFF:
		return r
	case r >= emojiFirst && r <= emojiLast:
		return r - emojiFirst + emojiAt
	}
	if _, known := s.spare[r]; !known {
		s.spare[r] = spareAt + rune(len(s.spare)%0x400)
	}
	return s.spare[r]
}

// invisible are controls, soft hyphens, joiners, direction marks, variation
// selectors, skin tones and tags: they steer drawing and have no shape.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00, Hi: 0x1F, Stride: 1}, {Lo: 0xAD, Hi: 0xAD, Stride: 1}, {Lo: 0x200B, Hi: 0x200F, Stride: 1},
		{Lo: 0x2028, Hi: 0x202E, Stride: 1}, {Lo: 0x2060, Hi: 0x206F, Stride: 1}, {Lo: 0xFE00, Hi: 0xFE0F, Stride: 1}, {Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1F3FB, Hi: 0x1F3FF, Stride: 1}, {Lo: 0xE0000, Hi: 0x10FFFF, Stride: 1}},
}

// frenchSpaces keeps the signs that French sets apart on the line of their word.
var frenchSpaces = strings.NewReplacer("« ", "«\u00a0", " »", "\u00a0»", " :", "\u00a0:", " ;", "\u00a0;", " !", "\u00a0!", " ?", "\u00a0?")

var digitGroups = regexp.MustCompile(`(\d) (\d)`)

// keepTogether fixes the spaces at which a line must not break: those French
// sets before its signs, and those inside telephone numbers and thousands.
func keepTogether(text string) string {
	once := digitGroups.ReplaceAllString(frenchSpaces.Replace(text), "$1\u00a0$2")
	return digitGroups.ReplaceAllString(once, "$1\u00a0$2") // one-digit groups share a digit
}

// onlyRegular are the codes that the bold font lacks.
func onlyRegular(code rune) bool {
	return (code >= emojiAt && code < spareAt) || (code >= 0x2600 && code <= 0x27BF)
}

// pieces cuts prepared text where the weight changes and calls f with each.
func (s *sheet) pieces(prepared string, st style, f func(piece string)) {
	runes := []rune(prepared)
	for i := 0; i < len(runes); {
		regular := !st.bold || onlyRegular(runes[i])
		end := i
		for end < len(runes) && (!st.bold || onlyRegular(runes[end])) == regular {
			end++
		}
		weight := "B"
		if regular {
			weight = ""
		}
		s.pdf.SetFont(fontFamily, weight, st.size)
		f(string(runes[i:end]))
		i = end
	}
}

func (s *sheet) width(prepared string, st style) float64 {
	total := 0.0
	s.pieces(prepared, st, func(piece string) { total += s.pdf.GetStringWidth(piece) })
	return total
}

// draw writes one line of prepared text with its baseline at y, in visual order.
func (s *sheet) draw(x, y float64, prepared string, st style, rtl bool) {
	s.pdf.SetTextColor(st.colour[0], st.colour[1], st.colour[2])
	s.pieces(visual(prepared, rtl), st, func(piece string) {
		s.pdf.Text(x, y, piece)
		x += s.pdf.GetStringWidth(piece)
	})
}

// wrap breaks text in lines no wider than width, at spaces, and inside a word
// only when it would not fit on a line of its own.
func (s *sheet) wrap(text string, st style, width float64) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(s.prepare(text), " ") {
		tried := word
		if line != "" {
			tried = line + " " + word
		}
		if s.width(tried, st) <= width {
			line = tried
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && s.width(line+string(r), st) > width {
				lines = append(lines, line)
				line = ""
			}
			line += string(r)
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// within draws content that belongs to an element of the structure tree.
func (s *sheet) within(e *element, content func()) {
	m := s.tags.next(e, s.pdf.PageNo())
	s.pdf.RawWriteStr(fmt.Sprintf("/%s <</MCID %d>> BDC", e.kind, m.id))
	content()
	s.pdf.RawWriteStr("EMC")
}

// aside draws what screen readers skip: rules, boxes, page numbers.
func (s *sheet) aside(content func()) {
	s.pdf.RawWriteStr("/Artifact BMC")
	content()
	s.pdf.RawWriteStr("EMC")
}

func (s *sheet) box(at rect, c colour) {
	s.aside(func() {
		s.pdf.SetFillColor(c[0], c[1], c[2])
		s.pdf.RoundedRect(at.x, at.y, at.w, at.h, 1.6, "1234", "F")
	})
}

func (s *sheet) frame(at rect) {
	s.aside(func() {
		s.pdf.SetDrawColor(hair[0], hair[1], hair[2])
		s.pdf.SetLineWidth(0.3)
		s.pdf.RoundedRect(at.x, at.y, at.w, at.h, 1.6, "1234", "D")
	})
}

// ErrPicture is returned for a signature that is neither PNG nor JPEG, or an
// address too long for a QR code.
var ErrPicture = errors.New("picture cannot be drawn")

// qrCode draws a square of side mm as one path, so that no hairline shows
// between its modules. The quiet zone is left to the caller's layout.
func (s *sheet) qrCode(e *element, x, y, side float64, address string) error {
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return fmt.Errorf("%w: QR code: %w", ErrPicture, err)
	}
	_, height := s.pdf.GetPageSize()
	unit := side / float64(code.Size)
	var path strings.Builder
	path.WriteString("q 0 0 0 rg\n")
	for row := range code.Size {
		for col := 0; col < code.Size; col++ {
			if !code.Black(col, row) {
				continue
			}
			end := col
			for end < code.Size && code.Black(end, row) {
				end++
			}
			fmt.Fprintf(&path, "%.3f %.3f %.3f %.3f re\n", (x+float64(col)*unit)/mmPerPoint,
				(height-y-float64(row+1)*unit)/mmPerPoint, float64(end-col)*unit/mmPerPoint, unit/mmPerPoint)
			col = end
		}
	}
	path.WriteString("f Q")
	s.within(e, func() { s.pdf.RawWriteStr(path.String()) })
	return nil
}

// rect is a place on the page.
type rect struct{ x, y, w, h float64 }

// picture draws a PNG or JPEG inside a box, whole and centred.
func (s *sheet) picture(e *element, name string, raw []byte, in rect) error {
	config, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || config.Width == 0 || config.Height == 0 || config.Width > 6000 || config.Height > 6000 {
		return fmt.Errorf("%w: signature %s: %w", ErrPicture, name, errors.Join(err, errors.New("want a PNG or JPEG of at most 6000 pixels a side")))
	}
	scale := min(in.w/float64(config.Width), in.h/float64(config.Height))
	dw, dh := float64(config.Width)*scale, float64(config.Height)*scale
	opts := fpdf.ImageOptions{ImageType: kind}
	s.pdf.RegisterImageOptionsReader(name, opts, bytes.NewReader(raw))
	s.within(e, func() { s.pdf.ImageOptions(name, in.x+(in.w-dw)/2, in.y+(in.h-dh)/2, dw, dh, false, opts, 0, "") })
	return s.pdf.Error()
}
