package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/i18n"
)

// The hours and days of a message are those of the clock on the wall where the
// person is helped: an act said to have been done an hour before frightens.
func TestMessagesTellTheOrganisationsTime(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC).In(paris) // half past midnight on the 24th
	for _, lang := range i18n.Langs() {
		p := i18n.For(lang)
		there := p.In(paris)
		for want, m := range map[string]Words{
			there.DateTime(at): FirstUse{Organisation: "Maison", Mediator: "Claire Martin", Procedure: "APL", At: at},
			there.Date(at):     MandateSigned{Organisation: "Maison", Mediator: "Claire Martin", EndsOn: at},
		} {
			if _, body := m.Render(p); !strings.Contains(body, want) {
				t.Errorf("%s %s does not say %q: %s", lang, m.Kind(), want, body)
			}
		}
		if _, body := (MandateRevoked{Organisation: "Maison", Whole: true, At: at}).Render(p); !strings.Contains(body, "00:30") {
			t.Errorf("%s: %s", lang, body)
		}
	}
}
