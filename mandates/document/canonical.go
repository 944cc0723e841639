package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// canonical rewrites JSON in the one form that is signed: RFC 8785 (keys sorted
// by UTF-16 code units, no space, shortest escapes) narrowed to whole numbers
// without null, with every string in NFC.
func canonical(loose []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(loose))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	var out bytes.Buffer
	if err := writeCanonical(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeCanonical(out *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case string:
		writeString(out, v)
	case bool:
		fmt.Fprintf(out, "%t", v)
	case json.Number:
		// Whole numbers below 2^53 have one spelling in every language.
		n, err := v.Int64()
		if err != nil || n > 1<<53 || n < -1<<53 || fmt.Sprint(n) != v.String() {
			return fmt.Errorf("number %q is not a plain whole number", v)
		}
		out.WriteString(v.String())
	case []any:
		out.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeCanonical(out, e); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case map[string]any:
		return writeMembers(out, v)
	default:
		return fmt.Errorf("value %T has no place in a payload", v)
	}
	return nil
}

func writeMembers(out *bytes.Buffer, m map[string]any) error {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return utf16Less(keys[i], keys[j]) })
	out.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		writeString(out, k)
		out.WriteByte(':')
		if err := writeCanonical(out, m[k]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

// utf16Less is the order of RFC 8785 section 3.2.3.
func utf16Less(a, b string) bool {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return len(x) < len(y)
}

var shortEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// writeString follows RFC 8785 section 3.2.2.2: only what JSON demands is
// escaped, so < & and non-Latin letters stay as they are.
func writeString(out *bytes.Buffer, s string) {
	out.WriteByte('"')
	for _, r := range shortEscapes.Replace(norm.NFC.String(s)) {
		if r < 0x20 {
			fmt.Fprintf(out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	out.WriteByte('"')
}
