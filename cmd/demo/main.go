package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/outbox"
	"github.com/relais-org/relais/cmd/demo/seed"
	"github.com/relais-org/relais/cmd/internal/house"
)

// options are where things listen; the addresses people type follow from them.
type options struct {
	addr, idpAddr, outboxAddr, benefitsAddr, folder string
	reset, empty                                    bool
}

func main() {
	o := options{}
	flag.StringVar(&o.addr, "addr", "localhost:8080", "where Relais listens")
	flag.StringVar(&o.idpAddr, "idp", "localhost:8081", "where the demonstration identity provider listens")
	flag.StringVar(&o.benefitsAddr, "benefits", "localhost:8082", "where the demonstration benefits service listens")
	flag.StringVar(&o.outboxAddr, "outbox", "localhost:8083", "where the page of mails and SMS listens")
	flag.StringVar(&o.folder, "var", "var", "folder for data and keys, kept between runs")
	flag.BoolVar(&o.reset, "reset", false, "throw the data away and start over")
	flag.BoolVar(&o.empty, "empty", false, "lay no demonstration data")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "relais:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	stage, err := newStage(ctx, o)
	if err != nil {
		return err
	}
	defer stage.close()
	if o.reset {
		if err := startOver(o.folder); err != nil {
			return err
		}
	}
	config, err := stage.config(o)
	if err != nil {
		return err
	}
	cards, err := lay(ctx, &config, o, stage.issuer, log)
	if err != nil {
		return err
	}
	h, err := house.Open(ctx, config, realWorld, log)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := stage.office(ctx, h, o.folder, log); err != nil {
		return err
	}
	return h.Run(ctx, house.Parts{Web: true, Jobs: true}, func(string) {
		greet(os.Stdout, o, config.BaseURL, stage, cards)
		fmt.Printf("Check the log yourself (another terminal):\n  go run ./cmd/verify -database '%s' -key '%s'\n\n", h.Config.DatabaseURL, h.LogKey.Public)
	})
}

// stage is what stands around Relais: the provider, the outbox, and the
// benefits service, whose door opens once Relais knows it.
type stage struct {
	issuer, outboxURL, benefitsURL, smtp string
	secret                               []byte
	provider                             *idp.Provider
	benefitsDoor                         net.Listener
	closers                              []func() error
}

func newStage(ctx context.Context, o options) (*stage, error) {
	s := &stage{secret: []byte("demonstration gateway secret, not a real one"), issuer: "http://" + o.idpAddr, outboxURL: "http://" + o.outboxAddr, benefitsURL: "http://" + o.benefitsAddr}
	base := "http://" + o.addr
	clients := []idp.Client{}
	for _, audience := range []string{idp.AudienceStaff, idp.AudiencePerson} {
		clients = append(clients, idp.Client{ID: "relais-" + audience, Secret: "demo-" + audience, Audience: audience,
			RedirectURIs: []string{base + "/sign-in/callback"}, PostLogoutURIs: []string{base + "/signed-out"}, BackChannelURI: base + "/sign-in/backchannel"})
	}
	var err error
	if s.provider, err = idp.New(idp.Options{Issuer: s.issuer, People: seed.People(), Clients: clients}); err != nil {
		return nil, err
	}
	box := outbox.New(s.secret)
	for _, site := range []struct {
		addr    string
		handler http.Handler
	}{{o.idpAddr, s.provider}, {o.outboxAddr, box}} {
		if err := s.serve(ctx, site.addr, site.handler); err != nil {
			s.close()
			return nil, err
		}
	}
	if s.benefitsDoor, err = listen(ctx, o.benefitsAddr); err != nil {
		s.close()
		return nil, err
	}
	s.closers = append(s.closers, s.benefitsDoor.Close)
	mail, err := listen(ctx, "localhost:0")
	if err != nil {
		s.close()
		return nil, err
	}
	s.smtp = "smtp://" + mail.Addr().String()
	s.closers = append(s.closers, mail.Close)
	go func() { _ = box.SMTP(mail) }() // ends with its listener
	return s, nil
}

func (s *stage) serve(ctx context.Context, addr string, handler http.Handler) error {
	l, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	s.open(l, handler)
	return nil
}

func (s *stage) open(l net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.closers = append(s.closers, server.Close)
	go func() { _ = server.Serve(l) }() // ends with Close
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("port %s is taken: is another copy running? (%w)", addr, err)
	}
	return l, nil
}

func (s *stage) close() {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	_ = errors.Join(errs...) // closing what is closed already is no fault
}
