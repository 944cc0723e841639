package document

// block is one piece of text of a column.
type block struct {
	kind  string // P, H1, H2 or LI
	text  string
	st    style
	above float64 // space above, in millimetres
	name  bool    // a name or an address: it keeps its own direction
	cut   bool    // on a card, its end may go where room lacks
	lang  string  // when it is not the column's
}

// column is where one language is set, and the part of the structure tree that
// holds it, so that a screen reader reads one language whole, then the other.
type column struct {
	x, w float64
	rtl  bool
	sect *element
	list *element // the list being set, until another kind of block ends it
}

// flow sets rows of columns down the pages of a sheet.
type flow struct {
	*sheet
	y, top, bottom float64
	onPage         func() // draws what each page repeats
}

// setLine is one line ready to draw.
type setLine struct {
	text   string
	st     style
	above  float64
	indent float64
	bullet bool
	rtl    bool
	owner  *element
}

const bulletIndent = 4.6

// set breaks the blocks of a column into lines and adds their elements.
func (f *flow) set(c *column, blocks []block) []setLine {
	var lines []setLine
	for i, b := range blocks {
		indent, owner := 0.0, (*element)(nil)
		if b.kind == "LI" {
			if c.list == nil {
				c.list = c.sect.add("L")
			}
			indent, owner = bulletIndent, c.list.add("LI").add("LBody")
		} else {
			c.list, owner = nil, c.sect.add(b.kind)
		}
		owner.lang = langTag(b.lang)
		rtl := c.rtl
		if b.name {
			rtl = startsRightToLeft(b.text)
		}
		if holdsRightToLeft(b.text) {
			owner.actual = b.text
		}
		for n, text := range f.wrap(b.text, b.st, c.w-indent) {
			line := setLine{text: text, st: b.st, indent: indent, owner: owner, rtl: rtl, bullet: b.kind == "LI" && n == 0}
			if n == 0 && i > 0 {
				line.above = b.above
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// tall is how high blocks are in a column.
func (f *flow) tall(c *column, blocks []block) float64 {
	total := 0.0
	for i, b := range blocks {
		if i > 0 {
			total += b.above
		}
		total += float64(len(f.wrap(b.text, b.st, c.w))) * b.st.lineHeight()
	}
	return total
}

// fit sets blocks in a space of fixed height, making the letters a little
// smaller until they fit.
func (f *flow) fit(c *column, y, height float64, blocks []block) {
	for range 14 {
		if f.tall(c, blocks) <= height {
			break
		}
		for i := range blocks {
			blocks[i].st.size *= 0.95
		}
	}
	f.put(c, y, blocks)
}

// put sets blocks from a height on.
func (f *flow) put(c *column, y float64, blocks []block) {
	f.y = y
	f.lines([]*column{c}, [][]setLine{f.set(c, blocks)})
}

func tall(lines []setLine) float64 {
	h := 0.0
	for _, l := range lines {
		h += l.above + l.st.lineHeight()
	}
	return h
}

// row sets blocks side by side, one slice for each column. A row that fits on
// one page is kept whole; pad and fill draw a box around it when fill is set.
func (f *flow) row(cols []*column, blocks [][]block, gap float64, fill *colour) {
	set := make([][]setLine, len(cols))
	height := 0.0
	for i, c := range cols {
		set[i] = f.set(c, blocks[i])
		height = max(height, tall(set[i]))
	}
	pad := 0.0
	if fill != nil {
		pad = 4
	}
	f.room(gap + height + 2*pad)
	if f.y > f.top {
		f.y += gap
	}
	if fill != nil && f.y+height+2*pad <= f.bottom {
		left, right := cols[0].x, cols[0].x+cols[0].w
		for _, c := range cols {
			left, right = min(left, c.x), max(right, c.x+c.w)
		}
		f.box(rect{left - 4, f.y, right - left + 8, height + 2*pad}, *fill)
	}
	f.y += pad
	f.lines(cols, set)
	f.y += pad
}

// room begins a new page when what comes does not fit and would on a new one.
func (f *flow) room(height float64) {
	if f.y > f.top && f.y+height > f.bottom {
		f.newPage()
	}
}

func (f *flow) newPage() {
	f.pdf.AddPage()
	f.y = f.top
	f.onPage()
}

// lines draws the columns of one row, over several pages if it must.
func (f *flow) lines(cols []*column, set [][]setLine) {
	for {
		end, left := f.y, false
		for i, c := range cols {
			y := f.y
			for len(set[i]) > 0 {
				l := set[i][0]
				if y+l.above+l.st.lineHeight() > f.bottom+0.01 {
					left = true
					break
				}
				y += l.above
				f.line(c, y, l)
				y += l.st.lineHeight()
				set[i] = set[i][1:]
			}
			end = max(end, y)
		}
		f.y = end
		if !left {
			return
		}
		f.newPage()
	}
}

func (f *flow) line(c *column, y float64, l setLine) {
	baseline := y + l.st.lineHeight()/2 + l.st.size*mmPerPoint*0.36
	x := c.x + l.indent
	bulletAt := c.x + 1.4
	if c.rtl {
		x = c.x + c.w - l.indent - f.width(l.text, l.st)
		bulletAt = c.x + c.w - 1.4
	}
	if l.bullet {
		f.aside(func() {
			f.pdf.SetFillColor(accent[0], accent[1], accent[2])
			f.pdf.Circle(bulletAt, baseline-l.st.size*mmPerPoint*0.28, 0.75, "F")
		})
	}
	f.within(l.owner, func() { f.draw(x, baseline, l.text, l.st, l.rtl) })
}
