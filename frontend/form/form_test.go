package form

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

func values(pairs ...string) *Form {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return FromValues(i18n.For(i18n.English), v)
}

func post(body string) (*Form, error) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return Parse(httptest.NewRecorder(), r, i18n.For(i18n.English))
}

func TestValuesAreCleaned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"spaces":     {"  Inès \t", "Inès"},
		"composed":   {"Ine\u0300s", "Inès"},
		"control":    {"a\x00b\x1bc", "abc"},
		"lines":      {"a\r\nb", "a\nb"},
		"not UTF-8":  {"a\xffb", "ab"},
		"Arabic":     {"يوسف", "يوسف"},
		"kept as is": {"<script>🌿", "<script>🌿"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := values("x", c.in).Value("x"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// UI-04: an impossible date is refused, kept, and linked to the box at fault.
func TestDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day, month, year string
		ok               bool
		code, target     string
	}{
		{"27", "3", "1946", true, "", ""},
		{"29", "2", "2024", true, "", ""},
		{"", "", "", false, "date_missing", "f-born-day"},
		{"27", "", "1946", false, "date_part", "f-born-month"},
		{"27", "3", "", false, "date_part", "f-born-year"},
		{"31", "2", "1946", false, "date_real", "f-born-day"},
		{"29", "2", "2023", false, "date_real", "f-born-day"},
		{"27", "13", "1946", false, "date_real", "f-born-day"},
		{"27", "mars", "1946", false, "date_real", "f-born-month"},
		{"27", "3", "46", false, "date_real", "f-born-day"},
		{"-1", "3", "1946", false, "date_real", "f-born-day"},
		{"0", "0", "0", false, "date_real", "f-born-day"},
	} {
		t.Run(c.day+"/"+c.month+"/"+c.year, func(t *testing.T) {
			t.Parallel()
			f := values("born-day", c.day, "born-month", c.month, "born-year", c.year)
			got, ok := f.Date("born")
			if ok != c.ok {
				t.Fatalf("ok = %v, want %v", ok, c.ok)
			}
			if ok {
				return
			}
			if !got.IsZero() {
				t.Errorf("a refused date is %v", got)
			}
			sum := f.Summary()
			if len(sum) != 1 || f.errs[0].Code != c.code || sum[0].Target != c.target {
				t.Errorf("errors %+v, want %s at %s", f.errs, c.code, c.target)
			}
			if f.Value("born-day") != c.day {
				t.Error("what was typed is gone")
			}
		})
	}
	if _, ok := values().OptionalDate("born"); ok {
		t.Error("an empty optional date is a date")
	}
	f := New(i18n.For(i18n.French)).SetDate("born", time.Date(1946, 3, 27, 0, 0, 0, 0, time.UTC))
	if got, ok := f.Date("born"); !ok || got.Month() != time.March || got.Day() != 27 {
		t.Errorf("SetDate then Date = %v, %v", got, ok)
	}
}

// UI-04: what a command refuses comes back at its field, translated.
func TestAccept(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		err     error
		ok      bool
		rest    error
		summary []Link
	}{
		"fine":     {nil, true, nil, nil},
		"field":    {fmt.Errorf("register: %w", problem.Invalid(problem.At("given", "required"))), false, nil, []Link{{"f-given", "Fill in this field"}}},
		"args":     {problem.Invalid(problem.Field{Name: "note", Code: "number_range", Args: map[string]any{"Least": 1, "Most": 10}}), false, nil, []Link{{"f-note", "Write a number between 1 and 10"}}},
		"conflict": {problem.Conflict("conflict"), false, nil, []Link{{"", "Things have changed in the meantime."}}},
		"other":    {boom, false, boom, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := values()
			ok, rest := f.Accept(c.err)
			if ok != c.ok || !errors.Is(rest, c.rest) {
				t.Errorf("Accept = %v, %v", ok, rest)
			}
			if got := f.Summary(); fmt.Sprint(got) != fmt.Sprint(append([]Link{}, c.summary...)) {
				t.Errorf("summary %v, want %v", got, c.summary)
			}
		})
	}
	f := values()
	if ok, rest := f.Accept(problem.NotFound()); ok || problem.As(rest).Kind != problem.KindNotFound {
		t.Error("not found was swallowed by the form")
	}
	f.Required("a", "required")
	if ok, _ := f.Accept(nil); ok {
		t.Error("accepted with an error in it")
	}
}

func TestOneErrorPerField(t *testing.T) {
	t.Parallel()
	f := values()
	f.Fail("a", "required")
	f.Fail("a", "choose")
	if len(f.Summary()) != 1 || f.Error("a") != "Fill in this field" {
		t.Errorf("summary %v", f.Summary())
	}
}

func TestChoicesAndNumbers(t *testing.T) {
	t.Parallel()
	f := values("days", "31", "bad", "99", "n", "1 204", "m", "x", "themes", "a", "themes", "", "themes", "b")
	if f.OneOf("days", "choose", "1", "31") != "31" || !f.Valid() {
		t.Error("a fair choice was refused")
	}
	if f.OneOf("bad", "choose", "1", "31") != "" || !f.Has("bad") {
		t.Error("a choice that was not offered got through")
	}
	if got := f.Int("n", 1, 5000); got != 1204 {
		t.Errorf("Int = %d", got)
	}
	if f.Int("m", 1, 5); !f.Has("m") {
		t.Error("letters are a number")
	}
	if got := f.Values("themes"); len(got) != 2 {
		t.Errorf("Values = %v", got)
	}
	if f.Holds("themes", "c") || !f.Holds("themes", "b") {
		t.Error("Holds is wrong")
	}
}

// RB-03: sizes are bounded, and malformed bodies are refused without fuss.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"body":   "a=" + strings.Repeat("x", maxBody),
		"value":  "a=" + strings.Repeat("x", maxValue+1),
		"fields": strings.Repeat("a=1&", maxNames+1),
	} {
		if _, err := post(body); !problem.Is(err, "too_large") {
			t.Errorf("%s: %v, want too_large", name, err)
		}
	}
	if _, err := post("a=%zz"); !problem.Is(err, "malformed") {
		t.Errorf("bad escape: %v", err)
	}
	if f, err := post("a=1&b=%E2%9C%93"); err != nil || f.Value("b") != "✓" {
		t.Errorf("a fair post: %v", err)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	send := func(size int) (*Form, error) {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		_ = m.WriteField("note", "Bonjour")
		w, _ := m.CreateFormFile("scan", "../../carte d’identité.pdf")
		_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		_ = m.Close()
		r := httptest.NewRequest(http.MethodPost, "/", &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		return ParseFiles(httptest.NewRecorder(), r, i18n.For(i18n.French), 1000)
	}
	f, err := send(900)
	if err != nil {
		t.Fatal(err)
	}
	if file, ok := f.File("scan"); !ok || len(file.Content) != 900 || strings.Contains(file.Name, "/") || f.Value("note") != "Bonjour" {
		t.Errorf("file %q, %d bytes, %v", file.Name, len(file.Content), ok)
	}
	f, err = send(1001)
	if err != nil || !f.Has("scan") {
		t.Errorf("too large a file: %v, %v", err, f)
	}
	if f, err = send(0); err != nil || !f.Valid() {
		t.Errorf("no file chosen: %v", err)
	}
	if _, err = send(400 << 10); !problem.Is(err, "too_large") {
		t.Errorf("far too large a file: %v", err)
	}
}

func TestNilFormIsEmpty(t *testing.T) {
	t.Parallel()
	var f *Form
	if f.Value("x") != "" || f.Has("x") || f.Holds("x", "") || !f.Valid() || f.Summary() != nil || f.Values("x") != nil {
		t.Error("a nil form holds something")
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	if got := ID("grants[0].thème"); got != "f-grants-0--th-me" {
		t.Errorf("ID = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a=1&born-day=31")
	f.Add("%00=%ff&;;=")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := post(body)
		if err != nil {
			if k := problem.As(err).Kind; k != problem.KindInvalid && k != problem.KindTooMany {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		form.Date("born")
		form.Summary()
	})
}
