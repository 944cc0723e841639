package translog

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestCanonicalise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"members sorted, spaces gone", ` { "b" : 1 ,"a":[ true , false ] } `, `{"a":[true,false],"b":1}`},
		{"nested", `{"z":{"b":{},"a":[]},"a":"x"}`, `{"a":"x","z":{"a":[],"b":{}}}`},
		{"null members go", `{"a":null,"b":{"c":null}}`, `{"b":{}}`},
		{"escapes that are not needed", `"\u00e9\/\u003c"`, `"é/<"`},
		{"escapes that are", `"\u0000\u001f\b\t\n\f\r\"\\"`, `"\u0000\u001f\b\t\n\f\r\"\\"`},
		{"NFC", "\"e\u0301\"", `"é"`},
		{"NFC of a name", "{\"e\u0301\":1}", `{"é":1}`},
		{"surrogates", `"\ud83d\ude00"`, `"😀"`},
		// The names of RFC 8785, 3.2.3, without its carriage return.
		{"UTF-16 order", `{"\u20ac":1,"\ufb33x":2,"1":3,"\ud83d\ude00":4,"\u0080":5,"\u00f6":6}`,
			canonicalOrder()},
		{"integers", `[0,-1,9007199254740991,-9007199254740991]`, `[0,-1,9007199254740991,-9007199254740991]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Canonicalise([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if err := CheckCanonical(got); err != nil {
				t.Errorf("the result is not canonical: %v", err)
			}
		})
	}
}

// canonicalOrder is written with escapes because U+FB33 decomposes under NFC:
// the test would otherwise depend on how its own source is stored.
func canonicalOrder() string {
	fb33 := norm.NFC.String("\ufb33x")
	return "{\"1\":3,\"\u0080\":5,\"\u00f6\":6,\"" + fb33 + "\":2,\"\u20ac\":1,\"\U0001f600\":4}"
}

func TestCompareUTF16(t *testing.T) {
	t.Parallel()
	// In this order by UTF-16 units; the last two swap in the order of bytes.
	order := []string{"", "\r", "1", "1a", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\U0001f601", "\uffee"}
	for i, a := range order {
		for j, b := range order {
			got := compareUTF16(a, b)
			if (i < j) != (got < 0) || (i == j) != (got == 0) {
				t.Errorf("compare(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestCanonicaliseRefuses(t *testing.T) {
	t.Parallel()
	deep := bytes.Repeat([]byte("["), 100)
	for _, in := range []string{
		``, `nul`, `null`, `[null]`, `1.0`, `1e3`, `-0`, `01`, `-`, `+1`, `9007199254740992`, `99999999999999999999`,
		`{"a":1,"a":2}`, "{\"\u00e9\":1,\"e\u0301\":2}", `{"a":1,}`, `[1,]`, `{"a"}`, `{a:1}`, `{"a":1`, `[1`, `"a`, `"\`, `"\u12`,
		`"\ud800"`, `"\ud800\u0041"`, `"\udc00"`, `"\x"`, "\"\xff\"", "\"a\nb\"", `1 2`, `{} x`, `'a'`, `tru`, `NaN`, string(deep),
	} {
		if got, err := Canonicalise([]byte(in)); err == nil {
			t.Errorf("%q is accepted as %s", in, got)
		}
	}
	for _, in := range []string{` 1`, `{"b":1,"a":1}`, `"\/"`, `{"a":null}`, "\"e\u0301\""} {
		if CheckCanonical([]byte(in)) == nil {
			t.Errorf("%q passes as canonical", in)
		}
	}
}

func TestCanonicalOfStructs(t *testing.T) {
	t.Parallel()
	type detail struct {
		Zeta  string   `json:"zeta"`
		Alpha int      `json:"alpha"`
		None  *int     `json:"none"`
		List  []string `json:"list"`
	}
	got, err := Canonical(detail{Zeta: "a<b>&c", Alpha: 3, List: []string{"y", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"alpha":3,"list":["y","x"],"zeta":"a<b>&c"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := Canonical(struct{ F float64 }{1.5}); err == nil {
		t.Error("a fraction is accepted")
	}
	if _, err := Canonical(func() {}); err == nil {
		t.Error("a function is accepted")
	}
}

func FuzzCanonicalise(f *testing.F) {
	for _, seed := range []string{`{"b":[1,true,"\u00e9"],"a":{"c":null}}`, `"\ud83d\ude00"`, `[-9007199254740991]`, `{"\n":""}`, ` {} `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := Canonicalise(in)
		if err != nil {
			return
		}
		if !json.Valid(in) || !json.Valid(out) {
			t.Fatalf("not JSON: %q gives %q", in, out)
		}
		if again, err := Canonicalise(out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not stable: %q, then %q (%v)", out, again, err)
		}
		if !norm.NFC.IsNormal(out) {
			t.Fatalf("not NFC: %q", out)
		}
		// A second reader sees the same content.
		if a, b := content(t, in), content(t, out); !reflect.DeepEqual(a, b) {
			t.Fatalf("%q means %v, %q means %v", in, a, out, b)
		}
	})
}

// content reads JSON with the standard library, in NFC and without null members.
func content(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return plain(v)
}

func plain(v any) any {
	switch v := v.(type) {
	case string:
		return norm.NFC.String(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x != nil {
				out[norm.NFC.String(k)] = plain(x)
			}
		}
		return out
	}
	return v
}
