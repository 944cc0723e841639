package mandates

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog"
)

// Present freezes the text: scope resolved to codes, the end fixed, bytes
// stored and hashed. What is missing is said field by field (MA-03).
func (s *Service) Present(ctx context.Context, actor authz.Actor, id uuid.UUID, version int) (Mandate, error) {
	var out Mandate
	err := s.commands.Run(ctx, actor, "mandate.present", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandatePresent)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MovePresent)
		if err != nil {
			return err
		}
		if h.Version != version {
			return tx.Refuse(store.ErrStale, h.about())
		}
		b, err := beneficiaries.Facts(tx, h.Beneficiary)
		if err != nil {
			return err
		}
		if err := h.complete(b, tx.Now()); err != nil {
			return refuseIfRule(tx, err, h.Mandate)
		}
		p := h.payload(b, tx)
		stored, err := document.Marshal(p)
		if err != nil {
			return fmt.Errorf("make the text: %w", err)
		}
		hash := document.Hash(stored)
		if err := insertGrants(tx.Tx, h.Mandate, grantsOf(p)); err != nil {
			return err
		}
		columns := map[string]any{"payload": stored, "payload_hash": hash[:], "presented_at": tx.Now(), "ends_at": p.EndsAt,
			"duration_days": h.Draft.DurationDays, "language": h.Draft.Language, "interpreter": h.Draft.Interpreter, "conflict": h.Draft.ConflictAnswer,
			"catalogue_version": h.pack.Version, "consent_version": h.pack.ConsentVersion()}
		if err := change(tx.Tx, h.Mandate, to, columns); err != nil {
			return err
		}
		if out, err = loadMandate(tx.DB(), id); err != nil {
			return err
		}
		return tx.Append(h.event(translog.MandatePresented, presentedDetail{
			Hash: hex.EncodeToString(hash[:]), Days: p.Days, EndsAt: p.EndsAt.UTC().Format(time.RFC3339), Catalogue: h.pack.Version,
			Consent: h.pack.ConsentVersion(), Language: h.Draft.Language, Conflict: h.Draft.ConflictAnswer, Grants: grantDetails(p)}))
	})
	return out, err
}

// refuseIfRule logs a refusal by the pack's rule; a missing field is only said.
func refuseIfRule(tx *command.Tx, err error, m Mandate) error {
	if p := problem.As(err); p.Kind == problem.KindConflict {
		return tx.Refuse(p, m.about())
	}
	return err
}

// complete checks that everything is answered and allowed.
func (h held) complete(b beneficiaries.Beneficiary, now time.Time) error {
	d := h.Draft
	if err := d.tidy(h.pack); err != nil {
		return err
	}
	var f []problem.Field
	add := func(bad bool, field, code string) {
		if bad {
			f = append(f, problem.At(field, code))
		}
	}
	add(len(d.Grants) == 0, "grants", "choose_scope")
	for _, g := range d.Grants {
		add(len(g.Actions) == 0, "grants."+g.Theme, "choose_action")
		add(!allows(h.org.AllowedThemes, g.Theme), "grants."+g.Theme, "theme_not_allowed")
		add(len(resolve(h.pack, g)) == 0, "grants."+g.Theme, "choose_scope")
	}
	add(d.DurationDays == 0, "duration", "choose_duration")
	add(d.Language == "", "language", "choose_language")
	add(d.ProtectionAnswer == "", "protection", "answer_protection")
	add(d.ConflictAnswer == "", "conflict", "answer_conflict")
	if len(f) > 0 {
		return problem.Invalid(f...)
	}
	return h.protection(b, now)
}

// protection applies the pack's rule to a minor or a protected adult (MA-16).
func (h held) protection(b beneficiaries.Beneficiary, now time.Time) error {
	status := h.Draft.ProtectionAnswer
	if status == "none" && b.Protection != "none" {
		status = b.Protection
	}
	if beneficiaries.Age(b.BirthDate, now.In(h.zone)) < 18 {
		status = packs.StatusMinor
	}
	if status == "none" {
		return nil
	}
	rule, ok := h.pack.Protection.For(status)
	switch {
	case !ok || rule.Rule == packs.RuleRefuse:
		return problem.Conflict("protection_refused").With("status", status)
	case h.Draft.Representative == "":
		return problem.Invalid(problem.At("representative", "representative_needed"))
	}
	return nil
}

// resolve gives the procedure codes a choice means today; they are frozen.
func resolve(p *packs.Pack, g GrantChoice) []string {
	if len(g.Procedures) > 0 {
		return g.Procedures
	}
	return p.Resolve(g.Theme, g.Actions)
}

// payload says the mandate in the person's language beside the administration's.
func (h held) payload(b beneficiaries.Beneficiary, tx *command.Tx) document.Payload {
	person, admin := h.Draft.Language, h.pack.Languages[0]
	both := func(t packs.Text) document.Both {
		return document.Both{Person: t.In(person), Administration: t.In(admin)}
	}
	ends := document.EndOf(tx.Now(), h.Draft.DurationDays, h.zone)
	read, _ := h.pack.Consent(h.pack.ConsentVersion(), person)
	official, _ := h.pack.Consent(h.pack.ConsentVersion(), admin)
	if len(read.Paragraphs) == 0 {
		read = official
	}
	p := document.Payload{
		Mandate: h.ID.String(), Version: h.Version + 1, Languages: document.Both{Person: person, Administration: admin},
		Organisation: document.Organisation{ID: h.org.ID.String(), Name: h.org.Name, Address: strings.ReplaceAll(h.org.Address, "\n", ", "), City: h.org.City},
		Beneficiary: document.Beneficiary{ID: b.ID.String(), GivenNames: b.GivenNames, FamilyName: b.FamilyName, UsageName: b.UsageName,
			BirthDate: b.BirthDate.Format(time.DateOnly), BirthPlace: b.BirthPlace, Language: b.Language},
		Mediator: document.Named{ID: h.Mediator.String(), Name: h.MediatorName},
		Days:     h.Draft.DurationDays, TimeZone: h.org.TimeZone, PresentedAt: tx.Now(), EndsAt: ends,
		EndsInWords: document.Both{Person: lastDayInWords(ends, person, h.zone), Administration: lastDayInWords(ends, admin, h.zone)},
		Consent: document.Consent{Version: h.pack.ConsentVersion(), Read: read.Paragraphs, Administration: official.Paragraphs,
			Method: "in_person", Interpreter: h.Draft.Interpreter},
		Catalogue: document.Catalogue{Pack: h.pack.ID, Version: h.pack.Version},
	}
	if h.Renews != uuid.Nil {
		p.Previous = h.Renews.String()
	}
	if h.Draft.Representative != "" {
		p.Consent.Representative = h.Draft.Representative
	}
	for _, g := range h.Draft.Grants {
		p.Grants = append(p.Grants, h.grantText(g, both, tx.NewID()))
	}
	return p
}

func (h held) grantText(g GrantChoice, both func(packs.Text) document.Both, id uuid.UUID) document.Grant {
	theme, _ := h.pack.Theme(g.Theme)
	out := document.Grant{ID: id.String(), Theme: document.Coded{Code: g.Theme, Name: both(theme.Name)}}
	for _, code := range resolve(h.pack, g) {
		proc, _ := h.pack.Procedure(code)
		out.Procedures = append(out.Procedures, document.Coded{Code: code, Name: both(proc.Name)})
	}
	for _, a := range g.Actions {
		out.Actions = append(out.Actions, document.Coded{Code: a, Name: both(actionWords(a))})
		out.Sensitive = out.Sensitive || packs.Sensitive(a)
	}
	return out
}

// actionWords says an action in every language people sign in.
func actionWords(action string) packs.Text {
	t := packs.Text{}
	for _, l := range tongues() {
		t[l] = tongueOf(l, time.UTC).say("action." + action)
	}
	return t
}

// lastDayInWords prints the last valid day, "mercredi 3 mars 2027".
func lastDayInWords(ends time.Time, language string, zone *time.Location) string {
	y, m, d := document.LastDay(ends, zone)
	return tongueOf(language, zone).date(time.Date(y, m, d, 12, 0, 0, 0, zone))
}

func grantsOf(p document.Payload) []Grant {
	out := make([]Grant, len(p.Grants))
	for i, g := range p.Grants {
		out[i] = Grant{ID: uuid.MustParse(g.ID), Theme: g.Theme.Code, Procedures: codes(g.Procedures), Actions: codes(g.Actions)}
	}
	return out
}

func grantDetails(p document.Payload) []grantDetail {
	out := make([]grantDetail, len(p.Grants))
	for i, g := range p.Grants {
		out[i] = grantDetail{ID: g.ID, Theme: g.Theme.Code, Procedures: codes(g.Procedures), Actions: codes(g.Actions)}
	}
	return out
}

func codes(of []document.Coded) []string {
	out := make([]string, len(of))
	for i, c := range of {
		out[i] = c.Code
	}
	return out
}

func marshalDraft(d Draft) (string, error) {
	raw, err := json.Marshal(d)
	return string(raw), err
}

// Sensitive reports whether a draft holds an action that needs its own warning.
func (d Draft) Sensitive() bool {
	return slices.ContainsFunc(d.Grants, func(g GrantChoice) bool { return slices.ContainsFunc(g.Actions, packs.Sensitive) })
}

// allows: an organisation without a list may use every theme of its pack.
func allows(themes []string, theme string) bool {
	return len(themes) == 0 || slices.Contains(themes, theme)
}
