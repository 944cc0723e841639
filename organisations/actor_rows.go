package organisations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/authz"
)

// standingColumns and standingJoins are what an authority is computed from,
// for memberships m of accounts a; $1 is every pack's current charter. The best
// training is one without end, else the one that ends last. The charter shown is
// a current one if accepted, else the last; whether it is that of this pack is
// for authority to say. No join on the packs: an array's unknown length would
// have the server plan the statement anew every time.
const (
	standingColumns = `a.state, o.state, m.state, o.time_zone, m.confirmed_at, t.course, t.completed_on, t.expires_on,
		o.pack, c.version, c.accepted_at`

	standingJoins = `
		LEFT JOIN LATERAL (SELECT x.course, x.completed_on, x.expires_on FROM trainings x
			WHERE x.account_id = m.account_id AND x.organisation_id = m.organisation_id
			ORDER BY x.expires_on DESC NULLS FIRST, x.completed_on DESC LIMIT 1) t ON true
		LEFT JOIN LATERAL (SELECT y.version, y.accepted_at FROM charter_acceptances y
			WHERE y.account_id = m.account_id AND y.organisation_id = m.organisation_id
			ORDER BY y.version = ANY($1::text[]) DESC, y.accepted_at DESC LIMIT 1) c ON true`
)

// nullStanding takes the columns of a membership that may not be there.
type nullStanding struct {
	standing
	organisation, membership, timeZone, pack *string
}

func (n *nullStanding) into() []any {
	return []any{
		&n.account, &n.organisation, &n.membership, &n.timeZone, &n.confirmedAt, &n.course, &n.trainedOn,
		&n.trainingExpiresOn, &n.pack, &n.charterAccepted, &n.charterAcceptedAt,
	}
}

// value is the standing, with the current charter of the organisation's pack.
func (n *nullStanding) value(current charters) standing {
	s := n.standing
	s.organisation, s.membership = OrganisationState(value(n.organisation)), MembershipState(value(n.membership))
	s.timeZone, s.charterCurrent = value(n.timeZone), current.of[value(n.pack)]
	return s
}

// actorStatement loads everything that some actors are in one round trip; $2 is
// their accounts.
const actorStatement = `
SELECT a.id, a.name, a.language, coalesce(v.version, 0),
	EXISTS (SELECT FROM operators op WHERE op.account_id = a.id AND op.ended_at IS NULL),
	s.organisations, s.territories,
	m.organisation_id, coalesce(m.role, ''), coalesce(o.name, ''), coalesce(o.territory, ''), coalesce(o.pack, ''),
	` + standingColumns + `
FROM accounts a LEFT JOIN standings v ON v.account_id = a.id
CROSS JOIN LATERAL (SELECT array_agg(r.organisation_id) FILTER (WHERE r.organisation_id IS NOT NULL) AS organisations,
	array_agg(r.territory) FILTER (WHERE r.territory IS NOT NULL) AS territories
	FROM remits r WHERE r.account_id = a.id AND r.ended_at IS NULL) s
LEFT JOIN (memberships m JOIN organisations o ON o.id = m.organisation_id) ON m.account_id = a.id AND m.state <> 'ended'
` + standingJoins + `
WHERE a.id = ANY ($2::uuid[])`

// actorRow is one line of actorStatement.
type actorRow struct {
	account        uuid.UUID
	name, language string
	version        int64 // of the account's standing
	operator       bool
	organisations  []uuid.UUID
	territories    []string
	organisation   *uuid.UUID
	membership     authz.Membership
	standing       nullStanding
}

func scanActor(row pgx.CollectableRow) (actorRow, error) {
	var r actorRow
	var account, organisation pgtype.UUID
	m := &r.membership
	into := make([]any, 0, 24)
	into = append(into, &account, &r.name, &r.language, &r.version, &r.operator, &r.organisations, &r.territories,
		&organisation, &m.Role, &m.OrganisationName, &m.Territory, &m.Pack)
	err := row.Scan(append(into, r.standing.into()...)...)
	if r.account = account.Bytes; organisation.Valid {
		id := uuid.UUID(organisation.Bytes)
		r.organisation = &id
	}
	return r, err
}

// actorRows gives an account's rows as they are now: those known, when the
// database says that they are the last, else read together with those of the
// other requests that arrived in the meantime.
func (s *Service) actorRows(ctx context.Context, q ActorQuery) ([]actorRow, error) {
	if rows := s.knownRows(q.Account, q.Standing); rows != nil {
		return rows, nil
	}
	found, err := s.actors.Do(ctx, q.Account)
	if err != nil {
		return nil, fmt.Errorf("load the actor: %w", err)
	}
	s.keepRows(q.Account, found)
	return found, nil
}

const (
	// actorsTogether bounds how many actors one statement reads.
	actorsTogether = 64
	// actorReadsAtOnce bounds how many such statements are under way.
	actorReadsAtOnce = 2
)

func (s *Service) readActors(ctx context.Context, accounts []uuid.UUID) ([][]actorRow, error) {
	ids := make([]pgtype.UUID, len(accounts))
	for i, id := range accounts {
		ids[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	rows, err := s.store.Hot().Query(ctx, actorStatement, s.charters.versions, ids)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scanActor)
	if err != nil {
		return nil, err
	}
	out := make([][]actorRow, len(accounts))
	for i, id := range accounts {
		for _, r := range found {
			if r.account == id {
				out[i] = append(out[i], r)
			}
		}
		slices.SortFunc(out[i], actorRow.before)
	}
	return out, nil
}

// before puts memberships that can act first, for the first is the one to act
// for by default; then by name.
func (r actorRow) before(o actorRow) int {
	if r.canAct() != o.canAct() {
		if r.canAct() {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(r.membership.OrganisationName, o.membership.OrganisationName),
		strings.Compare(value(r.organisation).String(), value(o.organisation).String()), cmp.Compare(r.membership.Role, o.membership.Role))
}

func (r actorRow) canAct() bool {
	return value(r.standing.membership) == string(MembershipActive) && value(r.standing.organisation) == string(OrganisationActive)
}

// memberStatement lists memberships with what their holders still lack; $2 is
// the organisation, $3 a membership or the nil UUID for all that are not ended.
const memberStatement = `
SELECT m.id, a.id, m.organisation_id, a.name, a.email, m.role, m.invited_at, m.suspended_at, coalesce(m.suspended_reason, ''),
	(SELECT i.expires_at FROM invitations i WHERE i.membership_id = m.id AND i.accepted_at IS NULL
		AND NOT EXISTS (SELECT FROM invitations j WHERE j.membership_id = m.id AND j.accepted_at IS NOT NULL)
		ORDER BY i.created_at DESC LIMIT 1),
	(SELECT max(w.seen_at) FROM web_sessions w WHERE w.account_id = a.id),
	` + standingColumns + `
FROM memberships m JOIN accounts a ON a.id = m.account_id JOIN organisations o ON o.id = m.organisation_id
` + standingJoins + `
WHERE m.organisation_id = $2 AND CASE WHEN $3 = '00000000-0000-0000-0000-000000000000'::uuid THEN m.state <> 'ended' ELSE m.id = $3 END
ORDER BY relais_fold(a.name), a.id, m.role LIMIT 1000`

func (s *Service) memberRows(ctx context.Context, organisation, membership uuid.UUID) ([]Member, error) {
	rows, err := s.store.Pool().Query(ctx, memberStatement, s.charters.versions, organisation, membership)
	if err != nil {
		return nil, fmt.Errorf("load members: %w", err)
	}
	now := s.store.Now()
	members, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Member, error) { return s.scanMember(row, now) })
	if err != nil {
		return nil, fmt.Errorf("load members: %w", err)
	}
	return members, nil
}

func (s *Service) scanMember(row pgx.CollectableRow, now time.Time) (Member, error) {
	var m Member
	var n nullStanding
	var suspended, invitation, seen *time.Time
	err := row.Scan(append([]any{
		&m.ID, &m.Account, &m.Organisation, &m.Name, &m.Email, &m.Role, &m.InvitedAt, &suspended, &m.SuspendedReason,
		&invitation, &seen,
	}, n.into()...)...)
	if err != nil {
		return Member{}, err
	}
	facts := n.value(s.charters)
	m.State, m.AccountState = facts.membership, facts.account
	m.SuspendedAt, m.InvitationEnds, m.LastSeen, m.ConfirmedAt = value(suspended), value(invitation), value(seen), value(facts.confirmedAt)
	m.Authority, err = facts.authority(now)
	return m, err
}

func (s *Service) trainingRows(ctx context.Context, account, organisation uuid.UUID) ([]TrainingRow, error) {
	rows, err := s.store.Pool().Query(ctx, `SELECT id, course, evidence, completed_on, expires_on, recorded_by, recorded_at
		FROM trainings WHERE account_id = $1 AND organisation_id = $2 ORDER BY completed_on DESC, id DESC LIMIT 100`, account, organisation)
	if err != nil {
		return nil, fmt.Errorf("load trainings: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (TrainingRow, error) {
		var t TrainingRow
		var expires *time.Time
		err := row.Scan(&t.ID, &t.Course, &t.Evidence, &t.CompletedOn, &expires, &t.RecordedBy, &t.RecordedAt)
		t.ExpiresOn = value(expires)
		return t, err
	})
}
