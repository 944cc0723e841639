// Command server runs Relais: pages, jobs and the log's sequencer, in one
// process, or split with -web and -jobs. Configuration is read from the
// environment; .env.example documents each line.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/store"
)

func main() {
	web := flag.Bool("web", false, "only answer HTTP")
	jobs := flag.Bool("jobs", false, "only run jobs and the log's sequencer")
	flag.Parse()
	if err := run(house.Parts{Web: *web || !*jobs, Jobs: *jobs || !*web}); err != nil {
		fmt.Fprintln(os.Stderr, "relais:", err)
		os.Exit(1)
	}
}

func run(parts house.Parts) error {
	config, err := house.ReadConfig(os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: config.LogLevel}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h, err := house.Open(ctx, config, store.Env{}, log)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.Run(ctx, parts, func(address string) {
		log.Info("listening", slog.String("address", address), slog.String("url", config.BaseURL))
	})
}
