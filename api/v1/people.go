package v1

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates/software"
)

// ListPeople lists or finds people.
func (o *operations) ListPeople(ctx context.Context, r ListPeopleRequestObject) (ListPeopleResponseObject, error) {
	q := of(ctx)
	p := r.Params
	lines, next, err := o.Software.People(q.ctx, q.software(p.RelaisPurpose), software.PeopleQuery{
		Name: value(p.Name), BirthDate: dayOf(p.BirthDate), Phone: value(p.Phone), Page: software.Page{Cursor: value(p.Cursor), Limit: number(p.Limit)}})
	if err != nil {
		return nil, err
	}
	out := ListPeople200JSONResponse{Body: PersonPage{Items: make([]PersonLine, len(lines))}}
	for i, l := range lines {
		out.Body.Items[i] = PersonLine{Id: l.ID, CreatedAt: l.CreatedAt}
	}
	out.Body.Next, out.Headers.Link = q.next(next)
	return out, nil
}

// CreatePerson adds a person.
func (o *operations) CreatePerson(ctx context.Context, r CreatePersonRequestObject) (CreatePersonResponseObject, error) {
	q := of(ctx)
	id, _, err := o.begin(q, "createPerson", r.Params.IdempotencyKey, r.Body)
	if err != nil {
		return nil, err
	}
	b, in := r.Body, r.Body.Identity
	person, err := o.Software.CreatePerson(q.ctx, q.software(""), b.Mediator, beneficiaries.New{
		ID: id, DuplicateConfirmed: b.DuplicateConfirmed != nil && *b.DuplicateConfirmed,
		Identity: beneficiaries.Identity{GivenNames: in.GivenNames, FamilyName: in.FamilyName, UsageName: value(in.UsageName), BirthDate: in.BirthDate.Time,
			BirthPlace: value(in.BirthPlace), IdentityCheck: in.IdentityCheck, Protection: value(in.Protection),
			Codes: beneficiaries.Codes{Gender: value(in.Gender), BirthPlace: value(in.BirthPlaceCode), Country: value(in.BirthCountry)}},
		Contact: beneficiaries.Contact{Phone: value(b.Contact.Phone), Email: value(b.Contact.Email), Address: value(b.Contact.Address),
			Channel: string(b.Contact.Channel), Language: b.Contact.Language},
	})
	if err != nil {
		return nil, err
	}
	view := personView(person)
	etag, err := tagOf(view)
	location := "/api/v1/people/" + person.ID.String()
	return CreatePerson201JSONResponse{Body: view, Headers: CreatePerson201ResponseHeaders{ETag: &etag, Location: &location}}, err
}

// begin keeps what the key asks for.
func (o *operations) begin(q asked, operation, key string, body any) (uuid.UUID, bool, error) {
	content, err := q.asking(operation, body)
	if err != nil {
		return uuid.Nil, false, err
	}
	return o.Software.Begin(q.ctx, q.software(""), software.Request{Key: key, Content: content})
}

// GetPerson reads a person.
func (o *operations) GetPerson(ctx context.Context, r GetPersonRequestObject) (GetPersonResponseObject, error) {
	q := of(ctx)
	person, err := o.Software.Person(q.ctx, q.software(r.Params.RelaisPurpose), r.Person)
	if err != nil {
		return nil, err
	}
	view := personView(person)
	etag, err := tagOf(view)
	return GetPerson200JSONResponse{Body: view, Headers: GetPerson200ResponseHeaders{ETag: &etag}}, err
}

// ChangePerson corrects who a person is, if they are still as they were read.
func (o *operations) ChangePerson(ctx context.Context, r ChangePersonRequestObject) (ChangePersonResponseObject, error) {
	q := of(ctx)
	if r.Params.IfMatch == nil {
		return nil, errNeedsVersion
	}
	person, err := o.Software.CorrectPerson(q.ctx, q.software(""), r.Body.Mediator, r.Person, func(b beneficiaries.Beneficiary) (beneficiaries.Identity, error) {
		now, err := tagOf(personView(b))
		if err == nil && *r.Params.IfMatch != now {
			err = errOtherVersion
		}
		return merged(b.Identity(), *r.Body), err
	})
	if err != nil {
		return nil, err
	}
	view := personView(person)
	etag, err := tagOf(view)
	return ChangePerson200JSONResponse{Body: view, Headers: ChangePerson200ResponseHeaders{ETag: &etag}}, err
}

// merged replaces the members given (RFC 7396).
func merged(in beneficiaries.Identity, by PersonChange) beneficiaries.Identity {
	for _, m := range []struct {
		into *string
		from *string
	}{
		{&in.GivenNames, by.GivenNames}, {&in.FamilyName, by.FamilyName}, {&in.UsageName, by.UsageName}, {&in.BirthPlace, by.BirthPlace},
		{&in.Codes.Gender, by.Gender}, {&in.Codes.BirthPlace, by.BirthPlaceCode}, {&in.Codes.Country, by.BirthCountry},
		{&in.IdentityCheck, by.IdentityCheck}, {&in.Protection, by.Protection},
	} {
		if m.from != nil {
			*m.into = *m.from
		}
	}
	if by.BirthDate != nil {
		in.BirthDate = by.BirthDate.Time
	}
	return in
}

// ListMandatesOfPerson reads a person's mandates.
func (o *operations) ListMandatesOfPerson(ctx context.Context, r ListMandatesOfPersonRequestObject) (ListMandatesOfPersonResponseObject, error) {
	q := of(ctx)
	all, err := o.Software.MandatesOf(q.ctx, q.software(r.Params.RelaisPurpose), r.Person)
	if err != nil {
		return nil, err
	}
	out := ListMandatesOfPerson200JSONResponse{Items: make([]Mandate, len(all))}
	for i, m := range all {
		out.Items[i] = mandateView(m, o.Store.Now())
	}
	return out, nil
}

// ListMediators lists for whom may be written.
func (o *operations) ListMediators(ctx context.Context, _ ListMediatorsRequestObject) (ListMediatorsResponseObject, error) {
	q := of(ctx)
	all, err := o.Software.Mediators(q.ctx, q.software(""))
	if err != nil {
		return nil, err
	}
	out := ListMediators200JSONResponse{Items: make([]Mediator, len(all))}
	for i, m := range all {
		codes := make([]string, len(m.Lacks))
		for j, l := range m.Lacks {
			codes[j] = string(l)
		}
		out.Items[i] = Mediator{Id: m.ID, Name: m.Name, MayAct: len(m.Lacks) == 0, Lacks: reasonsIn(q.words, codes)}
	}
	return out, nil
}
