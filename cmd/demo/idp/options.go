package idp

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The two audiences a client or a demonstration person can belong to.
const (
	AudienceStaff  = "staff"
	AudiencePerson = "person"
)

// Authentication context classes this provider asserts in acr.
const (
	// ACROneFactor: a person pressed their name.
	ACROneFactor = "urn:relais:demo:1"
	// ACRTwoFactors: they also pressed "confirm with my phone".
	ACRTwoFactors = "urn:relais:demo:2"
)

// Person is one demonstration person.
type Person struct {
	// Subject is the sub claim; it must not contain a colon.
	Subject string
	Name    string
	// Email may be empty; many people helped have none.
	Email         string
	EmailVerified bool
	// Hint says in one line who this is, by language (fr, en, es).
	Hint map[string]string
	// Audience is AudienceStaff or AudiencePerson.
	Audience string
}

// Client is one registered relying party.
type Client struct {
	ID, Secret string
	// Audience decides who is offered on the sign-in page.
	Audience       string
	RedirectURIs   []string
	PostLogoutURIs []string
	// BackChannelURI receives logout tokens; empty for none.
	BackChannelURI string
}

// Options are what a provider is made of.
type Options struct {
	// Issuer is the public URL, without a trailing slash. http is accepted:
	// this provider is for one's own machine.
	Issuer  string
	People  []Person
	Clients []Client
	// Now is the clock for sessions and auth_time; time.Now if nil.
	Now func() time.Time
	// Algorithm signs tokens: ES256 (also if empty) or RS256.
	Algorithm jose.SignatureAlgorithm
}

func (o *Options) validate() error {
	var faults []error
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || strings.HasSuffix(o.Issuer, "/") {
		faults = append(faults, fmt.Errorf("issuer %q must be a URL without trailing slash", o.Issuer))
	}
	seen := map[string]bool{}
	for _, p := range o.People {
		if p.Subject == "" || strings.Contains(p.Subject, ":") || seen[p.Subject] {
			faults = append(faults, fmt.Errorf("person %q: subject must be unique, not empty, without colon", p.Subject))
		}
		seen[p.Subject] = true
		if p.Name == "" || !knownAudience(p.Audience) {
			faults = append(faults, fmt.Errorf("person %q: name and audience are needed", p.Subject))
		}
	}
	for _, c := range o.Clients {
		faults = append(faults, c.validate())
	}
	return errors.Join(faults...)
}

func (c Client) validate() error {
	if c.ID == "" || c.Secret == "" || !knownAudience(c.Audience) || len(c.RedirectURIs) == 0 {
		return fmt.Errorf("client %q: id, secret, audience and a redirect address are needed", c.ID)
	}
	return nil
}

func knownAudience(a string) bool { return a == AudienceStaff || a == AudiencePerson }
