package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

const softwarePath = "/organisation/software"

// softwareView is an organisation's own software, and where it is told of events.
type softwareView struct {
	Tabs            []t.Tab
	Software, Hooks t.Table
}

// software lists both. Software itself is linked by the operator.
func (s *Surface) software(c *gin.Context, actor authz.Actor) error {
	if _, err := s.here(c, actor); err != nil {
		return err
	}
	ctx, p := c.Request.Context(), web.PageOf(c)
	found, err := s.Clients.List(ctx, actor, clients.Query{Kind: clients.Software, Organisation: actor.Organisation})
	if err != nil {
		return err
	}
	hooks, err := s.Acting.Webhooks(ctx, actor)
	if err != nil {
		return err
	}
	v := softwareView{Tabs: sections(p, softwarePath),
		Software: t.Table{Caption: p.T("clients.kind.software"), Columns: []t.Column{{Title: p.T("clients.name")}, {Title: p.T("clients.may")}, {Title: p.T("admin.organisations.state")}}},
		Hooks:    t.Table{Caption: p.T("clients.hooks.title"), Columns: []t.Column{{Title: p.T("clients.hooks.url")}, {Title: p.T("clients.hooks.kinds")}, {Title: p.T("clients.since")}}}}
	for _, x := range found {
		if x.Organisation == actor.Organisation && x.Kind == clients.Software { // an operator sees others elsewhere
			v.Software.Rows = append(v.Software.Rows, []t.Cell{{Text: x.Name, Small: x.ClientID}, {Text: p.List(worded(p, "clients.scope.", x.Scopes))}, {Tags: []t.Tag{clientTag(p, x.State)}}})
		}
	}
	for _, h := range hooks {
		v.Hooks.Rows = append(v.Hooks.Rows, []t.Cell{{Text: h.URL, Href: softwarePath + "/" + h.ID.String()}, {Text: p.N("clients.hooks.count", len(h.Kinds))}, {Text: p.LongDate(h.CreatedAt)}})
	}
	return web.Render(c, http.StatusOK, softwarePage(p, v))
}

// kindOptions are the events that software can be told of.
func kindOptions(p t.Page) []t.Option {
	var out []t.Option
	for _, k := range acting.WebhookKinds() {
		out = append(out, t.Option{Value: string(k), Label: p.T(review.EventKey(k))})
	}
	return out
}

func (s *Surface) newHook(c *gin.Context, actor authz.Actor) error {
	if _, err := s.here(c, actor); err != nil {
		return err
	}
	p := web.PageOf(c)
	return web.Render(c, http.StatusOK, hookFormPage(p, form.New(p.Printer), kindOptions(p), nil))
}

// addHook registers an address. Its secret is on the answer, and nowhere else.
func (s *Surface) addHook(c *gin.Context, actor authz.Actor) error {
	if _, err := s.here(c, actor); err != nil {
		return err
	}
	p := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, p.Printer)
	if err != nil {
		return err
	}
	hook, secret, err := s.Acting.RegisterWebhook(c.Request.Context(), actor,
		acting.NewWebhook{Organisation: actor.Organisation, URL: f.Value("url"), Kinds: f.Values("kinds")})
	return settle(c, f, err, func(refused []string) error {
		return web.Render(c, statusOf(refused), hookFormPage(p, f, kindOptions(p), refused))
	}, func() error {
		return web.Render(c, http.StatusCreated, secretPage(p, secretView{Title: p.T("clients.hooks.added"), Secret: secret.Reveal(),
			Path: softwarePath + "/" + hook.ID.String(), Facts: []t.Row{{Key: p.T("clients.hooks.url"), Value: hook.URL}}}))
	})
}

// hookOf finds the address of the page among the organisation's own.
func (s *Surface) hookOf(c *gin.Context, actor authz.Actor) (acting.Webhook, error) {
	id, err := idOf(c)
	if err != nil {
		return acting.Webhook{}, err
	}
	if _, err := s.here(c, actor); err != nil {
		return acting.Webhook{}, err
	}
	hooks, err := s.Acting.Webhooks(c.Request.Context(), actor)
	if err != nil {
		return acting.Webhook{}, err
	}
	i := slices.IndexFunc(hooks, func(h acting.Webhook) bool { return h.ID == id })
	if i < 0 {
		return acting.Webhook{}, problem.NotFound()
	}
	return hooks[i], nil
}

// hook shows one address, what it is told of and what was sent.
func (s *Surface) hook(c *gin.Context, actor authz.Actor) error {
	h, err := s.hookOf(c, actor)
	if err != nil {
		return err
	}
	sent, err := s.Acting.DeliveriesOf(c.Request.Context(), actor, h.ID)
	if err != nil {
		return err
	}
	p := web.PageOf(c)
	var kinds []string
	for _, k := range h.Kinds {
		kinds = append(kinds, p.T(review.EventKey(translog.Kind(k))))
	}
	facts := []t.Row{{Key: p.T("clients.hooks.url"), Value: h.URL}, {Key: p.T("clients.hooks.kinds"), Lines: kinds}, {Key: p.T("clients.since"), Value: p.LongDate(h.CreatedAt)}}
	return web.Render(c, http.StatusOK, hookPage(p, facts, softwarePath+"/"+h.ID.String()+"/end", deliveryTable(p, sent)))
}

// endHook takes an address away. Pressed twice, it is gone.
func (s *Surface) endHook(c *gin.Context, actor authz.Actor) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	if _, err := s.here(c, actor); err != nil {
		return err
	}
	if err := s.Acting.EndWebhook(c.Request.Context(), actor, id); err != nil {
		return err
	}
	web.Flash(c, "flash.hook_ended")
	return web.SeeOther(c, softwarePath)
}

// serviceDeliveries is what was pushed to one service, for an operator.
func (s *Surface) serviceDeliveries(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	sent, err := s.Acting.DeliveriesOf(c.Request.Context(), actor, client.ID)
	if err != nil {
		return err
	}
	p := web.PageOf(c)
	return web.Render(c, http.StatusOK, deliveriesPage(p, t.Link{Href: servicePath(client.ID), Text: client.Name}, deliveryTable(p, sent)))
}

// deliveryTable is a log of deliveries, the newest first.
func deliveryTable(p t.Page, sent []acting.Delivery) t.Table {
	table := t.Table{Caption: p.T("clients.deliveries.title"), Columns: []t.Column{{Title: p.T("clients.deliveries.at")}, {Title: p.T("clients.deliveries.what")},
		{Title: p.T("clients.deliveries.state")}, {Title: p.T("clients.deliveries.attempts"), Numeric: true}}}
	for _, d := range sent {
		tag := t.Tag{Text: p.T("clients.delivery." + d.State), Tone: map[string]t.Tone{"sent": t.Success, "failed": t.Danger}[d.State]}
		small := d.LastError
		if d.State == "queued" && !d.NextAt.IsZero() {
			small = p.T("clients.deliveries.next", "Moment", p.DateTime(d.NextAt))
		}
		table.Rows = append(table.Rows, []t.Cell{{Text: p.DateTime(d.CreatedAt.Truncate(time.Second))}, {Text: p.T("clients.delivery_kind." + d.Kind)},
			{Tags: []t.Tag{tag}, Small: small}, {Text: p.Number(d.Attempts)}})
	}
	return table
}
