package mandates_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

var states = []mandates.State{mandates.Drafted, mandates.Presented, mandates.Awaiting, mandates.Active, mandates.Suspended, mandates.Expired,
	mandates.Revoked, mandates.Renounced, mandates.Superseded, mandates.Void}

var moves = []mandates.Move{mandates.MoveChange, mandates.MovePresent, mandates.MoveAwait, mandates.MoveSign, mandates.MoveVoid, mandates.MoveRevoke,
	mandates.MoveRenounce, mandates.MoveSuspend, mandates.MoveResume, mandates.MoveSupersede, mandates.MoveExpire}

// law is DESIGN §4 written a second time, to compare with: where each move
// leads from each state, or the code it is refused with.
var law = map[mandates.State]map[mandates.Move]string{
	mandates.Drafted: {"change": "draft", "present": "presented", "void": "void", "await": "mandate_not_presented", "sign": "mandate_not_presented"},
	mandates.Presented: {"change": "draft", "await": "awaiting_signature", "sign": "active", "void": "void",
		"present": "mandate_already_presented"},
	mandates.Awaiting: {"change": "draft", "await": "awaiting_signature", "sign": "active", "void": "void",
		"present": "mandate_already_presented"},
	mandates.Active: {"revoke": "revoked", "renounce": "renounced", "suspend": "suspended", "supersede": "superseded", "expire": "expired",
		"change": "mandate_already_active", "present": "mandate_already_active", "await": "mandate_already_active", "sign": "mandate_already_active", "void": "mandate_already_active"},
	mandates.Suspended: {"revoke": "revoked", "renounce": "renounced", "resume": "active", "supersede": "superseded", "expire": "expired",
		"change": "mandate_already_active", "present": "mandate_already_active", "await": "mandate_already_active", "sign": "mandate_already_active", "void": "mandate_already_active"},
}

// answers gives the law's answer: a state, or a refusal's code.
func answers(from mandates.State, move mandates.Move) (to, code string) {
	if from.Terminal() {
		return "", "mandate_already_ended"
	}
	answer, ok := law[from][move]
	switch {
	case !ok:
		return "", "mandate_not_active"
	case len(answer) > 8 && answer[:8] == "mandate_":
		return "", answer
	}
	return answer, ""
}

// MA-14: every state with every move, those refused among them.
func TestEveryTransition(t *testing.T) {
	t.Parallel()
	for _, from := range states {
		for _, move := range moves {
			to, code := answers(from, move)
			got, err := mandates.Next(from, move)
			switch {
			case code == "" && (err != nil || string(got) != to):
				t.Errorf("%s, %s: %s, %v, want %s", from, move, got, err, to)
			case code != "" && (got != from || !problem.Is(err, code) || problem.As(err).Kind != problem.KindConflict):
				t.Errorf("%s, %s: %s, %v, want the refusal %s", from, move, got, err, code)
			}
		}
	}
	if _, err := mandates.Next("nonsense", mandates.MoveSign); err == nil {
		t.Error("a state that does not exist moved")
	}
}

// Whatever is refused is said in words, in every language.
func TestRefusedTransitionsHaveWords(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		for _, code := range []string{"mandate_already_active", "mandate_already_ended", "mandate_not_presented", "mandate_already_presented", "mandate_not_active"} {
			if !i18n.For(lang).Has("problem." + code) {
				t.Errorf("%s has no words for %s", lang, code)
			}
		}
	}
}

// housing is a usual scope.
var housing = choices([]string{"view", "prepare", "submit"}, "housing")

// in is a mandate of somebody new in a state, reached as people reach it.
func (b *bundle) in(t *testing.T, state mandates.State) mandates.Mandate {
	t.Helper()
	ctx, person := t.Context(), b.newPerson(b.mediator, "Fatima", "Haddad")
	by := b.as(b.mediator)
	var m mandates.Mandate
	var err error
	switch state {
	case mandates.Drafted:
		m, err = b.Begin(ctx, by, person, uuid.NewString())
		must(t, err)
		m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, usualDraft(housing, 31))
		must(t, err)
	case mandates.Presented, mandates.Awaiting, mandates.Void:
		m = b.presented(t, by, person, housing, 31)
	default:
		m = b.signedWith(t, person, housing, 31)
	}
	switch state {
	case mandates.Awaiting:
		must(t, b.AwaitCode(ctx, by, m.ID))
	case mandates.Void:
		must(t, b.Void(ctx, by, m.ID, "changé d’avis"))
	case mandates.Suspended:
		must(t, b.Suspend(ctx, b.as(b.referent), m.ID, "plainte d’un proche"))
	case mandates.Revoked:
		must(t, b.Revoke(ctx, by, mandates.Revocation{Mandate: m.ID}))
	case mandates.Renounced:
		must(t, b.Renounce(ctx, by, m.ID, "départ"))
	case mandates.Superseded:
		b.signedWith(t, person, housing, 31)
	case mandates.Expired:
		b.clock.Set(m.EndsAt)
		_, err := b.ExpireDue(ctx)
		must(t, err)
	}
	return b.fresh(t, m.ID)
}

func usualDraft(scope []mandates.GrantChoice, days int) mandates.Draft {
	return mandates.Draft{Grants: scope, DurationDays: days, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"}
}

// fresh reads a mandate again.
func (b *bundle) fresh(t testing.TB, id uuid.UUID) mandates.Mandate {
	t.Helper()
	m, err := b.Get(t.Context(), b.as(b.mediator), id)
	must(t, err)
	return m
}

// command is the command of a move, on a mandate as it is.
func (b *bundle) command(t *testing.T, move mandates.Move, m mandates.Mandate) (translog.Kind, func() error) {
	t.Helper()
	ctx, by := context.Background(), b.as(b.mediator)
	switch move {
	case mandates.MoveChange:
		kind := translog.MandateDraftChanged
		if m.State != mandates.Drafted {
			kind = translog.MandatePresentationVoided
		}
		return kind, func() error { _, err := b.ChangeDraft(ctx, by, m.ID, m.Version, usualDraft(housing, 31)); return err }
	case mandates.MovePresent:
		return translog.MandatePresented, func() error { _, err := b.Present(ctx, by, m.ID, m.Version); return err }
	case mandates.MoveAwait:
		return translog.MandateAwaiting, func() error { return b.AwaitCode(ctx, by, m.ID) }
	case mandates.MoveSign:
		return translog.MandateSigned, func() error {
			_, err := b.Sign(ctx, by, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(t)})
			return err
		}
	case mandates.MoveVoid:
		return translog.MandateVoided, func() error { return b.Void(ctx, by, m.ID, "") }
	case mandates.MoveRevoke:
		return translog.MandateRevoked, func() error { return b.Revoke(ctx, by, mandates.Revocation{Mandate: m.ID}) }
	case mandates.MoveRenounce:
		return translog.MandateRenounced, func() error { return b.Renounce(ctx, by, m.ID, "fin de la permanence") }
	case mandates.MoveSuspend:
		return translog.MandateSuspended, func() error { return b.Suspend(ctx, b.as(b.referent), m.ID, "doute") }
	case mandates.MoveResume:
		return translog.MandateResumed, func() error { return b.Resume(ctx, b.as(b.referent), m.ID) }
	default:
		return "", nil // superseding and expiring are no commands of anybody's
	}
}

// image is every row of a mandate, to see that nothing moved.
func (b *bundle) image(t *testing.T, id uuid.UUID) string {
	t.Helper()
	var out string
	must(t, b.store.Pool().QueryRow(context.Background(), `SELECT (SELECT to_jsonb(m) FROM mandates m WHERE id = $1)::text
		|| coalesce((SELECT jsonb_agg(g ORDER BY g.id) FROM grants g WHERE mandate_id = $1)::text, '')
		|| (SELECT count(*) FROM evidences WHERE mandate_id = $1) || (SELECT count(*) FROM access_codes WHERE mandate_id = $1)
		|| (SELECT count(*) FROM messages)`, id).Scan(&out))
	return out
}

// MA-14 and LG-01 by the commands themselves: a lawful move leaves one event
// of its kind and the state it leads to; any other is refused with its reason,
// leaves one refusal in the log, and moves nothing.
func TestEveryCommandInEveryState(t *testing.T) {
	t.Parallel()
	for _, from := range states {
		t.Run(string(from), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			still := b.in(t, from)
			if still.State != from {
				t.Fatalf("reached %s", still.State)
			}
			for _, move := range moves {
				to, code := answers(from, move)
				m := still
				if code == "" {
					m = b.in(t, from)
				}
				kind, act := b.command(t, move, m)
				switch {
				case act == nil:
				case code == "":
					e := b.adds(kind, act)
					if got := b.fresh(t, m.ID).State; string(got) != to || e.Mandate != m.ID || e.Outcome != "done" {
						t.Errorf("%s: state %s, event %+v", move, got, e)
					}
				default:
					before := b.image(t, m.ID)
					if e := b.refuses(code, act); e.Mandate != m.ID || e.Beneficiary != m.Beneficiary || fmt.Sprint(e.reasons()) != "["+code+"]" {
						t.Errorf("%s: refusal %+v", move, e)
					}
					if after := b.image(t, m.ID); after != before {
						t.Errorf("%s was refused and changed\n%s\nto\n%s", move, before, after)
					}
				}
			}
		})
	}
}

// MA-14: the end has passed and the job has not run yet: expired all the same.
func TestExpiredBeforeTheJobSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	b.clock.Set(m.EndsAt)
	for _, move := range []mandates.Move{mandates.MoveRevoke, mandates.MoveRenounce, mandates.MoveSuspend} {
		_, act := b.command(t, move, m)
		b.refuses("mandate_already_ended", act)
	}
	n, err := b.ExpireDue(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("expired %d, %v", n, err)
	}
	got := b.fresh(t, m.ID)
	if got.State != mandates.Expired || !got.EndedAt.Equal(m.EndsAt) || got.EndedBy != "system" {
		t.Errorf("ended as %s at %s by %s", got.State, got.EndedAt, got.EndedBy)
	}
	b.addsNone(func() error { _, err := b.ExpireDue(t.Context()); return err })
}

// A draft that nobody finished, and a text that nobody signed, do not stay open.
func TestStaleDrafts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	draft, shown := b.in(t, mandates.Drafted), b.in(t, mandates.Presented)
	b.clock.Advance(3*day + 1e9)
	_, act := b.command(t, mandates.MoveSign, shown)
	b.refuses("text_too_old", act)
	for _, wait := range []struct {
		id  uuid.UUID
		was mandates.State
	}{{shown.ID, mandates.Drafted}, {draft.ID, mandates.Void}} {
		if n, err := b.ExpireDue(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if got := b.fresh(t, wait.id); got.State != mandates.Void || got.EndedBy != "system" {
			t.Errorf("ended as %s by %s", got.State, got.EndedBy)
		}
		if got := b.fresh(t, draft.ID).State; got != wait.was {
			t.Errorf("the draft is %s, want %s", got, wait.was)
		}
		b.clock.Advance(27 * day)
	}
}

// A text found too old, and shown again before its turn came, is not given up.
func TestADraftTakenUpAgainIsNotVoided(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shown := b.in(t, mandates.Presented)
	b.clock.Advance(3*day + 1e9)
	swept := make(chan error, 1)
	must(t, b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		if err := tx.DB().Exec(`UPDATE mandates SET presented_at = ?, version = version + 1 WHERE id = ?`, tx.Now(), shown.ID).Error; err != nil {
			return err
		}
		go func() { _, err := b.ExpireDue(t.Context()); swept <- err }() // finds the row as it was, and waits
		b.waitForALock(t)
		return nil
	}))
	must(t, <-swept)
	if got := b.fresh(t, shown.ID).State; got != mandates.Presented {
		t.Errorf("shown again a moment ago, and %s", got)
	}
}

// RB-01: one mandate that cannot be ended holds up no other, and is said.
func TestOneFaultHoldsUpNoExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	first, draft := b.signed(t, []string{"housing"}, 1), b.presented(t, b.as(b.mediator), b.newPerson(b.mediator, "Louis", "Petit"), housing, 31)
	b.clock.Advance(day)
	second := b.signedWith(t, b.newPerson(b.mediator, "Jean", "Dupont"), housing, 1)
	must(t, b.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`UPDATE mandates SET pack = 'gone' WHERE id = ?`, first.ID).Error
	}))
	b.clock.Advance(3 * day)
	n, err := b.ExpireDue(ctx)
	if n != 2 || err == nil || !strings.Contains(err.Error(), first.ID.String()) {
		t.Errorf("ended %d, %v", n, err)
	}
	if a, v := b.fresh(t, second.ID).State, b.fresh(t, draft.ID).State; a != mandates.Expired || v != mandates.Void {
		t.Errorf("the second is %s, the draft %s", a, v)
	}
}
