package document

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/relais-org/relais/internal/problem"
)

// payloadFaults lists what is missing or contradictory, in reading order.
func payloadFaults(p Payload) []problem.Field {
	var faults []problem.Field
	if p.V != PayloadVersion {
		faults = append(faults, problem.At("v", "unknown_version"))
	}
	if p.Type != PayloadType {
		faults = append(faults, problem.At("typ", "unknown_type"))
	}
	if p.Version < 1 {
		faults = append(faults, problem.At("version", "too_small"))
	}
	for _, f := range []struct{ name, value string }{
		{"mandate", p.Mandate},
		{"languages.person", p.Languages.Person},
		{"languages.administration", p.Languages.Administration},
		{"organisation.id", p.Organisation.ID},
		{"organisation.name", p.Organisation.Name},
		{"beneficiary.id", p.Beneficiary.ID},
		{"beneficiary.given_names", p.Beneficiary.GivenNames},
		{"beneficiary.family_name", p.Beneficiary.FamilyName},
		{"mediator.id", p.Mediator.ID},
		{"mediator.name", p.Mediator.Name},
		{"ends_in_words.person", p.EndsInWords.Person},
		{"ends_in_words.administration", p.EndsInWords.Administration},
		{"consent.version", p.Consent.Version},
		{"consent.method", p.Consent.Method},
		{"catalogue.pack", p.Catalogue.Pack},
		{"catalogue.version", p.Catalogue.Version},
	} {
		if strings.TrimSpace(f.value) == "" {
			faults = append(faults, problem.At(f.name, "required"))
		}
	}
	if len(p.Consent.Read) == 0 {
		faults = append(faults, problem.At("consent.read", "required"))
	}
	if len(p.Consent.Administration) == 0 {
		faults = append(faults, problem.At("consent.administration", "required"))
	}
	faults = append(faults, grantFaults(p.Grants)...)
	return append(faults, periodFaults(p)...)
}

func grantFaults(grants []Grant) []problem.Field {
	if len(grants) == 0 {
		return []problem.Field{problem.At("grants", "required")}
	}
	var faults []problem.Field
	for i, g := range grants {
		at := fmt.Sprintf("grants.%d.", i)
		if g.ID == "" {
			faults = append(faults, problem.At(at+"id", "required"))
		}
		if len(g.Procedures) == 0 {
			faults = append(faults, problem.At(at+"procedures", "required"))
		}
		if len(g.Actions) == 0 {
			faults = append(faults, problem.At(at+"actions", "required"))
		}
		all := append(append([]Coded{g.Theme}, g.Procedures...), g.Actions...)
		for _, c := range all {
			if c.Code == "" || c.Name.Person == "" || c.Name.Administration == "" {
				faults = append(faults, problem.At(at+"names", "required"))
				break
			}
		}
	}
	return faults
}

// periodFaults checks that the duration, the zone and the end say the same.
func periodFaults(p Payload) []problem.Field {
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil || p.TimeZone == "" || p.TimeZone == "Local" {
		return []problem.Field{problem.At("time_zone", "unknown_zone")}
	}
	if p.PresentedAt.IsZero() {
		return []problem.Field{problem.At("presented_at", "required")}
	}
	if p.Days < 1 {
		return []problem.Field{problem.At("days", "too_small")}
	}
	if !p.EndsAt.Equal(EndOf(p.PresentedAt, p.Days, zone)) {
		return []problem.Field{problem.At("ends_at", "mismatch")}
	}
	return nil
}

// textFaults walks every string of the payload. encoding/json would silently
// replace broken UTF-8, so it is refused here, before.
func textFaults(p Payload) []problem.Field {
	var faults []problem.Field
	walkText(reflect.ValueOf(p), "", func(at, s string) {
		switch {
		case !utf8.ValidString(s):
			faults = append(faults, problem.At(at, "not_text"))
		case strings.ContainsFunc(s, deceives):
			faults = append(faults, problem.At(at, "control_character"))
		}
	})
	return faults
}

func walkText(v reflect.Value, at string, visit func(at, s string)) {
	switch v.Kind() {
	case reflect.String:
		visit(at, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			walkText(v.Elem(), at, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkText(v.Index(i), fmt.Sprintf("%s.%d", at, i), visit)
		}
	case reflect.Struct:
		if _, isTime := v.Interface().(time.Time); isTime {
			return
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			walkText(v.Field(i), strings.TrimPrefix(at+"."+name, "."), visit)
		}
	}
}

// deceives reports characters that have no place in a signed text: controls,
// line and paragraph separators, private-use characters, and the bidirectional embeddings, overrides
// and isolates (UAX #9) that reorder what the eye sees. The invisible marks that
// Arabic or Hindi spelling needs (U+200C to U+200F) are allowed.
func deceives(r rune) bool {
	return unicode.Is(unicode.Cc, r) || r == 0x2028 || r == 0x2029 || r == 0xFEFF ||
		(r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069) ||
		unicode.Is(unicode.Noncharacter_Code_Point, r) || unicode.Is(unicode.Co, r)
}
