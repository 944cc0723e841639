package mandates_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// BenchmarkLogStep is W of the performance goals, without HTTP: facts, law,
// one durable statement. Each of 64 people has a mandate and a case, as in life.
func BenchmarkLogStep(b *testing.B) {
	h := setupRacing(b)
	cases := make([]mandates.Case, 64)
	for i := range cases {
		person := h.newPerson(h.mediator, fmt.Sprintf("Personne%d", i), "Essai")
		h.signedWith(b, person, choices(packs.DefaultActions(), "housing"), 31)
		c, err := h.OpenCase(context.Background(), h.as(h.mediator), mandates.OpenCase{Beneficiary: person, Procedure: apl})
		must(b, err)
		cases[i] = c
		must(b, h.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})())
	}
	actors := []authz.Actor{h.as(h.mediator), h.as(h.colleague)}
	for _, parallel := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("parallel-%d", parallel), func(b *testing.B) {
			b.ReportAllocs()
			var n atomic.Int64
			var all sync.WaitGroup
			for range parallel {
				all.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						_, err := h.LogStep(context.Background(), actors[i%2], mandates.NewStep{Case: cases[i%64].ID, Action: "view", Outcome: "done",
							Present: true, Note: "Lu ensemble.", IdempotencyKey: uuid.NewString()})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
