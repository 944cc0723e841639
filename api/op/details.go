package op

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

func (p *Provider) detailType() string { return p.Issuer + acting.DetailPath }

// asked are the fields a client may send. Any other is refused (RFC 9396 §5):
// what is granted beyond them is not the client's to say.
type asked struct {
	Type       string   `json:"type"`
	Locations  []string `json:"locations"`
	Actions    []string `json:"actions"`
	Procedures []string `json:"procedures"`
}

// details reads and checks authorization_details against what is registered
// for the client. Empty: none was sent.
func (p *Provider) details(raw string, client clients.Client) ([]acting.Detail, error) {
	if raw == "" {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(raw)))
	dec.DisallowUnknownFields()
	var list []asked
	if err := dec.Decode(&list); err != nil {
		return nil, bad(invalidDetails, "not a list of objects of a known shape")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, bad(invalidDetails, "something follows the list")
	}
	if len(list) != 1 {
		return nil, bad(invalidDetails, "exactly one object is expected")
	}
	a := list[0]
	switch {
	case a.Type != p.detailType():
		return nil, bad(invalidDetails, "the type is not supported")
	case !each(a.Actions, func(s string) bool { return slices.Contains(packs.Actions(), s) }):
		return nil, bad(invalidDetails, "an action is not known, or comes twice")
	case !each(a.Procedures, func(s string) bool { return slices.Contains(client.Procedures, s) }):
		return nil, bad(invalidDetails, "a procedure is not registered for this client, or comes twice")
	case !each(a.Locations, func(s string) bool { return ofClient(s, client) }):
		return nil, bad(invalidDetails, "a location is not of this client")
	}
	return []acting.Detail{{Type: a.Type, Actions: a.Actions, Procedures: a.Procedures, Locations: a.Locations}}, nil
}

// each says whether every element holds, and none comes twice.
func each(list []string, holds func(string) bool) bool {
	for i, s := range list {
		if !holds(s) || slices.Contains(list[:i], s) {
			return false
		}
	}
	return true
}

// ofClient says whether an address has the origin of one registered.
func ofClient(location string, client clients.Client) bool {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return slices.ContainsFunc(client.RedirectURIs, func(registered string) bool {
		r, err := url.Parse(registered)
		return err == nil && r.Scheme == u.Scheme && r.Host == u.Host
	})
}
