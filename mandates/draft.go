package mandates

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// How long what is not signed is kept open.
const (
	presentedFor = 72 * time.Hour
	draftFor     = 30 * 24 * time.Hour
)

// Limits of what is typed or ticked.
const (
	maxGrants      = 20
	maxProcedures  = 200
	maxInterpreter = 200
	maxReason      = 500
	maxKey         = 100
)

// conflicts are the answers to "are you related to this person?" (CO-08).
var conflicts = []string{"none", "family", "neighbour", "landlord", "creditor", "employer"}

// Conflicts are the possible answers to the conflict-of-interest question.
func Conflicts() []string { return slices.Clone(conflicts) }

// Begin opens a draft for a person of the actor's organisation. The same key by
// the same mediator gives the same draft (MA-06).
func (s *Service) Begin(ctx context.Context, actor authz.Actor, beneficiary uuid.UUID, idempotencyKey string) (Mandate, error) {
	return s.begin(ctx, actor, newMandate{beneficiary: beneficiary, key: idempotencyKey})
}

func (s *Service) begin(ctx context.Context, actor authz.Actor, n newMandate) (Mandate, error) {
	var out Mandate
	err := s.commands.Run(ctx, actor, "mandate.draft", func(tx *command.Tx) error {
		b, err := beneficiaries.Facts(tx, n.beneficiary)
		if err != nil {
			return err
		}
		about := translog.Event{Organisation: b.Organisation, Beneficiary: b.ID}
		obj := authz.Object{Kind: authz.KindMandate, Organisation: b.Organisation, Beneficiary: b.ID, Account: actor.Account}
		if err := tx.Decide(authz.MandateDraft, obj, about); err != nil {
			return err
		}
		if b.Erased {
			return errNotThere
		}
		if len(n.key) > maxKey {
			return problem.Invalid(problem.At("idempotency_key", "too_long"))
		}
		org, err := s.orgs.FactsTx(tx.Tx, b.Organisation)
		if err != nil {
			return err
		}
		n.id, n.organisation, n.mediator, n.pack, n.language = tx.NewID(), b.Organisation, actor.Account, org.Pack, b.Language
		if n.draft.Language == "" {
			n.draft.Language = b.Language
		}
		id, fresh, err := insertMandate(tx.Tx, n)
		if err != nil {
			return err
		}
		if out, err = loadMandate(tx.DB(), id); err != nil {
			return err
		}
		if !fresh {
			tx.Repeated()
			return nil
		}
		detail := draftDetail{Pack: org.Pack}
		if n.renews != uuid.Nil {
			detail.Renews = n.renews.String()
		}
		return tx.Append(out.event(translog.MandateDrafted, detail))
	})
	return out, err
}

// ChangeDraft keeps what was chosen so far; it need not be complete. Changing a
// text already shown voids that presentation (MA-08). A page older than the
// mandate is refused ("stale").
func (s *Service) ChangeDraft(ctx context.Context, actor authz.Actor, id uuid.UUID, version int, d Draft) (Mandate, error) {
	var out Mandate
	err := s.commands.Run(ctx, actor, "mandate.change_draft", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateDraft)
		if err != nil {
			return err
		}
		if _, err := h.move(tx, MoveChange); err != nil {
			return err
		}
		if h.Version != version {
			return tx.Refuse(store.ErrStale, h.about())
		}
		if err := refuseSecret(tx, d.tidy(h.pack), h.about()); err != nil {
			return err
		}
		raw, err := marshalDraft(d)
		if err != nil {
			return err
		}
		if err := dropPendingGrants(tx.Tx, id); err != nil {
			return err
		}
		columns := map[string]any{"draft": raw, "duration_days": d.DurationDays, "language": d.Language, "interpreter": d.Interpreter,
			"conflict": d.ConflictAnswer, "payload": nil, "payload_hash": nil, "presented_at": nil, "method": ""}
		if err := change(tx.Tx, h.Mandate, Drafted, columns); err != nil {
			return err
		}
		if out, err = loadMandate(tx.DB(), id); err != nil {
			return err
		}
		kind := translog.MandateDraftChanged
		if h.State != Drafted {
			kind = translog.MandatePresentationVoided
		}
		return tx.Append(h.event(kind, nil))
	})
	return out, err
}

// tidy cleans a draft and refuses what can never be right, wherever one is in
// the five steps; what is only missing is left for Present to say. A probable
// secret comes back with its reason, as from secretsIn.
func (d *Draft) tidy(p *packs.Pack) error {
	d.Interpreter, d.Representative = line(d.Interpreter), line(d.Representative)
	var f []problem.Field
	add := func(bad bool, field, code string) {
		if bad {
			f = append(f, problem.At(field, code))
		}
	}
	add(letters(d.Interpreter) > maxInterpreter, "interpreter", "too_long")
	add(letters(d.Representative) > maxInterpreter, "representative", "too_long")
	add(len(d.Grants) > maxGrants, "grants", "too_many_themes")
	seen := map[string]bool{}
	for i := range d.Grants {
		g := &d.Grants[i]
		add(seen[g.Theme], "grants", "theme_twice")
		seen[g.Theme] = true
		f = append(f, g.tidy(p)...)
	}
	if _, ok := p.Duration(d.DurationDays); !ok && d.DurationDays != 0 {
		add(true, "duration", "choose_duration")
	}
	if d.Language != "" && !slices.Contains(p.ConsentLanguages(), d.Language) && !slices.Contains(p.Languages, d.Language) {
		add(true, "language", "choose_language")
	}
	if d.ProtectionAnswer != "" && d.ProtectionAnswer != "none" {
		_, ok := p.Protection.For(d.ProtectionAnswer)
		add(!ok, "protection", "choose_protection")
	}
	add(d.ConflictAnswer != "" && !slices.Contains(conflicts, d.ConflictAnswer), "conflict", "choose_conflict")
	return secretsIn(p, f, typed{"interpreter", d.Interpreter}, typed{"representative", d.Representative})
}

func (g *GrantChoice) tidy(p *packs.Pack) []problem.Field {
	var f []problem.Field
	if _, ok := p.Theme(g.Theme); !ok {
		return []problem.Field{problem.At("grants", "unknown_theme")}
	}
	if len(g.Procedures) > maxProcedures || len(g.Actions) > len(packs.Actions()) {
		return []problem.Field{problem.At("grants", "too_many_themes")}
	}
	slices.Sort(g.Procedures)
	g.Procedures = slices.Compact(g.Procedures)
	for _, code := range g.Procedures {
		if proc, ok := p.Procedure(code); !ok || proc.Theme != g.Theme {
			f = append(f, problem.At("grants."+g.Theme, "unknown_procedure"))
		}
	}
	for _, a := range g.Actions {
		if !slices.Contains(packs.Actions(), a) {
			f = append(f, problem.At("grants."+g.Theme, "unknown_action"))
		}
	}
	// Keep the catalogue's order, without doubles.
	ordered := g.Actions[:0:0]
	for _, a := range packs.Actions() {
		if slices.Contains(g.Actions, a) {
			ordered = append(ordered, a)
		}
	}
	g.Actions = ordered
	return f
}

// line cleans one line of typed text.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if r < 0x20 || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, norm.NFC.String(s))
	return strings.Join(strings.Fields(s), " ")
}
