package store_test

import (
	"testing"

	"github.com/relais-org/relais/internal/store"
)

// What is remembered is bounded, the latest are always there, and what is
// dropped or replaced is gone from both halves.
func TestKnown(t *testing.T) {
	t.Parallel()
	const most = 10
	m := store.NewKnown[int, string](most)
	for n := range 10 * most {
		m.Keep(n, "first")
		for back := range most / 2 {
			if _, ok := m.Of(n - back); n >= back && !ok {
				t.Fatalf("%d is forgotten at %d", n-back, n)
			}
		}
		held := 0
		for k := range n + 1 {
			if _, ok := m.Of(k); ok {
				held++
			}
		}
		if held > most {
			t.Fatalf("%d are held at %d", held, n)
		}
	}
	last := 10*most - 1
	m.Keep(last, "second")
	if v, _ := m.Of(last); v != "second" {
		t.Errorf("it is still %q", v)
	}
	m.Keep(-1, "turns") // moves the other half, at some point of the next
	for n := range most {
		m.Keep(-2-n, "more")
		m.Drop(last)
		if v, ok := m.Of(last); ok {
			t.Fatalf("dropped, and it is %q", v)
		}
	}
}
