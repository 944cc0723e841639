package v1

import (
	"context"

	"github.com/relais-org/relais/mandates/acting"
)

// ListWebhooks lists those of the organisation.
func (o *operations) ListWebhooks(ctx context.Context, _ ListWebhooksRequestObject) (ListWebhooksResponseObject, error) {
	q := of(ctx)
	all, err := o.Acting.Webhooks(q.ctx, q.client.SoftwareActor(o.Store.Now()))
	if err != nil {
		return nil, err
	}
	out := ListWebhooks200JSONResponse{Items: make([]Webhook, len(all))}
	for i, w := range all {
		out.Items[i] = webhookView(w)
	}
	return out, nil
}

// RegisterWebhook adds one, whose id comes from the key. Its secret is shown
// once, so a key of one that was made makes no other; where none was made, the
// same key may try again.
func (o *operations) RegisterWebhook(ctx context.Context, r RegisterWebhookRequestObject) (RegisterWebhookResponseObject, error) {
	q := of(ctx)
	id, _, err := o.begin(q, "registerWebhook", r.Params.IdempotencyKey, r.Body)
	if err != nil {
		return nil, err
	}
	w, secret, err := o.Acting.RegisterWebhook(q.ctx, q.client.SoftwareActor(o.Store.Now()),
		acting.NewWebhook{ID: id, Organisation: q.client.Organisation, URL: r.Body.Url, Kinds: r.Body.Kinds})
	if err != nil {
		return nil, err
	}
	return RegisterWebhook201JSONResponse{Webhook: webhookView(w), Secret: secret.Reveal()}, nil
}

// EndWebhook ends one.
func (o *operations) EndWebhook(ctx context.Context, r EndWebhookRequestObject) (EndWebhookResponseObject, error) {
	q := of(ctx)
	if err := o.Acting.EndWebhook(q.ctx, q.client.SoftwareActor(o.Store.Now()), r.Webhook); err != nil {
		return nil, err
	}
	return EndWebhook204Response{}, nil
}

func webhookView(w acting.Webhook) Webhook {
	kinds := w.Kinds
	if kinds == nil {
		kinds = []string{}
	}
	return Webhook{Id: w.ID, Url: w.URL, Kinds: kinds, CreatedAt: w.CreatedAt}
}
