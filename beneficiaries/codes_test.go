package beneficiaries

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// DESIGN §5, 10: a code never prints itself, whatever is done with it.
func TestACodeNeverPrintsItself(t *testing.T) {
	t.Parallel()
	code, err := newCode(rand.Reader)
	must(t, err)
	clear := code.clear
	holder := struct {
		Code Code
		Ptr  *Code
	}{code, &code}
	var said strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		_, _ = fmt.Fprintf(&said, verb+verb+verb, code, &code, holder)
	}
	said.WriteString(fmt.Sprint(code) + code.String() + code.GoString() + fmt.Errorf("card %v", code).Error())
	raw, err := json.Marshal(holder)
	must(t, err)
	said.Write(raw)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("card", "code", code, "in", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("card", "code", code, "in", holder)
	said.Write(log.Bytes())
	for _, form := range []string{clear, code.Reveal(), fmt.Sprintf("%x", clear), fmt.Sprintf("%X", clear)} {
		if strings.Contains(said.String(), form) {
			t.Errorf("a code printed itself: %s", said.String())
		}
	}
	if got := code.Reveal(); len(got) != 12 || got[4] != '-' || got[9] != '-' {
		t.Errorf("Reveal gives %d letters in another shape", len(got))
	}
	if (Code{}).Reveal() != "" {
		t.Error("no code reveals something")
	}
}

// A code is typed as people type.
func TestCodesAreTypedTolerantly(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"7KQ4-M2XT-9H":           "7KQ4M2XT9H",
		"7kq4m2xt9h":             "7KQ4M2XT9H",
		" 7kq4 m2xt 9h ":         "7KQ4M2XT9H",
		"7KQ4\u2013M2XT\u20149H": "7KQ4M2XT9H",
		"7KQ4.M2XT_9H":           "7KQ4M2XT9H",
		"7KQ4\u00a0M2XT\u202f9H": "7KQ4M2XT9H",
		"UKQ4-M2XT-9H":           "VKQ4M2XT9H", // U is read as V
		"7KQ4-M2XT-9":            "",
		"7KQ4-M2XT-9HH":          "",
		"0KQ4-M2XT-9H":           "",
		"7KQ4-M2XT-9é":           "",
		"":                       "",
		strings.Repeat("7", 200): "",
	} {
		got, ok := parseCode(typed)
		if ok != (want != "") || ok && got != want {
			t.Errorf("parseCode(%q) = %q, %v", typed, got, ok)
		}
	}
	for range 200 {
		code, err := newCode(rand.Reader)
		must(t, err)
		if back, ok := parseCode(strings.ToLower(code.Reveal())); !ok || back != code.clear {
			t.Fatal("a code is not read back")
		}
		if strings.ContainsAny(code.clear, "01OILU") {
			t.Fatal("a code holds a look-alike")
		}
	}
}
