package mandates

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// held is a mandate whose row is locked, with what a command needs of it.
type held struct {
	Mandate
	org  organisations.OrganisationFacts
	pack *packs.Pack
	zone *time.Location
}

// hold locks a mandate, reads it and decides. It is the first thing of every
// command that changes one.
func (s *Service) hold(tx *command.Tx, id uuid.UUID, action authz.Action) (held, error) {
	return s.holdWith(tx, id, action, lockMandate)
}

func (s *Service) holdWith(tx *command.Tx, id uuid.UUID, action authz.Action, lock func(*store.Tx, uuid.UUID) error) (held, error) {
	if err := lock(tx.Tx, id); err != nil {
		return held{}, err
	}
	m, err := loadMandate(tx.DB(), id)
	if err != nil {
		return held{}, err
	}
	grants, err := loadGrants(tx.DB(), id)
	if err != nil {
		return held{}, fmt.Errorf("load grants: %w", err)
	}
	m.Grants = grants[id]
	h := held{Mandate: m}
	if h.org, err = s.orgs.FactsTx(tx.Tx, m.Organisation); err != nil {
		return held{}, fmt.Errorf("load the organisation: %w", err)
	}
	if err := tx.Decide(action, m.object(h.org.Territory), m.about()); err != nil {
		return held{}, err
	}
	if h.pack, err = s.packs.Get(m.Pack); err != nil {
		return held{}, fmt.Errorf("pack of the mandate: %w", err)
	}
	if h.zone, err = time.LoadLocation(h.org.TimeZone); err != nil {
		return held{}, fmt.Errorf("zone of the organisation: %w", err)
	}
	return h, nil
}

// object gives a mandate's facts for a decision. Everything done to a mandate
// by staff is sensitive; the policy says for which acts that matters.
func (m Mandate) object(territory string) authz.Object {
	return authz.Object{Kind: authz.KindMandate, Organisation: m.Organisation, Territory: territory, Beneficiary: m.Beneficiary,
		Account: m.Mediator, Sensitive: true, HeldAbove: m.HeldAbove()}
}

func (m Mandate) about() translog.Event {
	return translog.Event{Organisation: m.Organisation, Beneficiary: m.Beneficiary, Mandate: m.ID}
}

// event is about with a kind and a detail.
func (m Mandate) event(kind translog.Kind, detail any) translog.Event {
	e := m.about()
	e.Kind, e.Detail = kind, detail
	return e
}

// StateAt is the state that counts at an instant: a mandate whose end has
// passed is expired even before the job says so.
func (m Mandate) StateAt(now time.Time) State {
	if m.State.Live() && !now.Before(m.EndsAt) {
		return Expired
	}
	return m.State
}

// move checks a transition and logs its refusal.
func (h held) move(tx *command.Tx, mv Move) (State, error) {
	from := h.State
	if mv != MoveExpire {
		from = h.StateAt(tx.Now())
	}
	to, err := Next(from, mv)
	if err != nil {
		return to, tx.Refuse(problem.As(err), h.about())
	}
	return to, nil
}

// endedBy names the side that ended something, for rows and messages.
func endedBy(a authz.Actor) string { return string(command.PlainRole(a)) }
