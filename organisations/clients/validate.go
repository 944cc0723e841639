package clients

import (
	"encoding/json"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
)

// Limits of what is registered.
const (
	maxName      = 200
	maxAddresses = 20
	maxAddress   = 500
	maxKeys      = 16 << 10 // bytes
)

var identifiers = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{2,99}$`)

// apply replaces what may change, with the defaults for what is left out.
func (c *Client) apply(ch Changes) {
	c.Name, c.AuthMethod, c.Keys = strings.TrimSpace(ch.Name), ch.AuthMethod, ch.Keys
	c.RedirectURIs, c.PostLogoutRedirectURIs = known(ch.RedirectURIs), known(ch.PostLogoutRedirectURIs)
	c.BackChannelLogoutURI, c.EventsURI = ch.BackChannelLogoutURI, ch.EventsURI
	c.Profile, c.IDTokenAlg, c.UserinfoAlg = ch.Profile, ch.IDTokenAlg, ch.UserinfoAlg
	c.Claims, c.Procedures, c.Scopes = known(ch.Claims), known(ch.Procedures), known(ch.Scopes)
	if c.AuthMethod == "" {
		c.AuthMethod = SecretBasic
	}
	if c.Profile == "" {
		c.Profile = Relais
	}
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = string(jose.ES256)
	}
}

// known gives an empty list rather than none, which the table refuses.
func known(list []string) []string {
	if list == nil {
		return []string{}
	}
	return slices.Clone(list)
}

// faults collects what does not hold.
type faults []problem.Field

func (f *faults) add(bad bool, name, code string) {
	if bad {
		*f = append(*f, problem.At(name, code))
	}
}

// check lists everything that does not hold.
func (s *Registry) check(c Client) error {
	var f faults
	f.add(!identifiers.MatchString(c.ClientID), "client_id", "unknown_kind")
	f.add(c.Kind != Service && c.Kind != Software, "kind", "unknown_kind")
	f.add((c.Kind == Software) != (c.Organisation != uuid.Nil), "organisation", "not_offered")
	f.add(len([]rune(c.Name)) < 2, "name", "too_short")
	if len([]rune(c.Name)) > maxName {
		f = append(f, problem.Field{Name: "name", Code: "too_long", Args: map[string]any{"Most": maxName}})
	}
	f.add(!slices.Contains([]string{PrivateKeyJWT, SecretBasic, SecretPost}, c.AuthMethod), "auth_method", "unknown_kind")
	f.add(c.Profile != Relais && c.Profile != FranceConnect, "profile", "unknown_kind")
	f.add(!slices.Contains([]string{"ES256", "RS256", "HS256"}, c.IDTokenAlg), "id_token_alg", "unknown_kind")
	f.add(!slices.Contains([]string{"", "ES256", "RS256"}, c.UserinfoAlg), "userinfo_alg", "unknown_kind")
	f.add((c.AuthMethod == PrivateKeyJWT) != (len(c.Keys) > 0) || len(c.Keys) > 0 && !publicKeys(c.Keys), "keys", "keys_not_valid")
	f.addresses(c)
	s.checkEntitlement(c, &f)
	if len(f) > 0 {
		return problem.Invalid(f...)
	}
	return nil
}

func (f *faults) addresses(c Client) {
	redirects := slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs)
	f.add(c.Kind == Service && len(c.RedirectURIs) == 0 || len(redirects) > maxAddresses ||
		!allOf(redirects, RedirectAddress), "redirect_uris", "redirect_uri_not_valid")
	f.add(c.BackChannelLogoutURI != "" && !Address(c.BackChannelLogoutURI), "backchannel_logout_uri", "address_not_valid")
	f.add(c.EventsURI != "" && !Address(c.EventsURI), "events_uri", "address_not_valid")
}

// checkEntitlement holds claims, procedures and scopes to what there is for the
// kind of client.
func (s *Registry) checkEntitlement(c Client, f *faults) {
	pack, err := s.packs.Get(c.Pack)
	f.add(err != nil, "pack", "unknown_kind")
	f.add(!allOf(c.Claims, func(w string) bool { return slices.Contains(ClaimNames(), w) }), "claims", "unknown_claim")
	scopes := ScopeNames()
	if c.Kind == Software {
		scopes = SoftwareScopeNames()
	}
	f.add(!allOf(c.Scopes, func(w string) bool { return slices.Contains(scopes, w) }), "scopes", "unknown_scope")
	if c.Kind != Service {
		return
	}
	f.add(err == nil && !allOf(c.Procedures, func(code string) bool {
		_, there := pack.Procedure(code)
		return there
	}), "procedures", "unknown_procedure")
}

func allOf(list []string, holds func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !holds(s) })
}

// RedirectAddress reports whether a browser may be sent there with an answer:
// https, or http on this very machine (RFC 8252 §7.3), whole, without fragment,
// user or space.
func RedirectAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxAddress && u.Host != "" && u.Hostname() != "" && u.Fragment == "" && !strings.Contains(s, "#") &&
		u.User == nil && u.Opaque == "" && !strings.ContainsAny(s, " \\\"'<>*\r\n\t") && !dots(u.Path) &&
		(u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()))
}

// dots: a path that climbs is read differently by different readers.
func dots(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(p string) bool { return p == "." || p == ".." })
}

// Address reports whether Relais may send there by itself: as RedirectAddress.
// What a name leads to is looked at when it is called.
func Address(s string) bool { return RedirectAddress(s) }

// Loopback reports whether a host is this very machine, by name or number.
func Loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// publicKeys reports whether raw is a set of public keys and nothing else.
func publicKeys(raw json.RawMessage) bool {
	var set jose.JSONWebKeySet
	if len(raw) > maxKeys || json.Unmarshal(raw, &set) != nil || len(set.Keys) == 0 {
		return false
	}
	return !slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool { return !k.Valid() || !k.IsPublic() })
}
