package organisations_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/organisations"
)

// asOwner runs statements as the tables' owner, one transaction each.
func (h *house) asOwner() func(statement string, args ...any) {
	owner, err := pgx.Connect(h.t.Context(), storetest.OwnerURL(h.t, h.store))
	must(h.t, err)
	h.t.Cleanup(func() { _ = owner.Close(context.Background()) })
	_, err = owner.Exec(h.t.Context(), `SELECT set_config('relais.acting', 'system:test', false)`)
	must(h.t, err)
	return func(statement string, args ...any) {
		h.t.Helper()
		_, err := owner.Exec(h.t.Context(), statement, args...)
		must(h.t, err)
	}
}

// AU-10: what is remembered about an account is used only while the database
// says that nothing of it changed; every table an authority is made of says so.
func TestWhatIsKnownOfAnActorIsNeverOld(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Inès Martin")
	other := h.newOrganisation("Autre maison", "Vannes")
	standing := func() (v int64) {
		must(t, h.store.Pool().QueryRow(t.Context(), `SELECT version FROM standings WHERE account_id = $1`, m.Account).Scan(&v))
		return v
	}
	ask := func(version int64) authz.Actor {
		a, err := h.Actor(t.Context(), organisations.ActorQuery{Account: m.Account, Organisation: h.org, Standing: version})
		must(t, err)
		return a
	}
	exec := h.asOwner()
	last := standing()
	for name, change := range map[string]string{
		"account":      `UPDATE accounts SET name = 'Inès Le Gall' WHERE id = $1`,
		"organisation": `UPDATE organisations SET territory = '56' WHERE id IN (SELECT organisation_id FROM memberships WHERE account_id = $1)`,
		"membership":   `UPDATE memberships SET state = 'suspended', suspended_at = now() WHERE account_id = $1`,
		"training":     `UPDATE trainings SET expires_on = completed_on WHERE account_id = $1`,
		"charter":      `DELETE FROM charter_acceptances WHERE account_id = $1`,
		"remit":        `INSERT INTO remits (id, account_id, territory, granted_by, granted_at) VALUES (gen_random_uuid(), $1, '35', '` + h.operator.String() + `', now())`,
		"operator":     `INSERT INTO operators (account_id, granted_by, granted_at) VALUES ($1, '` + h.operator.String() + `', now())`,
		"another membership": `INSERT INTO memberships (id, account_id, organisation_id, role, state, invited_at, confirmed_at)
			VALUES (gen_random_uuid(), $1, '` + other.String() + `', 'mediator', 'active', now(), now())`,
	} {
		before := ask(last)
		exec(change, m.Account)
		now := standing()
		if now == last {
			t.Errorf("%s: the standing did not move", name)
		}
		seen, fresh := ask(now), ask(0)
		if !reflect.DeepEqual(seen, fresh) {
			t.Errorf("%s: seen %+v, is %+v", name, seen, fresh)
		}
		if reflect.DeepEqual(seen, before) {
			t.Errorf("%s: the change was not seen", name)
		}
		last = now
	}
}

// An account that nothing happened to is not read again: the row is changed here behind the triggers' back.
func TestWhatIsKnownOfAnActorIsUsed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Inès Martin")
	var version int64
	must(t, h.store.Pool().QueryRow(t.Context(), `SELECT version FROM standings WHERE account_id = $1`, m.Account).Scan(&version))
	q := organisations.ActorQuery{Account: m.Account, Organisation: h.org, Standing: version}
	first, err := h.Actor(t.Context(), q)
	must(t, err)
	exec := h.asOwner()
	exec(`ALTER TABLE accounts DISABLE TRIGGER accounts_standing`)
	exec(`UPDATE accounts SET name = 'Somebody Else' WHERE id = $1`, m.Account)
	if second, err := h.Actor(t.Context(), q); err != nil || second.Name != first.Name {
		t.Errorf("read again: %q, %v", second.Name, err)
	}
	q.Standing = version + 1
	if third, err := h.Actor(t.Context(), q); err != nil || third.Name != "Somebody Else" {
		t.Errorf("another version gave %q, %v", third.Name, err)
	}
	q.Account = uuid.New()
	if _, err := h.Actor(t.Context(), q); err == nil {
		t.Error("an account that is not there is somebody")
	}
}
