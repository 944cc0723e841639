package mandates_test

import (
	"testing"

	"github.com/relais-org/relais/mandates"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	if m.State != mandates.Active {
		t.Fatal(m.State)
	}
}
