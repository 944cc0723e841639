package benefits

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Options are what the office was given when it was registered at Relais.
type Options struct {
	// BaseURL is the service's own address, Issuer is Relais's.
	BaseURL, Issuer string
	// ClientID and Secret authenticate the service (client_secret_basic).
	ClientID, Secret string
	// Procedure is the code, at Relais, of what is applied for here.
	Procedure string
	// Now is the clock; nil is the real one.
	Now    func() time.Time
	Logger *slog.Logger
}

// Paths that are registered at Relais.
const (
	CallbackPath = "/callback"
	EventsPath   = "/events"
	LogoutPath   = "/backchannel-logout"
)

// Service is the benefits service. It is an http.Handler.
type Service struct {
	Options
	memory  *memory
	relais  *relais
	zone    *time.Location
	handler http.Handler
}

// New makes the service. Relais need not answer yet: it is discovered when
// first needed.
func New(o Options) (*Service, error) {
	o.BaseURL, o.Issuer = strings.TrimRight(o.BaseURL, "/"), strings.TrimRight(o.Issuer, "/")
	if o.BaseURL == "" || o.Issuer == "" || o.ClientID == "" || o.Secret == "" || o.Procedure == "" {
		return nil, errors.New("the benefits service needs its address, Relais's, its id, its secret and a procedure")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	zone, err := time.LoadLocation("Europe/Paris") // the office's
	if err != nil {
		return nil, err
	}
	s := &Service{Options: o, memory: newMemory(o.Now), relais: newRelais(o), zone: zone}
	s.handler = s.routes()
	return s, nil
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
