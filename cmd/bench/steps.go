package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

func (f *field) benchSteps(ctx context.Context, s settings) error {
	fmt.Println("W  record a step: HTTP, session, casbin, write, event, leaf, durable commit")
	least, err := f.newFloor(ctx)
	if err != nil {
		return err
	}
	defer least.close()
	for _, clients := range s.clients {
		var bare, single, floors, full runs
		for range s.rounds {
			b, err := f.pgbench(ctx, bareScript, clients, s.seconds)
			if err != nil {
				return err
			}
			one, err := f.pgbench(ctx, singleScript, clients, s.seconds)
			if err != nil {
				return err
			}
			length := time.Duration(s.seconds) * time.Second
			l, err := f.order(ctx, loadOrder{Address: least.address, Clients: clients, Length: length, Requests: f.stepRequests(), Want: http.StatusSeeOther})
			if err != nil {
				return err
			}
			r, err := f.load(ctx, clients, length, http.StatusSeeOther, f.stepRequests())
			if err != nil {
				return err
			}
			bare, single, floors, full = append(bare, b), append(single, one), append(floors, l), append(full, r)
		}
		fmt.Printf("%d clients\n", clients)
		line("bare SQL", bare)
		line("one statement", single)
		line("that over HTTP", floors)
		line("Relais", full)
		fmt.Printf("  over HTTP alone × bare %.2f, × one statement %.2f; Relais × over HTTP alone %.2f\n", floors.ratio(bare), floors.ratio(single), full.ratio(floors))
		fmt.Printf("  p50 %.1f ms, p99 %.1f ms; %s\n", full.p50(), full.p99(), verdictOfSteps(clients, full.ratio(bare), full.ratio(single)))
	}
	fmt.Println()
	return nil
}

// line prints a rate, and the processor time of one operation.
func line(name string, of runs) {
	fmt.Printf("  %-16s %7.0f/s   µs %s\n", name, of.rate(), of.each())
}

// verdictOfSteps names the goals there are for a number of clients.
func verdictOfSteps(clients int, toBare, toSingle float64) string {
	switch clients {
	case 8:
		return goal("W1", toBare, 0.90) + ", " + goal("W2", toSingle, 0.65)
	case 32:
		return goal("W1", toBare, 1.0) + ", " + goal("grouped W1", toBare, 1.5) + ", " + goal("grouped W2", toSingle, 0.85)
	}
	return fmt.Sprintf("× bare %.2f, × one statement %.2f", toBare, toSingle)
}
