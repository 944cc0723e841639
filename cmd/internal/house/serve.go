package house

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/translog/ledger"
)

// Parts are what one process runs; both by default.
type Parts struct{ Web, Jobs bool }

// Run serves until ctx ends, then stops everything, in reverse order, within
// Config.StopTimeout. listening is called once the web part accepts.
func (h *House) Run(ctx context.Context, parts Parts, listening func(address string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var background sync.WaitGroup
	if parts.Jobs {
		stop, err := h.startJobs(ctx, &background, cancel)
		if err != nil {
			return err
		}
		defer background.Wait()
		defer stop()
	}
	if !parts.Web {
		<-ctx.Done()
		return ended(ctx)
	}
	return h.serveWeb(ctx, listening)
}

// ended is nil for an ordinary stop.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func (h *House) serveWeb(ctx context.Context, listening func(string)) error {
	h.warn(ctx)
	handler, flush, err := h.Handler(ctx)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Config.StopTimeout)
		defer cancel()
		_ = flush(end) // spans lost at a stop are no fault of anybody's
	}()
	servers := []*http.Server{limited(handler)}
	listeners := []net.Listener{}
	first, err := listen(ctx, h.Config.Addr)
	if err != nil {
		return err
	}
	listeners = append(listeners, first)
	if h.Config.MetricsAddr != "" {
		second, err := listen(ctx, h.Config.MetricsAddr)
		if err != nil {
			return errors.Join(err, first.Close())
		}
		servers, listeners = append(servers, limited(promhttp.Handler())), append(listeners, second)
	}
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(listeners[i]) }()
	}
	if listening != nil {
		listening(first.Addr().String())
	}
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		err = ended(ctx)
	}
	return errors.Join(err, h.stopServers(context.WithoutCancel(ctx), servers))
}

// warn says what is allowed and almost surely wrong.
func (h *House) warn(ctx context.Context) {
	for _, w := range h.Config.Warnings() {
		h.Logger.WarnContext(ctx, "the configuration is allowed and almost surely wrong", slog.String("why", w))
	}
}

func (h *House) stopServers(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, h.Config.StopTimeout)
	defer cancel()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// limited cuts slow clients.
func limited(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 90 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10}
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: is another copy running? (%w)", address, err)
	}
	return l, nil
}

// startJobs runs the messages' worker, the sequencer and the sweeps. stop asks
// the worker to finish what it holds.
func (h *House) startJobs(ctx context.Context, background *sync.WaitGroup, fail func(error)) (stop func(), err error) {
	workers := river.NewWorkers()
	if err := h.Notify.Register(workers); err != nil {
		return nil, fmt.Errorf("register workers: %w", err)
	}
	if err := h.Acting.Register(workers); err != nil {
		return nil, fmt.Errorf("register workers: %w", err)
	}
	queues := acting.Queues()
	queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 8}
	client, err := h.Store.JobClient(workers, queues, nil)
	if err != nil {
		return nil, err
	}
	sequencer, err := h.sequencer() // before anything runs that would have to be stopped
	if err != nil {
		return nil, err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("start the worker: %w", err)
	}
	background.Add(2)
	go func() {
		defer background.Done()
		if err := sequencer.Run(ctx); err != nil && ctx.Err() == nil {
			fail(fmt.Errorf("the log's sequencer: %w", err))
		}
	}()
	go func() {
		defer background.Done()
		h.sweep(ctx)
	}()
	return func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Config.StopTimeout)
		defer cancel()
		if err := client.Stop(end); err != nil {
			h.Logger.WarnContext(end, "the worker did not stop in time", slog.Any("error", err))
		}
	}, nil
}

func (h *House) sequencer() (*ledger.Sequencer, error) {
	return ledger.NewSequencer(ledger.Deps{Store: h.Store, Key: h.LogKey, FormerKeys: h.Config.LogFormerKeys,
		Origin: h.Config.LogOrigin, Logger: h.Logger, Metrics: logMetrics()})
}

// sweep runs what is due every minute. Nothing depends on its being on time:
// every check compares the clock itself.
func (h *House) sweep(ctx context.Context) {
	sweeps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"expire_mandates", func(ctx context.Context) error { _, err := h.Mandates.ExpireDue(ctx); return err }},
		{"sessions", func(ctx context.Context) error { _, err := h.Sessions.Sweep(ctx); return err }},
		{"acting", func(ctx context.Context) error { _, err := h.Acting.Sweep(ctx); return err }},
		{"software", h.software().Sweep},
		{"provider_keys", func(context.Context) error { return h.ProviderKeys.RotateDue() }},
		{"rates", func(ctx context.Context) error { return beneficiaries.SweepRates(ctx, h.Store) }},
	}
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		for _, s := range sweeps {
			if err := s.run(ctx); err != nil && ctx.Err() == nil {
				jobFaults.WithLabelValues(s.name).Inc()
				h.Logger.ErrorContext(ctx, "a periodic job failed", slog.String("job", s.name), slog.Any("error", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
