package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/problem"
)

// What the shell gets.
const (
	exitDone  = 0
	exitFault = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// asked is the command line.
type asked struct {
	do                      bool
	by, name, email, reason string
	rest                    []string
}

// tool is one call of the program.
type tool struct {
	asked
	config house.Config
	out    io.Writer
	log    *slog.Logger
}

// say prints one plain line. A line that cannot be printed has nowhere to be
// complained about.
func (t *tool) say(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format+"\n", args...) }

// byForm is who types: a short name, as colleagues know it.
var byForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,39}$`)

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string, get func(string) string, out, complaints io.Writer) int {
	complain := func(err error) { _, _ = fmt.Fprintln(complaints, "admin:", err) } // nowhere else to say it
	v, a, err := parse(args, complaints)
	if err != nil {
		if !errors.Is(err, errUsage) {
			complain(err)
		}
		return exitUsage
	}
	t := &tool{asked: a, out: out, log: slog.New(slog.NewJSONHandler(complaints, nil))}
	if !v.alone {
		if t.config, err = house.ReadConfig(get); err != nil {
			complain(err)
			return exitFault
		}
	}
	if err := t.carryOut(ctx, v); err != nil {
		complain(plainly(err))
		return exitFault
	}
	return exitDone
}

// carryOut plans, or acts between two lines that say who did what when.
func (t *tool) carryOut(ctx context.Context, v verb) error {
	if v.alone {
		return v.act(ctx, t)
	}
	if !t.do {
		if err := v.plan(ctx, t); err != nil {
			return err
		}
		t.say("Nothing was changed. Add -do -by NAME to do it.")
		return nil
	}
	about := []any{slog.String("command", v.name), slog.String("by", t.by)}
	t.log.InfoContext(ctx, "admin begins", about...)
	err := v.act(ctx, t)
	t.log.InfoContext(ctx, "admin ended", append(about, slog.Bool("done", err == nil))...)
	return err
}

// parse finds the verb, then its flags.
func parse(args []string, complaints io.Writer) (verb, asked, error) {
	v, rest, ok := find(args)
	if !ok {
		usage(complaints)
		return verb{}, asked{}, errUsage
	}
	var a asked
	f := flag.NewFlagSet("admin "+v.name, flag.ContinueOnError)
	f.SetOutput(complaints)
	if !v.alone {
		f.BoolVar(&a.do, "do", false, "do it; otherwise only say what would be done")
		f.StringVar(&a.by, "by", "", "who types this, for the record: a short name, with -do")
	}
	for flagName, into := range map[string]*string{"name": &a.name, "email": &a.email, "reason": &a.reason} {
		if help := v.flags[flagName]; help != "" {
			f.StringVar(into, flagName, "", help)
		}
	}
	if err := f.Parse(rest); err != nil {
		return verb{}, a, errUsage // the flag package has said it
	}
	a.rest = f.Args()
	return v, a, a.check(v)
}

// check lists everything that is missing at once.
func (a asked) check(v verb) error {
	var faults []string
	for flagName, value := range map[string]string{"name": a.name, "email": a.email, "reason": a.reason} {
		if v.flags[flagName] != "" && strings.TrimSpace(value) == "" {
			faults = append(faults, "-"+flagName+" is missing")
		}
	}
	if a.do && !byForm.MatchString(a.by) {
		faults = append(faults, "-by must name who types, in small letters, as in -by olga")
	}
	if len(a.rest) != v.arguments {
		faults = append(faults, "expected: admin "+v.name+" "+v.shape)
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "usage: admin COMMAND [flags]; without -do nothing is changed") // nowhere else to say it
	for _, v := range verbs {
		_, _ = fmt.Fprintf(w, "  admin %-42s %s\n", strings.TrimSpace(v.name+" "+v.shape), v.help) // the same
	}
}

// plainly says what a refusal means to whoever types.
func plainly(err error) error {
	p := problem.As(err)
	switch {
	case p.Kind == problem.KindInternal:
		return err
	case len(p.Fields) > 0:
		var faults []string
		for _, f := range p.Fields {
			faults = append(faults, "-"+f.Name+": "+strings.ReplaceAll(f.Code, "_", " "))
		}
		return errors.New(strings.Join(faults, "; "))
	}
	return fmt.Errorf("refused: %s", strings.ReplaceAll(p.Code, "_", " "))
}
