package v1

import (
	"context"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
)

// CheckCommit asks just before an irreversible act (OP-06).
func (o *operations) CheckCommit(ctx context.Context, r CheckCommitRequestObject) (CheckCommitResponseObject, error) {
	q := of(ctx)
	answer, err := o.Acting.Check(q.ctx, q.client, q.access, acting.CheckRequest{Key: r.Params.IdempotencyKey, Action: string(r.Body.Action), Procedure: r.Body.Procedure})
	if err != nil {
		return nil, err
	}
	return CheckCommit200JSONResponse{Allowed: answer.Allowed, Reasons: reasonsIn(q.words, answer.Reasons), At: answer.At, Signed: answer.JWS}, nil
}

// ReportStep records a step that was done at the service (OP-07).
func (o *operations) ReportStep(ctx context.Context, r ReportStepRequestObject) (ReportStepResponseObject, error) {
	q := of(ctx)
	s, err := o.Acting.ReportStep(q.ctx, q.client, q.access, acting.Reported{Action: string(r.Body.Action), Outcome: string(r.Body.Outcome),
		ReceiptNumber: value(r.Body.ReceiptNumber), Note: value(r.Body.Note), IdempotencyKey: r.Params.IdempotencyKey})
	if err != nil {
		return nil, err
	}
	return ReportStep201JSONResponse{Id: s.ID, Procedure: s.Procedure, Action: Action(s.Action), Outcome: Outcome(s.Outcome),
		ReceiptNumber: text(s.ReceiptNumber), At: s.At}, nil
}

// resourceProcedure is the one type of resource that is known.
const resourceProcedure = "procedure"

// Evaluate is CheckCommit in the shape of AuthZEN. Whoever is asked about must
// be the mediator of the token: about anybody else there is nothing to say.
func (o *operations) Evaluate(ctx context.Context, r EvaluateRequestObject) (EvaluateResponseObject, error) {
	q := of(ctx)
	b := r.Body
	switch {
	case b.Resource.Type != resourceProcedure:
		return nil, problem.Invalid(problem.At("resource.type", "value_not_valid"))
	case q.subject == "" || b.Subject.Id != q.subject:
		return nil, problem.Invalid(problem.At("subject.id", "not_the_tokens"))
	}
	key := o.Store.Env().NewID().String()
	var named *string
	if r.Params.XRequestID != nil {
		named, key = r.Params.XRequestID, "evaluation:"+*r.Params.XRequestID
	}
	answer, err := o.Acting.Check(q.ctx, q.client, q.access, acting.CheckRequest{Key: key, Action: b.Action.Name, Procedure: b.Resource.Id})
	if err != nil {
		return nil, err
	}
	if named != nil {
		q.answer.Set("X-Request-Id", *named)
	}
	out := Evaluate200JSONResponse{Decision: answer.Allowed}
	reasons := reasonsIn(q.words, answer.Reasons)
	out.Context = &struct {
		Reasons *[]Reason `json:"reasons,omitempty"`
		Signed  *string   `json:"signed,omitempty"`
	}{&reasons, &answer.JWS}
	return out, nil
}
