package document

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A tagged PDF tells screen readers what each piece of text is, in which
// language and in what order (ISO 32000-1 section 14.8). fpdf draws; this file
// keeps the tree of elements while it draws and writes it into the finished
// file.

// element is a node of the structure tree: a PDF structure type (P, H1, LI…),
// and optionally the language, the words that stand for a picture, and the text
// in reading order where it is drawn in another (right-to-left scripts).
type element struct {
	kind, lang, alt, actual string
	parent                  *element
	kids                    []any // *element or mark, in reading order
}

// mark is one piece of page content that belongs to an element.
type mark struct{ page, id int }

func (e *element) add(kind string) *element {
	child := &element{kind: kind, parent: e}
	e.kids = append(e.kids, child)
	return child
}

// tagTree is the structure of one document.
type tagTree struct {
	root  *element
	pages [][]*element    // by page from 0, by mark id: who owns it
	codes map[rune]string // by drawn code: the text behind it
}

func newTagTree() *tagTree {
	return &tagTree{root: &element{kind: "Document"}, codes: map[rune]string{}}
}

// next gives the mark for the next content of e on a page counted from 1.
func (t *tagTree) next(e *element, page int) mark {
	for len(t.pages) < page {
		t.pages = append(t.pages, nil)
	}
	m := mark{page: page, id: len(t.pages[page-1])}
	t.pages[page-1] = append(t.pages[page-1], e)
	e.kids = append(e.kids, m)
	return m
}

// pdfObjects is a finished fpdf file taken apart: objects[n] is the text of
// object n without its "n 0 obj" and "endobj"; index 0 is unused.
type pdfObjects struct{ objects [][]byte }

var errNotFpdf = errors.New("the PDF is not laid out as fpdf writes it")

var trailingNumber = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\s*$`)

func takeApart(raw []byte) (*pdfObjects, error) {
	found := trailingNumber.FindSubmatch(raw)
	if found == nil {
		return nil, errNotFpdf
	}
	table, err := strconv.Atoi(string(found[1]))
	if err != nil || table >= len(raw) {
		return nil, errNotFpdf
	}
	lines := strings.Split(string(raw[table:]), "\n")
	var count int
	if _, err := fmt.Sscanf(lines[1], "0 %d", &count); err != nil || len(lines) < count+2 {
		return nil, errNotFpdf
	}
	offsets := make([]int, count)
	sorted := []int{table}
	for n := 1; n < count; n++ {
		if offsets[n], err = strconv.Atoi(lines[n+2][:10]); err != nil {
			return nil, errNotFpdf
		}
		sorted = append(sorted, offsets[n])
	}
	sort.Ints(sorted)
	out := &pdfObjects{objects: make([][]byte, count)}
	for n := 1; n < count; n++ {
		end := sorted[sort.SearchInts(sorted, offsets[n]+1)]
		body, ok := bytes.CutPrefix(raw[offsets[n]:end], fmt.Appendf(nil, "%d 0 obj\n", n))
		cut := bytes.LastIndex(body, []byte("endobj"))
		if !ok || cut < 0 {
			return nil, errNotFpdf
		}
		out.objects[n] = body[:cut]
	}
	return out, nil
}

func (p *pdfObjects) append(text string) (n int) {
	p.objects = append(p.objects, []byte(text+"\n"))
	return len(p.objects) - 1
}

// together writes the file again. The identifier is a hash of the content, so
// the same document is the same bytes.
func (p *pdfObjects) together(root, info int) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(p.objects))
	for n := 1; n < len(p.objects); n++ {
		offsets[n] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%sendobj\n", n, p.objects[n])
	}
	table, id := out.Len(), sha256.Sum256(out.Bytes())
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(p.objects))
	for n := 1; n < len(p.objects); n++ {
		fmt.Fprintf(&out, "%010d 00000 n \n", offsets[n])
	}
	fmt.Fprintf(&out, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%x> <%x>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(p.objects), root, info, id[:16], id[:16], table)
	return out.Bytes()
}

// finish writes the structure tree, the languages and the text behind every
// drawn code into what fpdf made.
func (t *tagTree) finish(raw []byte) ([]byte, error) {
	p, err := takeApart(raw)
	if err != nil {
		return nil, err
	}
	catalog := len(p.objects) - 1
	var pages []int
	unicodeMap := t.toUnicode()
	for n, body := range p.objects {
		switch {
		case bytes.HasPrefix(body, []byte("<</Type /Page\n")):
			extra := fmt.Sprintf("<</Type /Page /Tabs /S /StructParents %d\n", len(pages))
			p.objects[n] = append([]byte(extra), body[len("<</Type /Page\n"):]...)
			pages = append(pages, n)
		case bytes.Contains(body, []byte("/CMapName /Adobe-Identity-UCS")):
			p.objects[n] = fmt.Appendf(nil, "<</Length %d>>\nstream\n%s\nendstream\n", len(unicodeMap), unicodeMap)
		}
	}
	if len(pages) < len(t.pages) || !bytes.Contains(p.objects[catalog], []byte("/Type /Catalog")) {
		return nil, errNotFpdf
	}
	tree := t.writeTree(p, pages)
	body := bytes.TrimRight(p.objects[catalog], "\n")
	p.objects[catalog] = fmt.Appendf(nil, "%s /MarkInfo <</Marked true>> /StructTreeRoot %d 0 R /ViewerPreferences <</DisplayDocTitle true>>>>\n",
		bytes.TrimSuffix(body, []byte(">>")), tree)
	return p.together(catalog, catalog-1), nil
}

// writeTree appends the structure tree and its index by page; it gives the
// number of the root object.
func (t *tagTree) writeTree(p *pdfObjects, pages []int) int {
	root := p.append("")
	numbers := map[*element]int{}
	var reserve func(e *element)
	reserve = func(e *element) {
		numbers[e] = p.append("")
		for _, kid := range e.kids {
			if child, ok := kid.(*element); ok {
				reserve(child)
			}
		}
	}
	reserve(t.root)
	for e, n := range numbers {
		parent := root
		if e.parent != nil {
			parent = numbers[e.parent]
		}
		p.objects[n] = []byte(e.object(parent, numbers, pages))
	}
	var index strings.Builder
	for i, owners := range t.pages {
		fmt.Fprintf(&index, "%d [", i)
		for _, e := range owners {
			fmt.Fprintf(&index, "%d 0 R ", numbers[e])
		}
		index.WriteString("] ")
	}
	parents := p.append("<</Nums [" + index.String() + "]>>")
	p.objects[root] = fmt.Appendf(nil, "<</Type /StructTreeRoot /K %d 0 R /ParentTree %d 0 R /ParentTreeNextKey %d>>\n",
		numbers[t.root], parents, len(t.pages))
	return root
}

func (e *element) object(parent int, numbers map[*element]int, pages []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<</Type /StructElem /S /%s /P %d 0 R", e.kind, parent)
	if e.lang != "" {
		b.WriteString(" /Lang " + pdfText(e.lang))
	}
	if e.alt != "" {
		b.WriteString(" /Alt " + pdfText(e.alt))
	}
	if e.actual != "" {
		b.WriteString(" /ActualText " + pdfText(e.actual))
	}
	b.WriteString(" /K [")
	for _, kid := range e.kids {
		switch kid := kid.(type) {
		case *element:
			fmt.Fprintf(&b, "%d 0 R ", numbers[kid])
		case mark:
			fmt.Fprintf(&b, "<</Type /MCR /Pg %d 0 R /MCID %d>> ", pages[kid.page-1], kid.id)
		}
	}
	b.WriteString("]>>\n")
	return b.String()
}

// toUnicode is the CMap that gives text back from drawn codes: shapes become
// letters again, so that copying, searching and reading aloud work.
func (t *tagTree) toUnicode() string {
	codes := make([]int, 0, len(t.codes))
	for code := range t.codes {
		codes = append(codes, int(code))
	}
	sort.Ints(codes)
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(codes) > 0 {
		some := codes[:min(100, len(codes))]
		codes = codes[len(some):]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(some))
		for _, code := range some {
			fmt.Fprintf(&b, "<%04X> <%s>\n", code, hex16(t.codes[rune(code)]))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend")
	return b.String()
}

func hex16(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String()
}

// pdfText is a text string object, UTF-16 with byte order mark.
func pdfText(s string) string { return "<FEFF" + hex16(s) + ">" }
