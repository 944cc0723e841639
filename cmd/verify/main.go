package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/verify"
)

const (
	exitGreen = 0
	exitRed   = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// texts collects a flag that may be given several times.
type texts []string

func (t *texts) String() string     { return strings.Join(*t, " ") }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

// asked is the command line.
type asked struct {
	database, dir, export, origin string
	proof, leaf                   string
	keys, known                   texts
	personal                      bool
}

func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	a, err := parse(args, complaints)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(complaints, "verify:", err) // nowhere left to say it
		}
		return exitUsage
	}
	green, err := a.look(ctx, out)
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(complaints, "verify:", err) // nowhere left to say it
		return exitUsage
	case !green:
		return exitRed
	}
	return exitGreen
}

func parse(args []string, complaints io.Writer) (asked, error) {
	var a asked
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	f.SetOutput(complaints)
	f.StringVar(&a.database, "database", "", "address of the database; any role that may read the log (default $DATABASE_URL)")
	f.StringVar(&a.dir, "dir", "", "an export to check, without network")
	f.StringVar(&a.export, "export", "", "write what was checked to this new folder")
	f.BoolVar(&a.personal, "personal", false, "with -export: personal content too")
	f.StringVar(&a.origin, "origin", "", "the log's origin (default: the name in the first key)")
	f.Var(&a.keys, "key", "the log's public key; again for each former key (default with -dir: the one in the export)")
	f.Var(&a.known, "known", "file of a checkpoint got elsewhere that the log must contain; may be repeated")
	f.StringVar(&a.proof, "proof", "", "file of one entry's proof, to check with -leaf")
	f.StringVar(&a.leaf, "leaf", "", "file of that entry's leaf")
	if err := f.Parse(args); err != nil {
		return a, err
	}
	if f.NArg() > 0 {
		return a, fmt.Errorf("what is %q?", f.Arg(0))
	}
	if a.database == "" && a.dir == "" && a.proof == "" {
		a.database = os.Getenv("DATABASE_URL")
	}
	ways := 0
	for _, way := range []string{a.database, a.dir, a.proof} {
		if way != "" {
			ways++
		}
	}
	switch {
	case ways != 1:
		return a, errors.New("give one of -database, -dir and -proof")
	case (a.proof == "") != (a.leaf == ""):
		return a, errors.New("-proof and -leaf go together")
	case a.export != "" && a.database == "":
		return a, errors.New("-export needs -database")
	case len(a.keys) == 0 && a.dir == "":
		return a, errors.New("-key is needed: the log's public key, as its operator publishes it")
	}
	return a, nil
}

func (a asked) look(ctx context.Context, out io.Writer) (green bool, err error) {
	o := verify.Options{Origin: a.origin}
	if len(a.keys) == 0 {
		key, err := os.ReadFile(filepath.Join(a.dir, keyFile))
		if err != nil {
			return false, fmt.Errorf("no -key given, and none in the export: %w", err)
		}
		a.keys = strings.Fields(string(key))
		if _, err := fmt.Fprintln(out, "The key is the export's own: compare it with the published one.\nkey          "+strings.Join(a.keys, " ")); err != nil {
			return false, err
		}
	}
	for _, k := range a.keys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return false, fmt.Errorf("the key %q: %w", k, err)
		}
		o.Keys = append(o.Keys, v)
	}
	for _, path := range a.known {
		text, err := os.ReadFile(path) //nolint:gosec // named on the command line
		if err != nil {
			return false, err
		}
		o.Known = append(o.Known, string(text))
	}
	switch {
	case a.proof != "":
		return a.lookAtProof(out, o)
	case a.dir != "":
		return report(out, &folder{dir: a.dir}, o)
	}
	return a.lookAtDatabase(ctx, out, o)
}

func (a asked) lookAtDatabase(ctx context.Context, out io.Writer, o verify.Options) (bool, error) {
	db, err := openDatabase(ctx, a.database)
	if err != nil {
		return false, err
	}
	defer db.close(context.WithoutCancel(ctx))
	green, err := report(out, db, o)
	if err != nil || a.export == "" {
		return green, err
	}
	n, err := export(db, a.export, a.personal, a.keys)
	if err != nil {
		return green, fmt.Errorf("export: %w", err)
	}
	_, err = fmt.Fprintf(out, "export       %d entries written to %s\n", n, a.export)
	return green, err
}

func report(out io.Writer, src verify.Source, o verify.Options) (bool, error) {
	began := time.Now()
	r, err := verify.Run(src, o)
	if err != nil {
		return false, err
	}
	r.Took = time.Since(began)
	return r.Green(), r.Write(out)
}

// lookAtProof checks that one entry is in the log, from its proof alone.
func (a asked) lookAtProof(out io.Writer, o verify.Options) (bool, error) {
	text, err := os.ReadFile(a.proof)
	if err != nil {
		return false, err
	}
	leaf, err := os.ReadFile(a.leaf)
	if err != nil {
		return false, err
	}
	leaf = []byte(strings.TrimSuffix(string(leaf), "\n"))
	p, err := translog.ParseProof(string(text))
	if err != nil {
		return false, err
	}
	if o.Origin == "" {
		o.Origin = o.Keys[0].Name()
	}
	var c translog.Checkpoint
	for _, key := range o.Keys {
		if c, err = p.Check(leaf, o.Origin, key); err == nil {
			_, err = fmt.Fprintf(out, "GREEN: the entry is at position %d of the log %s, which had %d entries when it was signed.\n", p.Position, c.Origin, c.Size)
			return true, err
		}
	}
	_, err = fmt.Fprintf(out, "RED: %v\n", err)
	return false, err
}
