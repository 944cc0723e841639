package login

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// The paths the browser and the issuers come to, below the base URL. They are
// registered at each issuer.
const (
	CallbackPath    = "/sign-in/callback"
	BackChannelPath = "/sign-in/backchannel"
)

// Audience is whom an issuer signs in.
type Audience string

// Staff are mediators, referents, supervisors and operators; a person is
// somebody helped, opening their own space.
const (
	AudienceStaff  Audience = "staff"
	AudiencePerson Audience = "person"
)

// Issuer is one identity provider as configured. The same URL may stand twice,
// with a client for each audience.
type Issuer struct {
	// ID is ours, stable, in addresses and rows: lower-case letters, digits, dashes.
	ID string `json:"id"`
	// Name is what people read on the button, by language.
	Name map[string]string `json:"name"`
	// URL is the issuer identifier, exactly as in its tokens.
	URL          string   `json:"url"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	Audience     Audience `json:"audience"`
	// ClientSecretFile is read by New instead of ClientSecret.
	ClientSecretFile string `json:"client_secret_file"`
	// Scopes asked for; openid, email and profile if empty.
	Scopes []string `json:"scopes"`
	// ACRValues are asked for, and then demanded, at every sign-in; empty for
	// issuers that need none.
	ACRValues []string `json:"acr_values"`
	// ACRStepUp are the acr values that satisfy a step-up. Empty: a fresh
	// sign-in is enough.
	ACRStepUp []string `json:"acr_step_up"`
	// Via are further addresses that the issuer's pages may send a browser on to,
	// such as the sites a broker offers: browsers hold the redirects after a form of
	// ours to the form-action of our policy, and discovery names none of these.
	Via []string `json:"via"`
	// AllowInsecureHTTP accepts http on this machine, for the demonstration.
	AllowInsecureHTTP bool `json:"allow_insecure_http"`
}

// Dependencies are what the service is made of.
type Dependencies struct {
	Issuers []Issuer
	// BaseURL of this site, as browsers see it.
	BaseURL string
	Store   *store.Store
	// HTTPClient talks to issuers; nil is one that gives up after 10 seconds.
	HTTPClient *http.Client
	// Logger; nil is slog.Default.
	Logger *slog.Logger
	// Now is the clock that tokens are judged by; nil is the store's. Issuers
	// live in real time, so a test with a clock of its own gives time.Now.
	Now func() time.Time
}

// Service is the relying party. Safe for concurrent use.
type Service struct {
	issuers []*issuer
	baseURL string
	store   *store.Store
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
}

// New checks the configuration and lists all its faults at once. It asks
// nothing of the network.
func New(d Dependencies) (*Service, error) {
	s := &Service{baseURL: strings.TrimSuffix(d.BaseURL, "/"), store: d.Store, log: d.Logger, now: d.Now}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = d.Store.Now
	}
	s.client = boundedClient(d.HTTPClient)
	faults := []error{checkURL("the base URL", s.baseURL, true)}
	seen := map[string]bool{}
	for _, config := range d.Issuers {
		if seen[config.ID] {
			faults = append(faults, fmt.Errorf("issuer %q stands twice", config.ID))
		}
		seen[config.ID] = true
		if err := config.complete(); err != nil {
			faults = append(faults, fmt.Errorf("issuer %q: %w", config.ID, err))
		}
		s.issuers = append(s.issuers, &issuer{Issuer: config, service: s})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	return s, nil
}

var goodID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// complete fills defaults, reads the secret and checks.
func (i *Issuer) complete() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !goodID.MatchString(i.ID) {
		fault("the id must be lower-case letters, digits and dashes, 40 at most")
	}
	if i.Audience != AudienceStaff && i.Audience != AudiencePerson {
		fault("the audience must be staff or person")
	}
	if i.ClientID == "" {
		fault("client_id is missing")
	}
	if len(i.Name) == 0 {
		fault("name is missing")
	}
	if err := checkURL("url", i.URL, i.AllowInsecureHTTP); err != nil {
		faults = append(faults, err)
	}
	for _, address := range i.Via {
		if err := checkURL("via", address, i.AllowInsecureHTTP); err != nil {
			faults = append(faults, err)
		}
	}
	if i.ClientSecretFile != "" {
		raw, err := os.ReadFile(filepath.Clean(i.ClientSecretFile))
		if err != nil || i.ClientSecret != "" {
			fault("client_secret_file must be readable, and client_secret then empty")
		}
		i.ClientSecret = strings.TrimSpace(string(raw))
	}
	if len(i.Scopes) == 0 {
		i.Scopes = []string{"openid", "email", "profile"}
	}
	return errors.Join(faults...)
}

// checkURL wants https, or http on this very machine where that is allowed.
func checkURL(what, raw string, loopback bool) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%s must be an address such as https://example.org", what)
	}
	if u.Scheme == "https" || (u.Scheme == "http" && loopback && isLoopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%s must be https (http only on this machine, and only if allowed)", what)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// IssuerInfo is what the sign-in page shows of an issuer.
type IssuerInfo struct {
	ID       string
	Name     map[string]string
	Audience Audience
}

// NameIn gives the issuer's name in a language, or in English, or its ID.
func (i IssuerInfo) NameIn(language string) string {
	for _, l := range []string{language, "en"} {
		if name := i.Name[l]; name != "" {
			return name
		}
	}
	return i.ID
}

// Issuers lists the issuers of an audience, in the order of the configuration.
func (s *Service) Issuers(a Audience) []IssuerInfo {
	var list []IssuerInfo
	for _, i := range s.issuers {
		if i.Audience == a {
			list = append(list, IssuerInfo{ID: i.ID, Name: i.Name, Audience: i.Audience})
		}
	}
	return list
}

// FormOrigins are the origins a form of ours may end at: browsers hold the
// redirects after POST /sign-in/… and /sign-out to the form-action of the
// Content-Security-Policy. They are the issuers' own, those they go by
// (Issuer.Via), and those of the endpoints once discovery has told them, so they are asked for at each page.
// It never waits: an issuer that was never read is asked meanwhile, and where a
// page must be right at once [Service.Prepare] comes first.
func (s *Service) FormOrigins() []string {
	var origins []string
	for _, i := range s.issuers {
		i.ask()
		for _, address := range i.addresses() {
			u, err := url.Parse(address)
			if err != nil || u.Host == "" {
				continue
			}
			if origin := u.Scheme + "://" + u.Host; !slices.Contains(origins, origin) {
				origins = append(origins, origin)
			}
		}
	}
	return origins
}

func (s *Service) issuer(id string) (*issuer, bool) {
	for _, i := range s.issuers {
		if i.ID == id {
			return i, true
		}
	}
	return nil, false
}
