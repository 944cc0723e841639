package organisations

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

func organisationObject(org organisationRow) authz.Object {
	return authz.Object{Kind: authz.KindOrganisation, Organisation: org.ID, Territory: org.Territory}
}

// Create adds an organisation. It belongs to one country pack for ever.
func (s *Service) Create(ctx context.Context, actor authz.Actor, in NewOrganisation) (Organisation, error) {
	in, err := in.check(s.packs)
	if err != nil {
		return Organisation{}, err
	}
	var row organisationRow
	err = s.commands.Run(ctx, actor, "create_organisation", func(tx *command.Tx) error {
		if err := tx.Decide(authz.OrganisationCreate, authz.Object{Kind: authz.KindOrganisation}, translog.Event{}); err != nil {
			return err
		}
		row = in.row()
		row.ID, row.State, row.CreatedAt = tx.NewID(), OrganisationActive, tx.Now()
		if err := insertOrganisation(tx.Tx, row); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.OrganisationCreated, Organisation: row.ID,
			Detail: OrganisationDetail{Pack: row.Pack, TimeZone: row.TimeZone}})
	})
	if err != nil {
		return Organisation{}, err
	}
	return row.organisation(), nil
}

func (n NewOrganisation) row() organisationRow {
	return organisationRow{
		Name: n.Name, Kind: n.Kind, Pack: n.Pack, TimeZone: n.TimeZone, Territory: n.Territory,
		Address: n.Address, City: n.City, Phone: n.Phone, Email: n.Email, Themes: n.AllowedThemes,
	}
}

// Change gives an organisation new facts, all of them. Its pack stays: the
// people it helps hold mandates under that pack. Nothing changed is no event.
func (s *Service) Change(ctx context.Context, actor authz.Actor, id uuid.UUID, in Changes) error {
	return s.changeOrganisation(ctx, actor, id, authz.OrganisationChange, func(now organisationRow) (organisationRow, error) {
		if in.Pack == "" {
			in.Pack = now.Pack
		}
		checked, err := NewOrganisation(in).check(s.packs)
		if err == nil && checked.Pack != now.Pack {
			err = problem.Invalid(problem.At("pack", "pack_fixed"))
		}
		to := checked.row()
		to.ID, to.State, to.CreatedAt = now.ID, now.State, now.CreatedAt
		return to, err
	})
}

// Restrict is the referent's own choice of the pack's themes that mandates may
// have here; none means all. Mandates already signed keep their scope.
func (s *Service) Restrict(ctx context.Context, actor authz.Actor, id uuid.UUID, themes []string) error {
	return s.changeOrganisation(ctx, actor, id, authz.OrganisationRestrict, func(now organisationRow) (organisationRow, error) {
		pack, err := s.packs.Get(now.Pack)
		if err != nil {
			return now, err
		}
		c := checker{}
		now.Themes = c.themes(pack, themes)
		return now, c.err()
	})
}

// changeOrganisation runs one change of facts under the row's lock.
func (s *Service) changeOrganisation(ctx context.Context, actor authz.Actor, id uuid.UUID, action authz.Action,
	change func(now organisationRow) (organisationRow, error),
) error {
	return s.commands.Run(ctx, actor, string(action)+"_organisation", func(tx *command.Tx) error {
		now, err := lockOrganisation(tx.Tx, id)
		if err != nil {
			return err
		}
		if err := tx.Decide(action, organisationObject(now), about(id)); err != nil {
			return err
		}
		if action == authz.OrganisationRestrict {
			if err := s.stillReferent(tx, id); err != nil {
				return err
			}
		}
		to, err := change(now)
		if err != nil {
			return err
		}
		changed := differences(now, to)
		if len(changed) == 0 {
			tx.Repeated() // a form sent back as it was changes nothing
			return nil
		}
		if err := updateOrganisation(tx.Tx, to); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.OrganisationChanged, Organisation: id, Detail: OrganisationDetail{Changed: changed}})
	})
}

// differences names the columns that differ.
func differences(a, b organisationRow) []string {
	var changed []string
	for _, f := range []struct{ name, from, to string }{
		{"name", a.Name, b.Name}, {"kind", a.Kind, b.Kind}, {"time_zone", a.TimeZone, b.TimeZone},
		{"territory", a.Territory, b.Territory}, {"address", a.Address, b.Address}, {"city", a.City, b.City},
		{"phone", a.Phone, b.Phone}, {"email", a.Email, b.Email},
	} {
		if f.from != f.to {
			changed = append(changed, f.name)
		}
	}
	if !slices.Equal(a.Themes, b.Themes) {
		changed = append(changed, "allowed_themes")
	}
	return changed
}

// SuspendOrganisation stops everybody from acting for it, from their very next
// request on (AU-11). Reading, and stopping a mandate, stay possible.
func (s *Service) SuspendOrganisation(ctx context.Context, actor authz.Actor, id uuid.UUID, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.moveOrganisation(ctx, actor, id, organisationMove{
		event: eventSuspend, action: authz.OrganisationSuspend, kind: translog.OrganisationSuspended, reason: why})
}

// ResumeOrganisation lifts the suspension: everything is as it was before.
func (s *Service) ResumeOrganisation(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.moveOrganisation(ctx, actor, id, organisationMove{
		event: eventResume, action: authz.OrganisationResume, kind: translog.OrganisationResumed})
}

type organisationMove struct {
	event  string
	action authz.Action
	kind   translog.Kind
	reason string
}

func (s *Service) moveOrganisation(ctx context.Context, actor authz.Actor, id uuid.UUID, mv organisationMove) error {
	return s.commands.Run(ctx, actor, mv.event+"_organisation", func(tx *command.Tx) error {
		org, err := lockOrganisation(tx.Tx, id)
		if err != nil {
			return err
		}
		obj := organisationObject(org)
		obj.Sensitive = true
		if err := tx.Decide(mv.action, obj, about(id)); err != nil {
			return err
		}
		to, refused := next(organisationLife, org.State, mv.event)
		if refused != nil {
			return tx.Refuse(refused, about(id))
		}
		if err := moveOrganisation(tx.Tx, id, org.State, to, mv.reason); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: mv.kind, Organisation: id})
	})
}
