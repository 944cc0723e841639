package benefits

import (
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The actions, by Relais's codes.
const (
	actionPrepare = "prepare"
	actionSubmit  = "submit"
	actionPayment = "change_payment"
)

// Pages of an application, in order; payment stands beside them.
const (
	pageHousehold = "household"
	pageHome      = "home"
	pageResources = "resources"
	pageCheck     = "check"
	pageSent      = "sent"
	pagePayment   = "payment"
)

var filled = []string{pageHousehold, pageHome, pageResources}

// kind of a field: how it is shown and what it takes.
type kind string

const (
	kindText     kind = "text"
	kindCount    kind = "count"    // 0 to 15
	kindAmount   kind = "amount"   // euros a month, with cents
	kindPostcode kind = "postcode" // five digits
	kindDate     kind = "date"     // three boxes
	kindChoice   kind = "choice"
	kindAccount  kind = "account" // IBAN
	kindAgreed   kind = "agreed"  // a box to tick
)

// field of a page. Its words are field.<name>.label, .hint, .missing, .wrong
// and, for a choice, .<option>.
type field struct {
	Name     string
	Kind     kind
	Options  []string
	Optional bool
	// Needed says whether an empty field is a fault after all.
	Needed func(answers map[string]string) bool
	// Width in characters; 0 is the whole column.
	Width int
}

var forms = map[string][]field{
	pageHousehold: {
		{Name: "living", Kind: kindChoice, Options: []string{"alone", "couple"}},
		{Name: "partner", Kind: kindText, Optional: true, Needed: func(a map[string]string) bool { return a["living"] == "couple" }},
		{Name: "children", Kind: kindCount, Width: 3},
	},
	pageHome: {
		{Name: "street", Kind: kindText},
		{Name: "postcode", Kind: kindPostcode, Width: 6},
		{Name: "town", Kind: kindText},
		{Name: "dwelling", Kind: kindChoice, Options: []string{"flat", "house", "room", "home"}},
		{Name: "moved_in", Kind: kindDate},
		{Name: "rent", Kind: kindAmount, Width: 8},
		{Name: "charges", Kind: kindAmount, Optional: true, Width: 8},
		{Name: "landlord", Kind: kindText},
	},
	pageResources: {
		{Name: "work", Kind: kindAmount, Optional: true, Width: 8},
		{Name: "pension", Kind: kindAmount, Optional: true, Width: 8},
		{Name: "benefits", Kind: kindAmount, Optional: true, Width: 8},
		{Name: "changed", Kind: kindChoice, Options: []string{"no", "yes"}},
	},
	pageCheck:   {{Name: "agreed", Kind: kindAgreed}},
	pagePayment: {{Name: "account", Kind: kindAccount, Width: 34}},
}

const longestText = 120

// faults are the words of what does not hold, by field, without "field.".
type faults map[string]string

// read takes what was typed on a page, as it was typed.
func read(page string, form url.Values) map[string]string {
	out := map[string]string{}
	for _, f := range forms[page] {
		for _, name := range f.boxes() {
			value := strings.Join(strings.Fields(strings.Map(printable, form.Get(name))), " ")
			if r := []rune(value); len(r) > longestText {
				value = string(r[:longestText])
			}
			out[name] = value
		}
	}
	return out
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// boxes are the names a field is sent under.
func (f field) boxes() []string {
	if f.Kind == kindDate {
		return []string{f.Name + "-day", f.Name + "-month", f.Name + "-year"}
	}
	return []string{f.Name}
}

// check says what does not hold on a page.
func (s *Service) check(page string, answers map[string]string) faults {
	out := faults{}
	for _, f := range forms[page] {
		if word := s.checkField(f, answers); word != "" {
			out[f.Name] = f.Name + "." + word
		}
	}
	return out
}

func (s *Service) checkField(f field, answers map[string]string) string {
	value := ""
	for _, b := range f.boxes() {
		value += answers[b]
	}
	if value == "" {
		if f.Optional && (f.Needed == nil || !f.Needed(answers)) {
			return ""
		}
		return "missing"
	}
	if !f.holds(answers, s.Now()) {
		return "wrong"
	}
	return ""
}

func (f field) holds(answers map[string]string, now time.Time) bool {
	value := answers[f.Name]
	switch f.Kind {
	case kindCount:
		n, err := strconv.Atoi(value)
		return err == nil && n >= 0 && n <= 15
	case kindAmount:
		_, ok := cents(value)
		return ok
	case kindPostcode:
		compact := strings.ReplaceAll(value, " ", "")
		return len(compact) == 5 && strings.Trim(compact, "0123456789") == ""
	case kindDate:
		when, ok := date(answers, f.Name)
		return ok && when.Year() > 1920 && when.Before(now)
	case kindChoice:
		return slices.Contains(f.Options, value)
	case kindAccount:
		return iban(value)
	case kindAgreed:
		return value == "1"
	case kindText:
	}
	return true
}

// cents reads an amount in euros as people write it: 1 234,50 or 1234.5, with
// or without the sign.
func cents(value string) (int, bool) {
	compact := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '€' {
			return -1
		}
		return r
	}, value)
	whole, part, _ := strings.Cut(strings.ReplaceAll(compact, ",", "."), ".")
	if len(part) > 2 || len(whole) > 6 || whole == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 32)
	return int(n), err == nil
}

func date(answers map[string]string, name string) (time.Time, bool) {
	t, err := time.Parse("2006-1-2", answers[name+"-year"]+"-"+strings.TrimLeft(answers[name+"-month"], "0")+"-"+strings.TrimLeft(answers[name+"-day"], "0"))
	return t, err == nil
}

// iban checks an account number's digits (ISO 13616: remainder 1 by 97).
func iban(value string) bool {
	compact := strings.ToUpper(strings.ReplaceAll(value, " ", ""))
	if len(compact) < 15 || len(compact) > 34 {
		return false
	}
	var digits strings.Builder
	for _, r := range compact[4:] + compact[:4] {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			digits.WriteString(strconv.Itoa(int(r-'A') + 10))
		default:
			return false
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	return ok && new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}

// next is the page after the last that is done.
func (a application) next() string {
	if !a.SentAt.IsZero() {
		return pageSent
	}
	for _, p := range filled {
		if !a.Done[p] {
			return p
		}
	}
	return pageCheck
}
