package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

type settings struct {
	rounds  int
	seconds int
	clients []int
	people  int
	only    string
	profile string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := begin(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func begin(ctx context.Context) error {
	if len(os.Args) == 2 && os.Args[1] == clientArgument {
		return runClient(ctx)
	}
	var s settings
	var clients string
	flag.IntVar(&s.rounds, "rounds", 3, "interleaved rounds; the median counts")
	flag.IntVar(&s.seconds, "seconds", 4, "seconds of each measurement")
	flag.IntVar(&s.people, "people", 10_000, "people in the organisation, for the pages")
	flag.StringVar(&clients, "clients", "1,8,32", "clients of W")
	flag.StringVar(&s.only, "only", "WRT", "which goals")
	flag.StringVar(&s.profile, "cpuprofile", "", "file for the server's processor profile")
	flag.Parse()
	for _, n := range strings.Split(clients, ",") {
		c, err := strconv.Atoi(n)
		if err != nil || c < 1 {
			return fmt.Errorf("clients: %q is not a number", n)
		}
		s.clients = append(s.clients, c)
	}
	return run(ctx, s)
}

func run(ctx context.Context, s settings) error {
	f, err := newField(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.controls(ctx); err != nil {
		return err
	}
	if s.profile != "" {
		file, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%d cores, PostgreSQL with synchronous_commit=on, %d rounds of %d s each, medians;\nprocessor time in µs for each operation: server + PostgreSQL + load generator\n\n", runtime.NumCPU(), s.rounds, s.seconds)
	if strings.Contains(s.only, "W") {
		if err := f.benchSteps(ctx, s); err != nil {
			return err
		}
	}
	if strings.Contains(s.only, "R") {
		if err := f.benchPages(ctx, s); err != nil {
			return err
		}
	}
	if strings.Contains(s.only, "T") { // last: it leaves one person with thousands of delegations
		return f.benchTokens(ctx, s)
	}
	return nil
}

// goal says what PERFORMANCE asks for and what was seen.
func goal(name string, got, want float64) string {
	word := "met"
	if got < want {
		word = "NOT met"
	}
	return fmt.Sprintf("%s %.2f (goal %.2f, %s)", name, got, want, word)
}

// runs are the rounds of one measurement.
type runs []measured

func (r runs) median(of func(measured) float64) float64 {
	if len(r) == 0 {
		return 0
	}
	values := make([]float64, len(r))
	for i, m := range r {
		values[i] = of(m)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (r runs) rate() float64 { return r.median(func(m measured) float64 { return m.perSecond }) }
func (r runs) p50() float64 {
	return r.median(func(m measured) float64 { return m.p50.Seconds() * 1000 })
}
func (r runs) p99() float64 {
	return r.median(func(m measured) float64 { return m.p99.Seconds() * 1000 })
}

func (r runs) last99() float64 {
	return r.median(func(m measured) float64 { return m.last99.Seconds() * 1000 })
}

// each is the mean processor time of an operation.
func (r runs) each() string {
	var sum cpu
	n := 0.0
	for _, m := range r {
		sum.server, sum.postgres, sum.client, n = sum.server+m.cpu.server, sum.postgres+m.cpu.postgres, sum.client+m.cpu.client, n+m.count
	}
	return sum.each(n)
}

// ratio is the median of the ratios of each round: neighbours strike both.
func (r runs) ratio(control runs) float64 {
	pairs := make([]float64, min(len(r), len(control)))
	for i := range pairs {
		pairs[i] = r[i].perSecond / control[i].perSecond
	}
	slices.Sort(pairs)
	return pairs[len(pairs)/2]
}
