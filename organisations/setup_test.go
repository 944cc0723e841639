package organisations_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

const issuer = "https://idp.example"

// house is a service on a database of its own, with an operator and one
// organisation that has one referent.
type house struct {
	*organisations.Service
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock
	pack     *packs.Pack
	operator uuid.UUID
	org      uuid.UUID
	referent uuid.UUID
}

func setup(t testing.TB) *house {
	t.Helper()
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	clock := storetest.NewClock()
	st := storetest.NewWithClock(t, clock)
	h := &house{
		t: t, store: st, clock: clock,
		Service: organisations.New(organisations.Dependencies{
			Commands: command.New(command.Deps{Store: st, Authz: law}), Packs: set, BaseURL: "https://relais.example",
		}),
	}
	h.pack, err = set.Get("fr")
	must(t, err)
	_, err = h.BootstrapOperator(t.Context(), "Olga Petit", "olga@ops.example")
	must(t, err)
	h.operator = h.signIn("olga@ops.example").ID
	h.org = h.newOrganisation("Maison France Services", "Rennes")
	h.referent = h.newReferent(h.org, "Nadia Benali")
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// address is the mailbox of a name.
func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

func identity(email string) organisations.Identity {
	return organisations.Identity{Issuer: issuer, Subject: "sub-of-" + email, Email: email, EmailVerified: true, Name: "Somebody", ACR: "eidas1"}
}

func (h *house) signIn(email string) organisations.Account {
	h.t.Helper()
	a, err := h.SignIn(h.t.Context(), identity(email))
	must(h.t, err)
	return a
}

// as is who an account is now, freshly authenticated, acting for an organisation.
func (h *house) as(account, organisation uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.Actor(h.t.Context(), organisations.ActorQuery{Account: account, Organisation: organisation, StrongAt: h.clock.Now()})
	must(h.t, err)
	return a
}

func (h *house) asOperator() authz.Actor { return h.as(h.operator, uuid.Nil) }
func (h *house) asReferent() authz.Actor { return h.as(h.referent, h.org) }

func (h *house) newOrganisation(name, city string) uuid.UUID {
	h.t.Helper()
	o, err := h.Create(h.t.Context(), h.asOperator(), organisations.NewOrganisation{
		Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: city,
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example",
	})
	must(h.t, err)
	return o.ID
}

func (h *house) newReferent(org uuid.UUID, name string) uuid.UUID {
	h.t.Helper()
	_, err := h.Invite(h.t.Context(), h.asOperator(), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Referent})
	must(h.t, err)
	return h.signIn(address(name)).ID
}

// invited is a mediator invited by the referent of an organisation.
func (h *house) invited(name string) organisations.Member {
	h.t.Helper()
	m, err := h.Invite(h.t.Context(), h.asReferent(), organisations.Invite{Organisation: h.org, Name: name, Email: address(name), Role: authz.Mediator})
	must(h.t, err)
	return m
}

// confirmed is a mediator who signed in and was confirmed.
func (h *house) confirmed(name string) organisations.Member {
	h.t.Helper()
	m := h.invited(name)
	h.signIn(address(name))
	must(h.t, h.Confirm(h.t.Context(), h.asReferent(), m.ID))
	return m
}

// trained puts a training on record, valid for so many days after today.
func (h *house) trained(by authz.Actor, membership uuid.UUID, days int) {
	h.t.Helper()
	today := h.clock.Now()
	must(h.t, h.RecordTraining(h.t.Context(), by, organisations.Training{
		Membership: membership, Course: "Aidants Connect", Evidence: "Certificate 12", CompletedOn: today, ExpiresOn: today.AddDate(0, 0, days)}))
}

// authorised is a mediator who lacks nothing.
func (h *house) authorised(name string) organisations.Member {
	h.t.Helper()
	m := h.confirmed(name)
	h.trained(h.asReferent(), m.ID, 365)
	must(h.t, h.AcceptCharter(h.t.Context(), h.as(m.Account, h.org), h.pack.Charter.Version))
	return m
}

// authority is that of an account in an organisation, now.
func (h *house) authority(account, org uuid.UUID) authz.Authority {
	h.t.Helper()
	for _, m := range h.as(account, org).Memberships {
		if m.Organisation == org && m.Role == authz.Mediator {
			return m.Authority
		}
	}
	h.t.Fatalf("no membership of %s in %s", account, org)
	return authz.Authority{}
}

// mayDraft asks the law whether somebody may begin a mandate, and why not.
func (h *house) mayDraft(account, org uuid.UUID) []authz.Reason {
	h.t.Helper()
	law, err := authz.New()
	must(h.t, err)
	d := law.Decide(h.as(account, org), authz.MandateDraft, authz.Object{Kind: authz.KindMandate, Organisation: org})
	if d.Allowed {
		return nil
	}
	return d.Reasons
}

// event is what a test reads of an event.
type event struct {
	Kind, Role, Outcome string
	Actor, Organisation uuid.UUID
	Detail              map[string]any
}

// events reads everything that happened, oldest first.
func (h *house) events() []event {
	h.t.Helper()
	rows, err := h.store.Pool().Query(context.Background(), `SELECT kind, actor_role, coalesce(outcome, ''),
		coalesce(actor_id, '00000000-0000-0000-0000-000000000000'), coalesce(organisation_id, '00000000-0000-0000-0000-000000000000'), facts
		FROM events ORDER BY id`)
	must(h.t, err)
	defer rows.Close()
	var all []event
	for rows.Next() {
		var e event
		var raw []byte
		must(h.t, rows.Scan(&e.Kind, &e.Role, &e.Outcome, &e.Actor, &e.Organisation, &raw))
		facts, err := translog.ParseFacts(raw)
		must(h.t, err)
		if facts.Detail != nil {
			must(h.t, json.Unmarshal(facts.Detail, &e.Detail))
		}
		all = append(all, e)
	}
	must(h.t, rows.Err())
	return all
}

// adds runs act and demands that it leaves exactly one event, of this kind.
func (h *house) adds(kind translog.Kind, act func() error) event {
	h.t.Helper()
	before := len(h.events())
	if err := act(); err != nil {
		h.t.Fatalf("%s: %v", kind, err)
	}
	return h.oneMore(before, kind)
}

// refuses runs act and demands this refusal and exactly one event of it. A
// code of "" accepts any refusal.
func (h *house) refuses(code string, act func() error) event {
	h.t.Helper()
	before := len(h.events())
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || (code != "" && p.Code != code) {
		h.t.Fatalf("got %v, want the refusal %s", err, code)
	}
	all := h.events()
	if len(all) != before+1 || all[before].Outcome != "refused" {
		h.t.Fatalf("a refusal left %d events, want one refused: %+v", len(all)-before, all[before:])
	}
	return all[before]
}

func (h *house) oneMore(before int, kind translog.Kind) event {
	h.t.Helper()
	all := h.events()
	if len(all) != before+1 {
		h.t.Fatalf("%d events, want one", len(all)-before)
	}
	if all[before].Kind != string(kind) {
		h.t.Fatalf("event %s, want %s", all[before].Kind, kind)
	}
	return all[before]
}

// reasons of the last refusal.
func (e event) reasons() []string {
	var all []string
	list, _ := e.Detail["reasons"].([]any)
	for _, r := range list {
		all = append(all, r.(string))
	}
	return all
}

func (e event) because(r authz.Reason) bool { return slices.Contains(e.reasons(), string(r)) }

// count runs a query that counts.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	must(h.t, h.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

const day = 24 * time.Hour
