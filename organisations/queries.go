package organisations

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// Members lists who works in an organisation, by name, with what each still
// lacks; at most 1,000. A supervisor's or operator's look is an event.
func (s *Service) Members(ctx context.Context, actor authz.Actor, organisation uuid.UUID) ([]Member, error) {
	org, err := s.Facts(ctx, organisation)
	if err != nil {
		return nil, err
	}
	obj := authz.Object{Kind: authz.KindMembership, Organisation: org.ID, Territory: org.Territory}
	if err := s.look(ctx, actor, obj, uuid.Nil); err != nil {
		return nil, err
	}
	rows, err := s.memberRows(ctx, organisation, uuid.Nil)
	if err != nil {
		return nil, err
	}
	return rows, s.whoSuspended(ctx, organisation, rows)
}

// Member gives one membership, ended ones too, with its trainings.
func (s *Service) Member(ctx context.Context, actor authz.Actor, id uuid.UUID) (Member, error) {
	orgID, err := s.organisationOfMembership(ctx, id)
	if err != nil {
		return Member{}, err
	}
	org, err := s.Facts(ctx, orgID)
	if err != nil {
		return Member{}, err
	}
	m, err := s.oneMember(ctx, orgID, id)
	if err != nil {
		return Member{}, err
	}
	obj := authz.Object{Kind: authz.KindMembership, Organisation: org.ID, Territory: org.Territory, Account: m.Account}
	if err := s.look(ctx, actor, obj, id); err != nil {
		return Member{}, err
	}
	return m, nil
}

// oneMember loads one, without asking.
func (s *Service) oneMember(ctx context.Context, organisation, id uuid.UUID) (Member, error) {
	rows, err := s.memberRows(ctx, organisation, id)
	if err != nil {
		return Member{}, err
	}
	if len(rows) == 0 {
		return Member{}, problem.NotFound()
	}
	if err := s.whoSuspended(ctx, organisation, rows); err != nil {
		return Member{}, err
	}
	m := rows[0]
	m.Trainings, err = s.trainingRows(ctx, m.Account, m.Organisation)
	return m, err
}

// look decides a read of who works somewhere; from outside the organisation it
// is an event before anything is shown.
func (s *Service) look(ctx context.Context, actor authz.Actor, obj authz.Object, membership uuid.UUID) error {
	if worksIn(actor, obj.Organisation) {
		return s.commands.Decide(actor, authz.MembershipRead, obj).Err()
	}
	return s.commands.Run(ctx, actor, "read_members", func(tx *command.Tx) error {
		if err := tx.Decide(authz.MembershipRead, obj, about(obj.Organisation)); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.LogViewed, Organisation: obj.Organisation, Detail: LookDetail{Membership: membership}})
	})
}

// Colleagues lists who is active in the organisation acted for: names and roles.
func (s *Service) Colleagues(ctx context.Context, actor authz.Actor) ([]Colleague, error) {
	if actor.Organisation == uuid.Nil {
		return nil, errNoOrganisation
	}
	obj := authz.Object{Kind: authz.KindMembership, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.MembershipRead, obj).Err(); err != nil {
		return nil, err
	}
	return s.colleagueRows(ctx, actor.Organisation)
}

// Mediators are the Colleagues who may act as mediators at this instant.
func (s *Service) Mediators(ctx context.Context, actor authz.Actor) ([]Colleague, error) {
	list, err := s.Colleagues(ctx, actor)
	if err != nil {
		return nil, err
	}
	able := list[:0]
	for some := range slices.Chunk(list, actorsTogether) {
		accounts := make([]uuid.UUID, len(some))
		for i, c := range some {
			accounts[i] = c.Account
		}
		of, err := s.readActors(ctx, accounts)
		if err != nil {
			return nil, fmt.Errorf("load what colleagues may do: %w", err)
		}
		for i, c := range some {
			may, err := s.mediatesIn(actor.Organisation, of[i])
			if err != nil {
				return nil, err
			}
			if may {
				able = append(able, c)
			}
		}
	}
	return able, nil
}

// mediatesIn says whether somebody may act now as a mediator of an organisation.
func (s *Service) mediatesIn(organisation uuid.UUID, rows []actorRow) (bool, error) {
	for _, r := range rows {
		if value(r.organisation) != organisation || r.membership.Role != authz.Mediator {
			continue
		}
		a, err := r.standing.value(s.charters).authority(s.store.Now())
		if err != nil || len(a.Missing) == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// Supervisors lists the remits that hold, for operators.
func (s *Service) Supervisors(ctx context.Context, actor authz.Actor) ([]Supervisor, error) {
	if err := s.commands.Decide(actor, authz.PageSee, authz.Object{Kind: authz.KindPage}).Err(); err != nil {
		return nil, err
	}
	if !actor.Operator {
		return nil, refusedRole()
	}
	return s.supervisorRows(ctx)
}

// Organisation gives one that the actor may read.
func (s *Service) Organisation(ctx context.Context, actor authz.Actor, id uuid.UUID) (Organisation, error) {
	row, err := s.organisationByID(ctx, id)
	if err != nil {
		return Organisation{}, err
	}
	if err := s.commands.Decide(actor, authz.OrganisationRead, organisationObject(row)).Err(); err != nil {
		return Organisation{}, err
	}
	return row.organisation(), nil
}

const (
	defaultLimit = 50
	maxLimit     = 100
)

// pageKey is where a page ended.
type pageKey struct {
	Name string // folded
	ID   uuid.UUID
}

// Organisations lists those the actor may read, by name: an operator all, a
// supervisor their remit, others their own.
func (s *Service) Organisations(ctx context.Context, actor authz.Actor, q Query) (Page, error) {
	if err := s.commands.Decide(actor, authz.PageSee, authz.Object{Kind: authz.KindPage}).Err(); err != nil {
		return Page{}, err
	}
	c := checker{}
	text := c.line("text", q.Text, 0, maxShort)
	if err := c.err(); err != nil {
		return Page{}, err
	}
	after, ok := readCursor(q.Cursor)
	if !ok {
		return Page{}, problem.NotFound()
	}
	limit := min(q.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	rows, err := s.organisationPage(ctx, actor, store.EscapeLike(text), after, limit+1)
	if err != nil {
		return Page{}, err
	}
	page := Page{}
	for i, r := range rows {
		if i == limit {
			last := rows[limit-1]
			folded, err := s.foldedName(ctx, last.Name)
			if err != nil {
				return Page{}, err
			}
			page.Next = pageKey{folded, last.ID}.cursor()
			break
		}
		page.Rows = append(page.Rows, r.organisation())
	}
	return page, nil
}

func (k pageKey) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(k.ID.String() + k.Name))
}

const uuidLength = 36

func readCursor(s string) (pageKey, bool) {
	if s == "" {
		return pageKey{}, true
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < uuidLength || len(b) > uuidLength+4*maxName || strings.ContainsRune(string(b), 0) {
		return pageKey{}, false
	}
	id, err := uuid.Parse(string(b[:uuidLength]))
	name := strings.ToValidUTF8(string(b[uuidLength:]), "")
	return pageKey{Name: name, ID: id}, err == nil
}

// Facts gives other packages what they need of an organisation. It asks nobody
// for leave: not for pages.
func (s *Service) Facts(ctx context.Context, id uuid.UUID) (OrganisationFacts, error) {
	row, err := s.organisationByID(ctx, id)
	return row.facts(), err
}

// FactsTx is Facts inside a command.
func (s *Service) FactsTx(tx *store.Tx, id uuid.UUID) (OrganisationFacts, error) {
	row, err := loadOrganisation(tx, id)
	return row.facts(), err
}

func (r organisationRow) facts() OrganisationFacts {
	return OrganisationFacts{
		ID: r.ID, Name: r.Name, Address: r.Address, City: r.City, Phone: r.Phone, Pack: r.Pack,
		TimeZone: r.TimeZone, Territory: r.Territory, State: r.State, AllowedThemes: r.Themes,
	}
}

// AccountName gives the names of accounts, for lines written by staff; ids of
// nobody are left out.
func (s *Service) AccountName(ctx context.Context, ids ...uuid.UUID) (map[uuid.UUID]string, error) {
	if len(ids) == 0 {
		return map[uuid.UUID]string{}, nil
	}
	return s.accountNames(ctx, ids)
}

// Referents are who answers for an organisation now, for messages to them. It
// asks nobody for leave: not for pages.
func (s *Service) Referents(tx *store.Tx, organisation uuid.UUID) ([]Account, error) {
	return activeReferents(tx, organisation)
}
