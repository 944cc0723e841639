package acting

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations/clients"
)

// ReportStep logs a step that was done at the service, in the case of the
// person's procedure, which it opens if none is open (OP-07). What the token
// lends is decided first; everything that can end is decided again on rows that
// are held, the mandate first, then the delegation. The step names the mediator
// who did it and the service that says so. The same key by the same service
// gives the same step.
func (s *Service) ReportStep(ctx context.Context, client clients.Client, accessID string, r Reported) (mandates.Step, error) {
	d, err := s.access(ctx, accessID)
	if err != nil {
		return mandates.Step{}, err
	}
	switch {
	case d.tokenHolder() != client.ID:
		return mandates.Step{}, errToken
	case !knownAction(r.Action):
		return mandates.Step{}, problem.Invalid(problem.At("action", "not_offered"))
	}
	actor, ask := client.SoftwareActor(s.commands.Store().Now()), asked{action: r.Action, sensitive: true}
	about := d.object(authz.KindStep, client, ask, actor.Now)
	if err := s.commands.Decide(actor, authz.StepReport, about).Err(); err != nil {
		e := d.about()
		e.Action = r.Action
		return mandates.Step{}, s.refuse(ctx, attemptOf(client, authz.StepReport, reportCommand), err, d, e)
	}
	return s.mandates.ReportStep(ctx, actor, mandates.Reported{
		NewStep: mandates.NewStep{Action: r.Action, Outcome: r.Outcome, ReceiptNumber: r.ReceiptNumber, Note: r.Note, Present: r.Present,
			IdempotencyKey: reportKey(client, r.IdempotencyKey)},
		Mediator: d.Account, MediatorName: d.facts.mediator, About: about,
		Of: &mandates.CaseOf{Organisation: d.Organisation, Beneficiary: d.Beneficiary, Mandate: d.Mandate, Procedure: d.Procedure},
		Fresh: func(tx *command.Tx) (authz.Object, error) {
			fresh, err := s.holdInTx(tx.Tx, d)
			return fresh.object(authz.KindStep, client, ask, tx.Now()), err
		},
	})
}

// reportKey keeps keys of services apart from each other's and from those of
// pages.
func reportKey(client clients.Client, key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(client.ID.String() + "\x00" + key))
	return "client:" + base64.RawURLEncoding.EncodeToString(sum[:])
}
