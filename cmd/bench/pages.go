package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

func (f *field) benchPages(ctx context.Context, s settings) error {
	if err := f.crowd(ctx, s.people); err != nil {
		return err
	}
	fmt.Printf("R  pages, %d people in the organisation, 8 clients\n", s.people)
	for _, p := range []struct {
		name, script string
		path         func(seat) string
	}{
		{"my people", f.peopleScript(), func(seat) string { return "/people" }},
	} {
		var plain, full runs
		for range s.rounds {
			b, err := f.pgbench(ctx, p.script, 8, s.seconds)
			if err != nil {
				return err
			}
			r, err := f.load(ctx, 8, time.Duration(s.seconds)*time.Second, http.StatusOK, f.pageRequests(p.path))
			if err != nil {
				return err
			}
			plain, full = append(plain, b), append(full, r)
		}
		fmt.Printf("%s (%d bytes)\n", p.name, full[0].bytes)
		fmt.Printf("  %-16s %7.0f/s   µs %s\n", "plain SQL", plain.rate(), plain.each())
		fmt.Printf("  %-16s %7.0f/s   µs %s\n", "Relais", full.rate(), full.each())
		fmt.Printf("  p50 %.1f ms, p99 %.1f ms; %s\n", full.p50(), full.p99(), goal("R", full.ratio(plain), 0.75))
	}
	return nil
}
