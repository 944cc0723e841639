package beneficiaries

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Get reads one person of the actor's side, or problem.NotFound.
func (s *Service) Get(ctx context.Context, actor authz.Actor, id uuid.UUID) (Beneficiary, error) {
	b, err := load(s.commands.Store().Read(ctx), id, false)
	if err != nil {
		return Beneficiary{}, err
	}
	org, err := loadOrganisation(s.commands.Store().Read(ctx), b.Organisation)
	if err != nil {
		return Beneficiary{}, err
	}
	d := s.commands.Decide(actor, authz.BeneficiaryRead, b.object(org.Territory))
	switch {
	case !d.Allowed:
		return Beneficiary{}, d.Err()
	case b.Erased:
		return Beneficiary{}, errNotThere
	case d.Role == authz.Supervisor || d.Role == authz.Operator:
		return b, s.looked(ctx, actor, b, org)
	}
	return b, nil
}

// looked records that somebody from outside the organisation read who a person
// is: the person can list it.
func (s *Service) looked(ctx context.Context, actor authz.Actor, b Beneficiary, org organisationFacts) error {
	return s.commands.Run(ctx, actor, "beneficiary.read", func(tx *command.Tx) error {
		if err := tx.Decide(authz.BeneficiaryRead, b.object(org.Territory), b.about()); err != nil {
			return err
		}
		e := b.about()
		e.Kind = translog.BeneficiaryViewed
		return tx.Append(e)
	})
}

// Facts reads and locks one person for a command of a higher package, which
// decides by itself.
func Facts(tx *command.Tx, id uuid.UUID) (Beneficiary, error) { return load(tx.DB(), id, true) }

type cursor struct {
	name string
	id   uuid.UUID
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.id.String() + c.name))
}

func parseCursor(s string) (cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if s == "" {
		return cursor{}, nil
	}
	if err != nil || len(raw) < 36 || len(raw) > 1000 {
		return cursor{}, problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	}
	id, err := uuid.ParseBytes(raw[:36])
	if err != nil {
		return cursor{}, problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	}
	return cursor{name: string(raw[36:]), id: id}, nil
}

// Search finds people of the actor's organisation: each word in any of their
// names, accents and case ignored; a number typed as text is taken as a phone.
func (s *Service) Search(ctx context.Context, actor authz.Actor, q Query) (Page, error) {
	obj := authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.BeneficiarySearch, obj).Err(); err != nil {
		return Page{}, err
	}
	db := s.commands.Store().Read(ctx)
	org, err := loadOrganisation(db, actor.Organisation)
	if err != nil {
		return Page{}, err
	}
	pack, err := s.packs.Get(org.Pack)
	if err != nil {
		return Page{}, err
	}
	if q.Text = clean(q.Text); len(q.Text) > maxName {
		return Page{}, problem.Invalid(problem.At("text", "too_long"))
	}
	if strings.ContainsAny(q.Text, "0123456789") && q.Phone == "" {
		if number, ok := Phone(pack, q.Text); ok {
			q.Text, q.Phone = "", number
		}
	}
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = 25
	}
	after, err := parseCursor(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	rows, err := search(s.commands.Store().Read(ctx), actor.Organisation, q, after)
	if err != nil {
		return Page{}, err
	}
	page := Page{Rows: rows}
	if len(rows) > q.Limit {
		page.Rows = rows[:q.Limit]
		last := page.Rows[q.Limit-1]
		name, err := fold(s.commands.Store().Read(ctx), last.FamilyName)
		if err != nil {
			return Page{}, err
		}
		page.Next = cursor{name, last.ID}.String()
	}
	return page, nil
}
