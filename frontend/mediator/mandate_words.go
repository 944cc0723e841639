package mediator

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/relais-org/relais/beneficiaries"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/mandates/document"
)

func atoi(s string) (int, error) { return strconv.Atoi(s) }

func isZero(id uuid.UUID) bool { return id == uuid.Nil }

// languageIn names a language in the reader's own.
func languageIn(p t.Page, code string) string {
	if name := display.Languages(language.Make(string(p.Lang()))).Name(language.Make(code)); name != "" {
		return name
	}
	return code
}

// lastDayOf is the last day of a mandate shown today for so many days, as the
// text will say it.
func (d deal) lastDayOf(days int) string {
	zone := d.page.Location()
	if z, err := time.LoadLocation(d.org.TimeZone); err == nil {
		zone = z
	}
	y, m, day := document.LastDay(document.EndOf(d.actor.Now, days, zone), zone)
	return d.page.In(zone).Date(time.Date(y, m, day, 12, 0, 0, 0, zone))
}

// toPerson says something in the person's own language, as far as the
// interface speaks it, and names that language.
func (d deal) toPerson(key string, pairs ...any) (words, lang string) {
	p := beneficiaries.Printer(d.person.Language)
	return p.T(key, pairs...), string(p.Lang())
}

// keyOf is the name of the key that signed, from the header of the JWS
// (RFC 7515, 4.1.4); "" when there is none to read.
func keyOf(jws string) string {
	head, _, _ := strings.Cut(jws, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return ""
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return ""
	}
	return header.KeyID
}
