package store_test

import (
	"testing"

	"github.com/relais-org/relais/internal/store/storetest"
)

// What pages read by keys is planned once, on connections of their own.
func TestReadHotIsPlannedOnce(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	var hot, other string
	if err := st.ReadHot(t.Context()).Raw(`SHOW plan_cache_mode`).Scan(&hot).Error; err != nil {
		t.Fatal(err)
	}
	if err := st.Read(t.Context()).Raw(`SHOW plan_cache_mode`).Scan(&other).Error; err != nil {
		t.Fatal(err)
	}
	if hot != "force_generic_plan" || other != "auto" {
		t.Errorf("hot %q, other %q", hot, other)
	}
}
