package house

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/authz/login"
)

// Config is everything the program is told. .env.example documents each line.
type Config struct {
	Addr            string // RELAIS_ADDR, where to listen
	MetricsAddr     string // RELAIS_METRICS_ADDR, empty: with the rest, loopback only
	BaseURL         string // RELAIS_BASE_URL, as people type it
	Var             string // RELAIS_VAR, folder for the private database and generated keys
	DatabaseURL     string // DATABASE_URL, application role; empty: a private instance
	OwnerURL        string // RELAIS_DATABASE_OWNER_URL, the role that migrates
	CodeKey         []byte // RELAIS_CODE_KEY, 32 bytes or more; keys the hashes of cards' codes
	MandateKeysFile string // RELAIS_MANDATE_KEYS_FILE, private JWKs
	LogKeyFile      string // RELAIS_LOG_KEY_FILE, note signer key
	// ProviderKeysFile is RELAIS_PROVIDER_KEYS_FILE, what the OpenID provider signs with.
	ProviderKeysFile string
	// LogFormerKeys is RELAIS_LOG_FORMER_KEYS, the public keys that signed the log
	// before the present one.
	LogFormerKeys  []note.Verifier
	LogOrigin      string         // RELAIS_LOG_ORIGIN, first line of checkpoints
	Issuers        []login.Issuer // RELAIS_ISSUERS_FILE, JSON
	SMTPURL        string         // RELAIS_SMTP_URL, smtp://user:password@host:587
	Contact        string         // RELAIS_CONTACT, whom to write to about privacy and accessibility
	MailFrom       string         // RELAIS_MAIL_FROM
	SMSURL         string         // RELAIS_SMS_URL, generic gateway
	SMSSecret      []byte         // RELAIS_SMS_SECRET, signs requests to the gateway
	TrustedProxies []string       // RELAIS_TRUSTED_PROXIES, CIDRs whose X-Forwarded-For counts
	LogLevel       slog.Level     // RELAIS_LOG_LEVEL
	OTelEndpoint   string         // RELAIS_OTEL_ENDPOINT, empty: tracing is off
	MaxConns       int            // RELAIS_DATABASE_CONNECTIONS, 0: four a core
	StopTimeout    time.Duration
	Tracer         pgx.QueryTracer // no variable: cmd/bench repeats what pages ask
}

// reader collects every fault instead of stopping at the first.
type reader struct {
	get    func(string) string
	faults []string
}

func (r *reader) fault(name, format string, args ...any) {
	r.faults = append(r.faults, name+": "+fmt.Sprintf(format, args...))
}

// secret reads NAME, or the file that NAME_FILE names.
func (r *reader) secret(name string) string {
	value, file := r.get(name), r.get(name+"_FILE")
	switch {
	case value != "" && file != "":
		r.fault(name, "set it or %s_FILE, not both", name)
	case file != "":
		raw, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			r.fault(name+"_FILE", "cannot be read (%v)", err)
		}
		return strings.TrimSpace(string(raw))
	}
	return value
}

func (r *reader) or(name, fallback string) string {
	if v := r.get(name); v != "" {
		return v
	}
	return fallback
}

func (r *reader) address(name, fallback string) string {
	v := r.or(name, fallback)
	if v == "" {
		return v
	}
	if _, _, err := net.SplitHostPort(v); err != nil {
		r.fault(name, "%q is not host:port", v)
	}
	return v
}

func (r *reader) url(name, value string, schemes ...string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		r.fault(name, "is not an address")
		return value
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return strings.TrimRight(value, "/")
		}
	}
	r.fault(name, "must begin with %s://", strings.Join(schemes, ":// or "))
	return value
}

// ReadConfig reads and validates the environment through get (os.Getenv). The
// error lists every fault, one per line.
func ReadConfig(get func(string) string) (Config, error) {
	r := &reader{get: get}
	c := Config{
		Addr:        r.address("RELAIS_ADDR", "localhost:8080"),
		MetricsAddr: r.address("RELAIS_METRICS_ADDR", ""),
		Var:         r.or("RELAIS_VAR", "var"),
		LogOrigin:   get("RELAIS_LOG_ORIGIN"),
		MailFrom:    get("RELAIS_MAIL_FROM"),
		Contact:     get("RELAIS_CONTACT"),
		DatabaseURL: r.secret("DATABASE_URL"),
		OwnerURL:    r.secret("RELAIS_DATABASE_OWNER_URL"),
		StopTimeout: 20 * time.Second,
	}
	c.BaseURL = r.url("RELAIS_BASE_URL", r.or("RELAIS_BASE_URL", "http://"+c.Addr), "https", "http")
	r.checkBase(c.BaseURL)
	c.MandateKeysFile = r.or("RELAIS_MANDATE_KEYS_FILE", filepath.Join(c.Var, "keys", "mandates.json"))
	c.ProviderKeysFile = r.or("RELAIS_PROVIDER_KEYS_FILE", filepath.Join(c.Var, "keys", "provider.json"))
	c.LogKeyFile = r.or("RELAIS_LOG_KEY_FILE", filepath.Join(c.Var, "keys", "log.key"))
	c.SMTPURL = r.url("RELAIS_SMTP_URL", r.secret("RELAIS_SMTP_URL"), "smtp", "smtps")
	c.SMSURL = r.url("RELAIS_SMS_URL", r.secret("RELAIS_SMS_URL"), "https", "http")
	c.SMSSecret = []byte(r.secret("RELAIS_SMS_SECRET"))
	c.OTelEndpoint = r.url("RELAIS_OTEL_ENDPOINT", get("RELAIS_OTEL_ENDPOINT"), "https", "http")
	r.rest(&c)
	if len(r.faults) > 0 {
		return Config{}, fmt.Errorf("the configuration has %d fault(s):\n  %s", len(r.faults), strings.Join(r.faults, "\n  "))
	}
	return c, nil
}

func (r *reader) checkBase(base string) {
	u, err := url.Parse(base)
	if err != nil {
		return // already a fault
	}
	host := u.Hostname()
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
	if u.Scheme == "http" && !local {
		r.fault("RELAIS_BASE_URL", "must be https, except on localhost")
	}
	if u.Path != "" && u.Path != "/" {
		r.fault("RELAIS_BASE_URL", "must have no path")
	}
}

func (r *reader) rest(c *Config) {
	if (c.DatabaseURL == "") != (c.OwnerURL == "") {
		r.fault("RELAIS_DATABASE_OWNER_URL", "set it together with DATABASE_URL, or neither (a private PostgreSQL is started then)")
	}
	r.connections(c)
	if c.LogOrigin == "" {
		if u, err := url.Parse(c.BaseURL); err == nil {
			c.LogOrigin = u.Host + "/log"
		}
	}
	r.formerKeys(c)
	if key := r.secret("RELAIS_CODE_KEY"); key != "" {
		c.CodeKey = []byte(key)
		if len(key) < 32 {
			r.fault("RELAIS_CODE_KEY", "needs 32 characters at least")
		}
	}
	r.messages(c)
	for _, p := range r.list("RELAIS_TRUSTED_PROXIES") {
		if _, _, err := net.ParseCIDR(p); err != nil {
			r.fault("RELAIS_TRUSTED_PROXIES", "%q is not a range like 10.0.0.0/8", p)
			continue
		}
		c.TrustedProxies = append(c.TrustedProxies, p)
	}
	if err := c.LogLevel.UnmarshalText([]byte(r.or("RELAIS_LOG_LEVEL", "info"))); err != nil {
		r.fault("RELAIS_LOG_LEVEL", "is one of debug, info, warn, error")
	}
	r.issuers(c)
}

// Warnings say what is allowed and almost surely wrong; they are
// logged when the web part starts.
func (c Config) Warnings() []string {
	if strings.HasPrefix(c.BaseURL, "https:") && len(c.TrustedProxies) == 0 {
		// Whoever ends TLS stands between: all visitors come from its address, and
		// twenty wrong cards typed by one of them close the door to everybody.
		return []string{"RELAIS_TRUSTED_PROXIES is empty though people come by https: name the proxy that ends TLS, " +
			"or limits by address count all visitors as one, and one of them can lock out the others"}
	}
	return nil
}

// list reads values set apart by commas or spaces.
func (r *reader) list(name string) []string {
	return strings.FieldsFunc(r.get(name), func(c rune) bool { return c == ',' || c == ' ' })
}

// formerKeys reads the log's earlier public keys. They bear its name, which
// never changes: a key of another log would never be asked for.
func (r *reader) formerKeys(c *Config) {
	for _, text := range r.list("RELAIS_LOG_FORMER_KEYS") {
		key, err := note.NewVerifier(text)
		switch {
		case err != nil:
			r.fault("RELAIS_LOG_FORMER_KEYS", "%q is not a public key like name+hash+key", text)
		case key.Name() != c.LogOrigin:
			r.fault("RELAIS_LOG_FORMER_KEYS", "%q is not a key of the log %s", text, c.LogOrigin)
		default:
			c.LogFormerKeys = append(c.LogFormerKeys, key)
		}
	}
}

func (r *reader) connections(c *Config) {
	n := r.get("RELAIS_DATABASE_CONNECTIONS")
	if n == "" || n == "0" {
		return
	}
	var err error
	if c.MaxConns, err = strconv.Atoi(n); err != nil || c.MaxConns < 2 || c.MaxConns > 1000 {
		r.fault("RELAIS_DATABASE_CONNECTIONS", "is 0 (four a core) or a number from 2 to 1000")
	}
}

// messages checks that each channel configured has all it needs.
func (r *reader) messages(c *Config) {
	if c.SMTPURL != "" && c.MailFrom == "" {
		r.fault("RELAIS_MAIL_FROM", "is needed with RELAIS_SMTP_URL")
	}
	if c.SMSURL != "" && len(c.SMSSecret) < 32 {
		r.fault("RELAIS_SMS_SECRET", "needs 32 characters at least with RELAIS_SMS_URL")
	}
}

func (r *reader) issuers(c *Config) {
	file := r.get("RELAIS_ISSUERS_FILE")
	if file == "" {
		return
	}
	raw, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		r.fault("RELAIS_ISSUERS_FILE", "cannot be read (%v)", err)
		return
	}
	if err := json.Unmarshal(raw, &c.Issuers); err != nil {
		r.fault("RELAIS_ISSUERS_FILE", "is not a JSON list of issuers (%v)", err)
	}
}
