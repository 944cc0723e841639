package acting_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// newSoftware registers a program of the mediator's organisation.
func (b *bundle) newSoftware(name string) clients.Client {
	b.t.Helper()
	c, _, err := b.registry.Register(b.t.Context(), b.as(b.operator), clients.New{Kind: clients.Software, Pack: "fr", Organisation: b.org,
		Changes: clients.Changes{Name: name, Scopes: []string{"webhooks:manage"}, AuthMethod: clients.SecretBasic}})
	must(b.t, err)
	return c
}

func (b *bundle) hook(url string) acting.NewWebhook {
	return acting.NewWebhook{Organisation: b.org, URL: url, Kinds: []string{string(translog.MandateSigned)}}
}

// A leaked secret of software registers no more than a bounded number of
// addresses, however many ask at once.
func TestWebhooksAreBounded(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	actor := b.newSoftware("Agenda").SoftwareActor(b.store.Now())
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 4 {
				_, _, err := b.RegisterWebhook(t.Context(), actor, b.hook("https://hook.example/x"))
				switch {
				case err == nil:
					made.Add(1)
				case !problem.Is(err, "too_many_webhooks"):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if made.Load() != acting.MaxWebhooks {
		t.Errorf("%d were registered", made.Load())
	}
	b.refuses("too_many_webhooks", func() error {
		_, _, err := b.RegisterWebhook(t.Context(), b.as(b.referent), b.hook("https://hook.example/y"))
		return err
	})
	hooks, err := b.Webhooks(t.Context(), actor)
	must(t, err)
	must(t, b.EndWebhook(t.Context(), actor, hooks[0].ID))
	if _, _, err := b.RegisterWebhook(t.Context(), actor, b.hook("https://hook.example/z")); err != nil {
		t.Errorf("after one ended: %v", err)
	}
}

// AU-11: software of a suspended organisation adds no address.
func TestWebhooksOfASuspendedOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	actor := b.newSoftware("Agenda").SoftwareActor(b.store.Now())
	must(t, b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours"))
	b.refuses("forbidden", func() error {
		_, _, err := b.RegisterWebhook(t.Context(), actor, b.hook("https://hook.example/x"))
		return err
	}, "organisation_suspended")
}

// What software registered is silent while it is suspended and ends with it;
// what a referent registered stays. Webhooks wait in a queue of their own.
func TestWebhooksEndWithTheirClient(t *testing.T) {
	t.Parallel()
	b, r := deliveries(t)
	ctx := t.Context()
	c := b.newSoftware("Agenda")
	theirs, _, err := b.RegisterWebhook(ctx, c.SoftwareActor(b.store.Now()), b.hook(r.URL+"/theirs"))
	must(t, err)
	ours, _, err := b.RegisterWebhook(ctx, b.as(b.referent), b.hook(r.URL+"/ours"))
	must(t, err)
	if theirs.Client != c.ID || ours.Client != uuid.Nil {
		t.Errorf("registered by %s and %s", theirs.Client, ours.Client)
	}
	told := func(path string, want int) {
		t.Helper()
		if n := len(r.at(path)); n != want {
			t.Errorf("%s was told %d times, want %d", path, n, want)
		}
	}
	sign := func() { b.signed(b.newPerson(b.as(b.mediator), "Anne", "Petit"), packs.DefaultActions(), "housing") }
	sign()
	b.work(1)
	told("/theirs", 1)
	sign() // queued, then the client is suspended before it is sent
	must(t, b.registry.Suspend(ctx, b.as(b.operator), c.ID))
	b.work(1)
	sign()
	b.work(1)
	told("/theirs", 1)
	told("/ours", 3)
	must(t, b.registry.Resume(ctx, b.as(b.operator), c.ID))
	b.adds(translog.ClientEnded, func() error { return b.registry.End(ctx, b.as(b.operator), c.ID) })
	hooks, err := b.Webhooks(ctx, b.as(b.referent))
	if err != nil || len(hooks) != 1 || hooks[0].ID != ours.ID {
		t.Errorf("left: %+v %v", hooks, err)
	}
	if n := b.count(`SELECT count(*) FROM river_job WHERE kind = 'acting_deliver' AND queue <> 'webhooks'`); n != 0 {
		t.Errorf("%d webhooks wait among others' deliveries", n)
	}
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	b.granted(params(), "view")
	b.revoke(m)
	if n := b.count(`SELECT count(*) FROM river_job WHERE kind = 'acting_deliver' AND queue = 'deliveries'`); n != 2 {
		t.Errorf("%d of services wait in theirs", n)
	}
	for queue := range acting.Queues() {
		if queue == "default" {
			t.Error("deliveries share the messages' queue")
		}
	}
}
