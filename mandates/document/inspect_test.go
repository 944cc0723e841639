package document

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// inspected is what a reader's program finds in a PDF: it is read back from the
// file alone, with the standard library, sharing nothing with the writer.
type inspected struct {
	raw     []byte
	objects map[int]string // dictionaries and streams as they stand
	pages   []int          // object numbers
	text    map[[2]int]string
	loose   int // pieces of text that belong to nothing
}

var (
	objectStart = regexp.MustCompile(`(?m)^(\d+) 0 obj\n`)
	shown       = regexp.MustCompile(`(?s)\((.*?[^\\]|)\) Tj|/(\w+) (?:<</MCID (\d+)>> BDC|BMC)|\bEMC\b`)
	bfchar      = regexp.MustCompile(`<([0-9A-F]{4})> <([0-9A-F]+)>\n`)
	contents    = regexp.MustCompile(`/Contents (\d+) 0 R`)
	markedRef   = regexp.MustCompile(`/Pg (\d+) 0 R /MCID (\d+)`)
)

func inspect(t *testing.T, raw []byte) *inspected {
	t.Helper()
	in := &inspected{raw: raw, objects: map[int]string{}, text: map[[2]int]string{}}
	at := objectStart.FindAllSubmatchIndex(raw, -1)
	for i, m := range at {
		end := bytes.LastIndex(raw, []byte("xref\n0 "))
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		n, _ := strconv.Atoi(string(raw[m[2]:m[3]]))
		in.objects[n] = string(raw[m[1]:end])
	}
	codes := map[string]string{}
	for n := 1; n <= len(in.objects); n++ {
		if strings.HasPrefix(in.objects[n], "<</Type /Page ") {
			in.pages = append(in.pages, n)
		}
		if strings.Contains(in.objects[n], "begincmap") {
			for _, m := range bfchar.FindAllStringSubmatch(in.objects[n], -1) {
				codes[m[1]] = from16(t, m[2])
			}
		}
	}
	for i, n := range in.pages {
		m := contents.FindStringSubmatch(in.objects[n])
		stream, _ := strconv.Atoi(m[1])
		in.readPage(t, i+1, in.inflate(t, stream), codes)
	}
	return in
}

func (in *inspected) readPage(t *testing.T, page int, content string, codes map[string]string) {
	t.Helper()
	mark := -1 // -1 is outside, -2 is an artifact
	for _, m := range shown.FindAllStringSubmatch(content, -1) {
		switch {
		case m[3] != "":
			mark, _ = strconv.Atoi(m[3])
			in.text[[2]int{page, mark}] += "" // a picture has no text, and still a mark
		case m[2] != "":
			mark = -2
		case m[0] == "EMC":
			mark = -1
		default:
			if mark == -1 {
				in.loose++
			}
			if mark >= 0 {
				in.text[[2]int{page, mark}] += decode(t, m[1], codes)
			}
		}
	}
}

// decode turns a string operand into text through the ToUnicode map.
func decode(t *testing.T, operand string, codes map[string]string) string {
	t.Helper()
	raw := strings.NewReplacer(`\\`, `\`, `\(`, `(`, `\)`, `)`, `\r`, "\r").Replace(operand)
	if len(raw)%2 != 0 {
		t.Fatalf("odd string %q", raw)
	}
	var out strings.Builder
	for i := 0; i < len(raw); i += 2 {
		text, known := codes[fmt.Sprintf("%02X%02X", raw[i], raw[i+1])]
		if !known {
			t.Errorf("code %02X%02X has no text behind it", raw[i], raw[i+1])
		}
		out.WriteString(text)
	}
	return out.String()
}

func from16(t *testing.T, digits string) string {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw)%2 != 0 {
		t.Fatalf("%q is not UTF-16", digits)
	}
	var units []uint16
	for i := 0; i < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

func (in *inspected) inflate(t *testing.T, n int) string {
	t.Helper()
	_, body, _ := strings.Cut(in.objects[n], "stream\n")
	r, err := zlib.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

var (
	treeKind = regexp.MustCompile(`/S /(\w+) /P (\d+) 0 R`)
	treeText = regexp.MustCompile(`/(Lang|Alt|ActualText) <([0-9A-F]+)>`)
	treeKid  = regexp.MustCompile(`<</Type /MCR /Pg (\d+) 0 R /MCID (\d+)>>|(\d+) 0 R`)
	treeRoot = regexp.MustCompile(`/StructTreeRoot /K (\d+) 0 R`)
)

// outline is the document as a screen reader walks it: one line for each
// element, with its language, its text, and the words for pictures.
func (in *inspected) outline(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	pageOf := map[string]int{}
	for i, n := range in.pages {
		pageOf[strconv.Itoa(n)] = i + 1
	}
	var walk func(n, depth int)
	walk = func(n, depth int) {
		object := in.objects[n]
		kind := treeKind.FindStringSubmatch(object)
		if kind == nil {
			t.Fatalf("object %d is no element: %.80s", n, object)
		}
		fmt.Fprintf(&out, "%s%s", strings.Repeat("  ", depth), kind[1])
		for _, m := range treeText.FindAllStringSubmatch(object, -1) {
			fmt.Fprintf(&out, " %s=%q", strings.ToLower(m[1]), from16(t, m[2]))
		}
		_, kids, _ := strings.Cut(object, "/K [")
		var text []string
		var children []int
		for _, m := range treeKid.FindAllStringSubmatch(kids, -1) {
			if m[3] != "" {
				child, _ := strconv.Atoi(m[3])
				children = append(children, child)
				continue
			}
			id, _ := strconv.Atoi(m[2])
			text = append(text, in.text[[2]int{pageOf[m[1]], id}])
		}
		if joined := strings.Join(text, " "); joined != "" {
			out.WriteString(" | " + joined)
		}
		out.WriteString("\n")
		for _, child := range children {
			walk(child, depth+1)
		}
	}
	for _, object := range in.objects {
		if m := treeRoot.FindStringSubmatch(object); m != nil {
			root, _ := strconv.Atoi(m[1])
			walk(root, 0)
		}
	}
	return out.String()
}

// sound checks what every PDF of ours must be: tagged through and through, in a
// named language, with every font inside.
func (in *inspected) sound(t *testing.T, language string) {
	t.Helper()
	all := string(in.raw)
	for _, want := range []string{"/MarkInfo <</Marked true>>", "/Lang (" + language + ")", "/DisplayDocTitle true", "/Tabs /S"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in the file", want)
		}
	}
	if in.loose > 0 {
		t.Errorf("%d pieces of text belong to nothing", in.loose)
	}
	refs := markedRef.FindAllStringSubmatch(all, -1)
	if len(refs) != len(in.text) {
		t.Errorf("%d marks on the pages, %d in the tree", len(in.text), len(refs))
	}
	descriptors, files := strings.Count(all, "/Type /FontDescriptor"), strings.Count(all, "/FontFile2 ")
	if descriptors == 0 || descriptors != files {
		t.Errorf("%d fonts, %d embedded", descriptors, files)
	}
}
