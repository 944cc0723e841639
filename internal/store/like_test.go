package store_test

import (
	"testing"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

// What is typed in a search stands for itself.
func TestEscapeLike(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	for _, typed := range []string{"100%", "a_b", `back\slash`, `\%`, "plain", ""} {
		for _, other := range []string{typed, "1000", "axb", "backslash", "anything"} {
			var like bool
			if err := st.Pool().QueryRow(t.Context(), `SELECT $1 LIKE $2`, other, store.EscapeLike(typed)).Scan(&like); err != nil {
				t.Fatal(err)
			}
			if like != (other == typed) {
				t.Errorf("%q found by %q: %v", other, typed, like)
			}
		}
	}
}
