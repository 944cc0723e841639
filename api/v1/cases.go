package v1

import (
	"context"
	"time"

	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/software"
)

// ListMandates lists mandates.
func (o *operations) ListMandates(ctx context.Context, r ListMandatesRequestObject) (ListMandatesResponseObject, error) {
	q := of(ctx)
	p := r.Params
	query := software.MandateQuery{Page: software.Page{Cursor: value(p.Cursor), Limit: number(p.Limit)}}
	if p.State != nil {
		query.State = mandates.State(*p.State)
	}
	if p.EndsBefore != nil {
		query.EndsBefore = bounded(*p.EndsBefore)
	}
	lines, next, err := o.Software.MandateLines(q.ctx, q.software(p.RelaisPurpose), query)
	if err != nil {
		return nil, err
	}
	out := ListMandates200JSONResponse{Body: MandatePage{Items: make([]MandateLine, len(lines))}}
	for i, l := range lines {
		out.Body.Items[i] = MandateLine{Id: l.ID, Person: l.Person, State: MandateState(l.State), Version: l.Version, CreatedAt: l.CreatedAt, EndsAt: instant(l.EndsAt)}
	}
	out.Body.Next, out.Headers.Link = q.next(next)
	return out, nil
}

// bounded keeps an instant within what the database can compare.
func bounded(t time.Time) time.Time {
	last := time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	if t.After(last) {
		return last
	}
	return t
}

// GetMandate reads a mandate.
func (o *operations) GetMandate(ctx context.Context, r GetMandateRequestObject) (GetMandateResponseObject, error) {
	q := of(ctx)
	m, err := o.Software.Mandate(q.ctx, q.software(r.Params.RelaisPurpose), r.Mandate)
	if err != nil {
		return nil, err
	}
	return GetMandate200JSONResponse{Body: mandateView(m, o.Store.Now()), Headers: GetMandate200ResponseHeaders{ETag: tag(m.Version)}}, nil
}

// ListCases lists cases.
func (o *operations) ListCases(ctx context.Context, r ListCasesRequestObject) (ListCasesResponseObject, error) {
	q := of(ctx)
	p := r.Params
	lines, next, err := o.Software.CaseLines(q.ctx, q.software(p.RelaisPurpose), software.CaseQuery{Open: p.Open, DueBefore: dayOf(p.DueBefore),
		Page: software.Page{Cursor: value(p.Cursor), Limit: number(p.Limit)}})
	if err != nil {
		return nil, err
	}
	out := ListCases200JSONResponse{Body: CasePage{Items: make([]CaseLine, len(lines))}}
	for i, l := range lines {
		out.Body.Items[i] = CaseLine{Id: l.ID, Person: l.Person, State: CaseState(l.State), Version: l.Version, DueOn: day(l.DueOn),
			OpenedAt: l.OpenedAt, ClosedAt: instant(l.ClosedAt)}
	}
	out.Body.Next, out.Headers.Link = q.next(next)
	return out, nil
}

// OpenCase opens a case.
func (o *operations) OpenCase(ctx context.Context, r OpenCaseRequestObject) (OpenCaseResponseObject, error) {
	q := of(ctx)
	key, _, err := o.begin(q, "openCase", r.Params.IdempotencyKey, r.Body)
	if err != nil {
		return nil, err
	}
	c, err := o.Software.OpenCase(q.ctx, q.software(""), r.Body.Mediator, mandates.OpenCase{Beneficiary: r.Body.Person, Procedure: r.Body.Procedure,
		DueOn: dayOf(r.Body.DueOn), IdempotencyKey: key.String()})
	if err != nil {
		return nil, err
	}
	location := "/api/v1/cases/" + c.ID.String()
	return OpenCase201JSONResponse{Body: caseView(c), Headers: OpenCase201ResponseHeaders{ETag: tag(c.Version), Location: &location}}, nil
}

// GetCase reads a case.
func (o *operations) GetCase(ctx context.Context, r GetCaseRequestObject) (GetCaseResponseObject, error) {
	q := of(ctx)
	c, err := o.Software.Case(q.ctx, q.software(r.Params.RelaisPurpose), r.Case)
	if err != nil {
		return nil, err
	}
	return GetCase200JSONResponse{Body: caseView(c), Headers: GetCase200ResponseHeaders{ETag: tag(c.Version)}}, nil
}

// ListSteps reads the steps of a case.
func (o *operations) ListSteps(ctx context.Context, r ListStepsRequestObject) (ListStepsResponseObject, error) {
	q := of(ctx)
	steps, next, err := o.Software.Steps(q.ctx, q.software(r.Params.RelaisPurpose), r.Case, software.Page{Cursor: value(r.Params.Cursor), Limit: number(r.Params.Limit)})
	if err != nil {
		return nil, err
	}
	out := ListSteps200JSONResponse{Body: StepPage{Items: make([]Step, len(steps))}}
	for i, s := range steps {
		out.Body.Items[i] = stepView(s)
	}
	out.Body.Next, out.Headers.Link = q.next(next)
	return out, nil
}

// RecordStep records a step for the mediator who did it.
func (o *operations) RecordStep(ctx context.Context, r RecordStepRequestObject) (RecordStepResponseObject, error) {
	q := of(ctx)
	b := r.Body
	key, _, err := o.begin(q, "recordStep", r.Params.IdempotencyKey, b)
	if err != nil {
		return nil, err
	}
	s, err := o.Software.RecordStep(q.ctx, q.software(""), b.Mediator, mandates.NewStep{
		Case: r.Case, Action: string(b.Action), Outcome: string(b.Outcome), ReceiptNumber: value(b.ReceiptNumber), Note: value(b.Note),
		Present: b.Present != nil && *b.Present, DueOn: dayOf(b.DueOn), Corrects: idOf(b.Corrects), IdempotencyKey: key.String()})
	if err != nil {
		return nil, err
	}
	return RecordStep201JSONResponse(stepView(s)), nil
}

// ListReminders lists what will need somebody soon.
func (o *operations) ListReminders(ctx context.Context, r ListRemindersRequestObject) (ListRemindersResponseObject, error) {
	q := of(ctx)
	p := r.Params
	days := number(p.Days)
	if days == 0 {
		days = 30
	}
	lines, next, err := o.Software.Reminders(q.ctx, q.software(p.RelaisPurpose), software.ReminderQuery{Days: days,
		Page: software.Page{Cursor: value(p.Cursor), Limit: number(p.Limit)}})
	if err != nil {
		return nil, err
	}
	out := ListReminders200JSONResponse{Body: ReminderPage{Items: make([]Reminder, len(lines))}}
	for i, l := range lines {
		out.Body.Items[i] = Reminder{On: openapi_types.Date{Time: l.On}, Kind: ReminderKind(l.Kind), Person: l.Person, Case: id(l.Case), Mandate: id(l.Mandate), Mediator: id(l.Whom)}
	}
	out.Body.Next, out.Headers.Link = q.next(next)
	return out, nil
}
