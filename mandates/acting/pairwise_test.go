package acting_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// names are the texts long enough to name something uniquely that one client
// was told, from everything that reached it.
type names map[string]bool

func (n names) hear(t *testing.T, what any) {
	t.Helper()
	raw, err := json.Marshal(what)
	must(t, err)
	var tree any
	must(t, json.Unmarshal(raw, &tree))
	n.walk(tree)
}

func (n names) walk(tree any) {
	switch x := tree.(type) {
	case string:
		if len(x) > len("2006-01-02T15:04:05Z") && !strings.HasPrefix(x, issuer) {
			n[x] = true
		}
	case []any:
		for _, y := range x {
			n.walk(y)
		}
	case map[string]any:
		for _, y := range x {
			n.walk(y)
		}
	}
}

// OP-02: nothing that two services are told about one mandate, of one session
// of one mediator, is the same at both: claims, answers to checks, security
// events, logout tokens; nor at the audience of an exchange. Only the
// organisation is, and the law that decided.
func TestServicesShareNoIdentifier(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	one := b.client
	two := b.newService("there", func(n *clients.New) { n.EventsURI, n.BackChannelLogoutURI = r.URL+"/events2", r.URL+"/logout2" })
	heard := map[string]names{}
	sids, mandate := map[string]string{}, map[string]string{}
	listen := func(who clients.Client, accessID, key string) {
		n := names{}
		heard[who.ClientID] = n
		d, err := b.Use(ctx, accessID)
		must(t, err)
		claims, err := b.Claims(ctx, d, who)
		must(t, err)
		claims.Person = nil // as entitled: everybody calls them by the same name
		n.hear(t, claims)
		a, err := b.Check(ctx, who, accessID, acting.CheckRequest{Key: key, Action: "submit"})
		must(t, err)
		answer := b.verified(a.JWS, "relais-check+jwt")
		delete(answer, "policy_hash")
		n.hear(t, answer)
		if answer["sid"] != claims.SID || answer["mandate"] != claims.Details[0].Identifier || answer["sub"] != claims.Subject {
			t.Errorf("%s: the answer %v names what the token does not: %+v", who.ClientID, answer, claims)
		}
		sids[who.ClientID], mandate[who.ClientID] = claims.SID, claims.Details[0].Identifier
	}
	_, first := b.tokens("view", "submit")
	listen(one, first.AccessID, "check-of-one")
	x, err := b.exchange(acting.Delegation{}, first)
	must(t, err)
	listen(b.target(), x.AccessID, "check-of-target")
	b.client = two
	_, second := b.tokens("view", "submit")
	listen(two, second.AccessID, "check-of-two")

	b.revoke(m)
	b.work(1)
	for who, at := range map[string][2]string{one.ClientID: {"/events", "/logout"}, two.ClientID: {"/events2", "/logout2"}} {
		sets, logouts := r.at(at[0]), r.at(at[1])
		if len(sets) != 1 || len(logouts) != 1 {
			t.Fatalf("%s: %d events, %d logouts", who, len(sets), len(logouts))
		}
		set := b.verified(sets[0].body, "secevent+jwt")
		what := set["events"].(map[string]any)[issuer+"/events/mandate-revoked"].(map[string]any)
		form, err := url.ParseQuery(logouts[0].body)
		must(t, err)
		out := b.verified(form.Get("logout_token"), "logout+jwt")
		if what["mandate"] != mandate[who] || what["sids"].([]any)[0] != sids[who] || out["sid"] != sids[who] {
			t.Errorf("%s knows sid %s and mandate %s, and was told %v and %v", who, sids[who], mandate[who], what, out)
		}
		heard[who].hear(t, set)
		heard[who].hear(t, out)
	}
	everybody := slices.Sorted(maps.Keys(heard))
	for i, a := range everybody {
		if heard[a][m.ID.String()] || heard[a][b.person.String()] || heard[a][b.mediator.String()] || len(heard[a]) < 5 {
			t.Errorf("%s heard %v", a, heard[a])
		}
		for _, z := range everybody[i+1:] {
			for name := range heard[a] {
				if heard[z][name] && name != b.org.String() && name != "Maison France Services" {
					t.Errorf("%s and %s both heard %q", a, z, name)
				}
			}
		}
	}
}
