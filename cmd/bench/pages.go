package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// pageClients read pages at once.
const pageClients = 8

// page is one that goal R names.
type page struct {
	name string
	path func(seat) string
	// plain is the page as one would plainly write it in SQL, if somebody did.
	plain string
}

// benchPages measures pages against the very statements they make, run by
// pgbench: what is compared is the product's own work around the same reads.
func (f *field) benchPages(ctx context.Context, s settings) error {
	if err := f.crowd(ctx, s.people); err != nil {
		return err
	}
	if err := f.shortCases(ctx); err != nil {
		return err
	}
	least, err := f.newFloor(ctx)
	if err != nil {
		return err
	}
	defer least.close()
	fmt.Printf("R  pages, %d people in the organisation, %d clients\n", s.people, pageClients)
	for _, p := range []page{
		{"my people", func(seat) string { return "/people" }, f.plainPeople()},
		{"person", func(s seat) string { return "/people/" + s.person.String() }, f.plainPerson()},
		{"case", func(s seat) string { return "/cases/" + s.short.String() }, f.plainCase()},
	} {
		if err := f.benchPage(ctx, s, p, least); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (f *field) benchPage(ctx context.Context, s settings, p page, least *floor) error {
	requests := f.pageRequests(p.path)
	reads, err := f.reads(ctx, requests[0])
	if err != nil {
		return err
	}
	var same, plain, floors, full runs
	for range s.rounds {
		b, err := f.pgbench(ctx, reads, pageClients, s.seconds)
		if err != nil {
			return err
		}
		r, err := f.load(ctx, pageClients, time.Duration(s.seconds)*time.Second, http.StatusOK, requests)
		if err != nil {
			return err
		}
		same, full = append(same, b), append(full, r)
		least.shows(reads, r.bytes)
		l, err := f.order(ctx, loadOrder{Address: least.address, Clients: pageClients, Length: time.Duration(s.seconds) * time.Second, Requests: requests, Want: http.StatusOK})
		if err != nil {
			return err
		}
		floors = append(floors, l)
		if b, err = f.pgbench(ctx, p.plain, pageClients, s.seconds); err != nil {
			return err
		}
		plain = append(plain, b)
	}
	fmt.Printf("%s (%d bytes)\n", p.name, full[0].bytes)
	line("the same reads", same)
	line("plain SQL", plain)
	line("those over HTTP", floors)
	line("Relais", full)
	fmt.Printf("  over HTTP alone × the same reads %.2f; Relais × over HTTP alone %.2f\n", floors.ratio(same), full.ratio(floors))
	fmt.Printf("  p50 %.1f ms, p99 %.1f ms; %s, × plain SQL %.2f\n", full.p50(), full.p99(), goal("R", full.ratio(same), 0.75), full.ratio(plain))
	return nil
}

// shortCases gives each mediator a case of a usual length: those of W hold
// thousands of steps by now.
func (f *field) shortCases(ctx context.Context) error {
	for i := range f.seats {
		s := &f.seats[i]
		actor, err := f.as(ctx, s.account)
		if err != nil {
			return err
		}
		c, err := f.house.Mandates.OpenCase(ctx, actor, mandates.OpenCase{Beneficiary: s.person, Procedure: "housing.apl"})
		if err != nil {
			return err
		}
		for range 5 {
			if _, err := f.house.Mandates.LogStep(ctx, actor, mandates.NewStep{Case: c.ID, Action: packs.ActionView, Outcome: mandates.OutcomeDone}); err != nil {
				return err
			}
		}
		s.short = c.ID
	}
	return nil
}
