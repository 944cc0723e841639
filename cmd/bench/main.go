package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"
)

type settings struct {
	rounds  int
	seconds int
	clients []int
	people  int
}

func main() {
	s := settings{clients: []int{1, 8, 32}}
	flag.IntVar(&s.rounds, "rounds", 3, "interleaved rounds; the median counts")
	flag.IntVar(&s.seconds, "seconds", 4, "seconds of each measurement")
	flag.IntVar(&s.people, "people", 10_000, "people in the organisation, for the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	f, err := newField(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	fmt.Printf("%d cores, PostgreSQL with synchronous_commit=on, %d rounds of %d s each, medians\n\n", runtime.NumCPU(), s.rounds, s.seconds)
	if err := f.benchSteps(ctx, s); err != nil {
		return err
	}
	return f.benchPeople(ctx, s)
}

// goal says what PERFORMANCE asks for and what was seen.
func goal(name string, got, want float64) string {
	word := "met"
	if got < want {
		word = "NOT met"
	}
	return fmt.Sprintf("%s %.2f (goal %.2f, %s)", name, got, want, word)
}

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Clone(of)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

func (f *field) benchSteps(ctx context.Context, s settings) error {
	fmt.Println("W  record a step: HTTP, session, casbin, write, event, leaf, durable commit")
	fmt.Printf("%8s %14s %14s %14s %10s %10s  %s\n", "clients", "bare SQL/s", "one stmt/s", "Relais/s", "p50", "p99", "ratios")
	for _, clients := range s.clients {
		var bare, single, full, p50, p99 []float64
		for range s.rounds {
			b, err := f.pgbench(ctx, bareScript, clients, s.seconds)
			if err != nil {
				return err
			}
			one, err := f.pgbench(ctx, singleScript, clients, s.seconds)
			if err != nil {
				return err
			}
			r, err := f.load(ctx, clients, time.Duration(s.seconds)*time.Second, f.oneStep)
			if err != nil {
				return err
			}
			bare, single, full = append(bare, b), append(single, one), append(full, r.perSecond)
			p50, p99 = append(p50, r.p50.Seconds()*1000), append(p99, r.p99.Seconds()*1000)
		}
		toBare, toSingle := median(full)/median(bare), median(full)/median(single)
		verdict := fmt.Sprintf("× bare %.2f, × one statement %.2f", toBare, toSingle)
		switch clients {
		case 8:
			verdict = goal("W1", toBare, 0.90) + ", " + goal("W2", toSingle, 0.65)
		case 32:
			verdict = goal("W1", toBare, 1.0) + fmt.Sprintf(", × one statement %.2f", toSingle)
		}
		fmt.Printf("%8d %14.0f %14.0f %14.0f %7.1f ms %7.1f ms  %s\n", clients, median(bare), median(single), median(full), median(p50), median(p99), verdict)
	}
	fmt.Println()
	return nil
}

func (f *field) benchPeople(ctx context.Context, s settings) error {
	if err := f.crowd(ctx, s.people); err != nil {
		return err
	}
	fmt.Printf("R  the page \"my people\", %d people in the organisation, 8 clients\n", s.people)
	fmt.Printf("%14s %14s %10s %10s  %s\n", "bare SQL/s", "Relais/s", "p50", "p99", "ratio")
	var bare, full, p50, p99 []float64
	for range s.rounds {
		b, err := f.pgbench(ctx, f.peopleScript(), 8, s.seconds)
		if err != nil {
			return err
		}
		r, err := f.load(ctx, 8, time.Duration(s.seconds)*time.Second, f.onePage)
		if err != nil {
			return err
		}
		bare, full = append(bare, b), append(full, r.perSecond)
		p50, p99 = append(p50, r.p50.Seconds()*1000), append(p99, r.p99.Seconds()*1000)
	}
	fmt.Printf("%14.0f %14.0f %7.1f ms %7.1f ms  %s\n", median(bare), median(full), median(p50), median(p99), goal("R", median(full)/median(bare), 0.75))
	return nil
}
