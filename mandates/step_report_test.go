package mandates_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// Software that names another organisation's case is refused without taking
// that organisation's mandate, and so without waiting for whoever has it.
func TestReportOfAnotherOrganisationHoldsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	foreign := b.software()
	foreign.Organisation = uuid.New()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := b.store.Pool().Begin(ctx)
	must(t, err)
	defer func() { _ = conn.Rollback(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, `SELECT FROM mandates WHERE id = $1 FOR UPDATE`, m.ID)
	must(t, err)
	_, err = b.ReportStep(ctx, foreign, mandates.Reported{Mediator: b.mediator, MediatorName: "Claire Martin",
		NewStep: mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "done"}})
	if !problem.Is(err, "not_found") {
		t.Errorf("got %v", err)
	}
}
