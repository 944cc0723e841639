package store_test

import (
	"testing"

	"github.com/relais-org/relais/internal/store/storetest"
)

func TestSmoke(t *testing.T) {
	st := storetest.New(t)
	if err := st.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}
