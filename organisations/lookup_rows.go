package organisations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// one reads one value, problem.NotFound when there is none.
func one[T any](ctx context.Context, s *store.Store, query string, args ...any) (T, error) {
	var v T
	err := s.Pool().QueryRow(ctx, query, args...).Scan(&v)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, problem.NotFound()
	}
	return v, err
}

func (s *Service) accountOf(ctx context.Context, issuer, subject string) (uuid.UUID, error) {
	return one[uuid.UUID](ctx, s.store, `SELECT id FROM accounts WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

func (s *Service) accountAt(ctx context.Context, email string) (uuid.UUID, error) {
	return one[uuid.UUID](ctx, s.store, `SELECT id FROM accounts WHERE lower(email) = lower($1) AND state <> 'ended'`, email)
}

// organisationOfMembership says where to lock before a membership is changed.
func (s *Service) organisationOfMembership(ctx context.Context, membership uuid.UUID) (uuid.UUID, error) {
	return one[uuid.UUID](ctx, s.store, `SELECT organisation_id FROM memberships WHERE id = $1`, membership)
}

// organisationNames lists where an account works, for "whom to ask".
func (s *Service) organisationNames(ctx context.Context, account uuid.UUID) ([]string, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT DISTINCT o.name FROM memberships m JOIN organisations o ON o.id = m.organisation_id
		WHERE m.account_id = $1 AND m.state <> 'ended' ORDER BY o.name LIMIT 20`, account)
	if err != nil {
		return nil, fmt.Errorf("load organisations of an account: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// referentNames lists who can mend what lacks in an organisation, except one.
func (s *Service) referentNames(ctx context.Context, organisation, except uuid.UUID) ([]string, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT a.name FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.organisation_id = $1 AND m.role = 'referent' AND m.state = 'active' AND a.state = 'bound' AND a.id <> $2
		ORDER BY relais_fold(a.name), a.id LIMIT 20`, organisation, except)
	if err != nil {
		return nil, fmt.Errorf("load referents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// suspendedAbove names who of supervision suspended an account here, in any
// role: a name is empty when nobody's is known. None: nobody did.
func (s *Service) suspendedAbove(ctx context.Context, organisation, account uuid.UUID) ([]string, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT DISTINCT coalesce(a.name, '') FROM memberships m LEFT JOIN accounts a ON a.id = m.suspended_by
		WHERE m.organisation_id = $1 AND m.account_id = $2 AND m.state = 'suspended' AND m.suspended_role IN ('supervisor', 'operator')`, organisation, account)
	if err != nil {
		return nil, fmt.Errorf("load who suspended: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (s *Service) colleagueRows(ctx context.Context, organisation uuid.UUID) ([]Colleague, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT a.id, a.name, array_agg(m.role ORDER BY m.role)
		FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.organisation_id = $1 AND m.state = 'active' AND a.state = 'bound'
		GROUP BY a.id, a.name ORDER BY relais_fold(a.name), a.id LIMIT 1000`, organisation)
	if err != nil {
		return nil, fmt.Errorf("load colleagues: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Colleague, error) {
		var c Colleague
		var roles []string
		err := row.Scan(&c.Account, &c.Name, &roles)
		for _, r := range roles {
			c.Roles = append(c.Roles, authz.Role(r))
		}
		return c, err
	})
}

func (s *Service) accountNames(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT id, name FROM accounts WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("load names: %w", err)
	}
	names := make(map[uuid.UUID]string, len(ids))
	var id uuid.UUID
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { names[id] = name; return nil })
	return names, err
}

// supervisorRows lists the remits that hold, each with its holder.
func (s *Service) supervisorRows(ctx context.Context) ([]Supervisor, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT a.id, a.name, a.email, a.state, r.id, r.organisation_id, coalesce(o.name, ''),
		coalesce(r.territory, ''), r.granted_at
		FROM remits r JOIN accounts a ON a.id = r.account_id LEFT JOIN organisations o ON o.id = r.organisation_id
		WHERE r.ended_at IS NULL ORDER BY relais_fold(a.name), a.id, o.name, r.territory, r.id LIMIT 2000`)
	if err != nil {
		return nil, fmt.Errorf("load supervisors: %w", err)
	}
	defer rows.Close()
	var all []Supervisor
	for rows.Next() {
		var sv Supervisor
		var r RemitRow
		var organisation *uuid.UUID
		if err := rows.Scan(&sv.Account, &sv.Name, &sv.Email, &sv.State, &r.ID, &organisation, &r.OrganisationName, &r.Territory, &r.GrantedAt); err != nil {
			return nil, fmt.Errorf("read a supervisor: %w", err)
		}
		r.Organisation = value(organisation)
		if n := len(all); n == 0 || all[n-1].Account != sv.Account {
			all = append(all, sv)
		}
		all[len(all)-1].Remits = append(all[len(all)-1].Remits, r)
	}
	return all, rows.Err()
}

// whoSuspended fills in who placed the suspensions among these members. It asks
// only when there are any.
func (s *Service) whoSuspended(ctx context.Context, organisation uuid.UUID, members []Member) error {
	if !slices.ContainsFunc(members, func(m Member) bool { return m.State == MembershipSuspended }) {
		return nil
	}
	rows, err := s.store.Pool().Query(ctx, `SELECT m.id, m.suspended_role IN ('supervisor', 'operator'), coalesce(a.name, '')
		FROM memberships m LEFT JOIN accounts a ON a.id = m.suspended_by WHERE m.organisation_id = $1 AND m.state = 'suspended'`, organisation)
	if err != nil {
		return fmt.Errorf("read who suspended: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		var above bool
		var name string
		if err := rows.Scan(&id, &above, &name); err != nil {
			return fmt.Errorf("read who suspended: %w", err)
		}
		for i := range members {
			if members[i].ID == id {
				members[i].HeldAbove, members[i].SuspendedBy = above, name
			}
		}
	}
	return rows.Err()
}

// organisationPage reads one page, by folded name and id, within what the
// actor may see: everything, or the remit and the organisations named.
func (s *Service) organisationPage(ctx context.Context, actor authz.Actor, text string, after pageKey, limit int) ([]organisationRow, error) {
	own := append([]uuid.UUID{}, actor.Remit.Organisations...)
	for _, m := range actor.Memberships {
		own = append(own, m.Organisation)
	}
	rows, err := s.store.Pool().Query(ctx, `SELECT `+organisationColumns+` FROM organisations
		WHERE ($1 OR id = ANY($2) OR (territory <> '' AND territory = ANY($3)))
		AND ($4 = '' OR relais_fold(name || ' ' || city) LIKE '%' || relais_fold($4) || '%')
		AND (relais_fold(name), id) > ($5, $6::uuid)
		ORDER BY relais_fold(name), id LIMIT $7`,
		actor.Operator, own, append([]string{}, actor.Remit.Territories...), text, after.Name, after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("search organisations: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (organisationRow, error) {
		var r organisationRow
		err := row.Scan(&r.ID, &r.Name, &r.Kind, &r.Pack, &r.TimeZone, &r.Territory, &r.Address, &r.City, &r.Phone, &r.Email,
			&r.State, &r.SuspendedReason, &r.Themes, &r.CreatedAt)
		return r, err
	})
}

// foldedName is how the database compares a name, for the cursor.
func (s *Service) foldedName(ctx context.Context, name string) (string, error) {
	return one[string](ctx, s.store, `SELECT relais_fold($1)`, name)
}

// charterAccepted reports whether it is on record.
func (s *Service) charterAccepted(ctx context.Context, account, organisation uuid.UUID, version string) (bool, error) {
	return one[bool](ctx, s.store, `SELECT EXISTS (SELECT FROM charter_acceptances
		WHERE account_id = $1 AND organisation_id = $2 AND version = $3)`, account, organisation, version)
}

func (s *Service) liveOperator(ctx context.Context, email string) (uuid.UUID, error) {
	return one[uuid.UUID](ctx, s.store, `SELECT a.id FROM accounts a JOIN operators o ON o.account_id = a.id AND o.ended_at IS NULL
		WHERE lower(a.email) = lower($1) AND a.state = 'bound'`, email)
}

func (s *Service) organisationByID(ctx context.Context, id uuid.UUID) (organisationRow, error) {
	var row organisationRow
	err := store.First(s.store.Read(ctx).Raw(`SELECT `+organisationColumns+` FROM organisations WHERE id = ?`, id), &row)
	return row, err
}

func (s *Service) account(ctx context.Context, id uuid.UUID) (Account, error) {
	var row accountRow
	err := store.First(s.store.Read(ctx).Raw(`SELECT `+accountColumns+` FROM accounts WHERE id = ?`, id), &row)
	return row.account(), err
}
