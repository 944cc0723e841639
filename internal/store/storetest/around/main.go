package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/relais-org/relais/internal/store/postgres"
	"github.com/relais-org/relais/internal/store/storetest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "around:", err)
	}
	os.Exit(code)
}

func run(command []string) (int, error) {
	if len(command) == 0 {
		return 2, errors.New("name the command to run")
	}
	// The command gets Ctrl-C too and ends first; the context then ends it if
	// only this process was told.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(storetest.Variable) == "" {
		inst, err := storetest.Start(ctx)
		if err != nil {
			return 1, err
		}
		defer func() {
			inst.Stop()
			_ = postgres.Remove(inst.Asked()) // what is left is swept next time
		}()
		if err := os.Setenv(storetest.Variable, inst.OwnerURL()); err != nil {
			return 1, err
		}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
