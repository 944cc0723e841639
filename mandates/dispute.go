package mandates

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// AnswerWithin is how long an organisation has to answer a disagreement: 30
// days, inside the one month that Regulation (EU) 2016/679, article 12(3),
// gives to answer what a person asks about what is done with their affairs.
const AnswerWithin = 30 // days

// maxDispute bounds a disagreement and its answer, in letters.
const maxDispute = 2000

func (d Dispute) object(territory string) authz.Object {
	return authz.Object{Kind: authz.KindDispute, Organisation: d.Organisation, Territory: territory, Beneficiary: d.Beneficiary}
}

func (d Dispute) about() translog.Event {
	return translog.Event{
		Organisation: d.Organisation, Beneficiary: d.Beneficiary, Mandate: d.Of.Mandate, Case: d.Case, Step: d.Step,
		Procedure: d.Of.Procedure, Action: d.Of.Action,
	}
}

// RaiseDispute says that a person disagrees with a step (PO-05). The referent
// and the supervisor see it; an answer is due in AnswerWithin days. One step
// has one open disagreement at a time.
func (s *Service) RaiseDispute(ctx context.Context, actor authz.Actor, step uuid.UUID, text string) (Dispute, error) {
	var out Dispute
	err := s.commands.Run(ctx, actor, "dispute.raise", func(tx *command.Tx) error {
		of, err := loadStep(tx.DB(), step)
		if err != nil {
			return err
		}
		h, err := loadCase(tx.DB(), of.Case)
		if err != nil {
			return err
		}
		d := Dispute{Step: step, Case: of.Case, Organisation: of.Organisation, Beneficiary: of.Beneficiary, BeneficiaryName: h.BeneficiaryName,
			State: disputeOpen, RaisedAt: tx.Now(), Of: of}
		if err := tx.Decide(authz.DisputeRaise, d.object(h.territory), d.about()); err != nil {
			return err
		}
		if d.Text, err = s.disputeText(tx, h.pack, "text", text, d); err != nil {
			return err
		}
		if d.DueOn, err = dueInDays(h.timeZone, tx.Now(), AnswerWithin); err != nil {
			return err
		}
		d.ID = tx.NewID()
		fresh, err := insertDispute(tx.Tx, d)
		if err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		if !fresh {
			return tx.Refuse(problem.Conflict("dispute_already_open"), d.about())
		}
		if err := s.tellReferents(tx, d); err != nil {
			return err
		}
		out = d
		e := d.about()
		e.Kind, e.Detail, e.Personal = translog.DisputeRaised, disputeDetail{Dispute: d.ID.String(), DueOn: dayText(d.DueOn)}, disputeWords{Text: d.Text}
		return tx.Append(e)
	})
	return out, err
}

// tellReferents queues one mail to each of the organisation's referents, once
// for a disagreement. Supervisors find it among what is due.
func (s *Service) tellReferents(tx *command.Tx, d Dispute) error {
	org, err := s.orgs.FactsTx(tx.Tx, d.Organisation)
	if err != nil {
		return err
	}
	referents, err := s.orgs.Referents(tx.Tx, d.Organisation)
	if err != nil {
		return fmt.Errorf("find the referents: %w", err)
	}
	words := notify.DisputeRaised{Organisation: org.Name, DueOn: d.DueOn.Add(12 * time.Hour), Address: s.baseURL + "/organisation/disputes/" + d.ID.String()}
	for _, r := range referents {
		subject, body := words.Render(i18n.For(i18n.Lang(r.Language)))
		err := notify.Queue(tx.Tx, notify.Message{DedupeKey: "dispute_raised:" + d.ID.String() + ":" + r.ID.String(), Kind: words.Kind(), Channel: notify.Mail,
			Language: r.Language, Recipient: r.Email, Subject: subject, Body: body, Organisation: d.Organisation, Account: r.ID})
		if err != nil {
			return fmt.Errorf("tell a referent: %w", err)
		}
	}
	return nil
}

// AnswerDispute answers a disagreement, once; the person is told and reads the
// answer in their space. Whoever did the step does not answer for it.
func (s *Service) AnswerDispute(ctx context.Context, actor authz.Actor, id uuid.UUID, answer string) error {
	return s.commands.Run(ctx, actor, "dispute.answer", func(tx *command.Tx) error {
		d, territory, err := lockDispute(tx.Tx, id)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.DisputeAnswer, d.object(territory), d.about()); err != nil {
			return err
		}
		switch {
		case d.State != disputeOpen:
			return tx.Refuse(problem.Conflict("dispute_already_answered"), d.about())
		case d.Of.Mediator == actor.Account:
			return tx.Refuse(problem.Forbidden(string(authz.ReasonSelf)), d.about())
		}
		org, err := s.orgs.FactsTx(tx.Tx, d.Organisation)
		if err != nil {
			return err
		}
		if answer, err = s.disputeText(tx, org.Pack, "answer", answer, d); err != nil {
			return err
		}
		if err := answerDispute(tx.Tx, id, actor.Account, answer); err != nil {
			return err
		}
		b, err := beneficiaries.Facts(tx, d.Beneficiary)
		if err != nil {
			return err
		}
		words := notify.DisputeAnswered{Organisation: org.Name, Phone: org.Phone, Address: s.baseURL + "/card"}
		if err := b.Tell(tx, "dispute_answered:"+id.String(), words); err != nil {
			return err
		}
		e := d.about()
		e.Kind, e.Detail, e.Personal = translog.DisputeAnswered, disputeDetail{Dispute: id.String()}, disputeWords{Answer: answer}
		return tx.Append(e)
	})
}

// disputeText cleans a text and checks it; a probable secret is logged as
// refused, by its code alone.
func (s *Service) disputeText(tx *command.Tx, packID, field, text string, d Dispute) (string, error) {
	pack, err := s.packs.Get(packID)
	if err != nil {
		return "", fmt.Errorf("pack of the organisation: %w", err)
	}
	text = paragraph(text)
	var faults []problem.Field
	if text == "" {
		faults = append(faults, problem.At(field, "say_it_in_words"))
	}
	if letters(text) > maxDispute {
		faults = append(faults, tooLong(field, maxDispute))
	}
	return text, refuseSecret(tx, secretsIn(pack, faults, typed{field, text}), d.about())
}

// maxDisputes bounds one page of disagreements.
const maxDisputes = 200

// DisputePage lists disagreements, the open ones first by the day an answer is
// due, then the answered ones, the last answered first: those of the actor's
// organisation for a referent, of the remit for a supervisor (whose look is an
// event naming the people), one's own for a person.
func (s *Service) DisputePage(ctx context.Context, actor authz.Actor, q DisputeQuery) (DisputePage, error) {
	if q.State != "" && q.State != disputeOpen && q.State != disputeAnswered {
		return DisputePage{}, problem.Invalid(problem.At("state", "unknown_list"))
	}
	switch {
	case q.Steps != nil:
		q.Limit = len(q.Steps)
	case q.Limit <= 0 || q.Limit > maxDisputes:
		q.Limit = 50
	}
	after, err := parseDisputeMark(q.After)
	if err != nil {
		return DisputePage{}, err
	}
	scope, role, err := s.disputeScope(actor)
	if err != nil {
		return DisputePage{}, err
	}
	page, err := disputesIn(s.commands.Store().Read(ctx), scope, q, after)
	if err != nil || role != authz.Supervisor || len(page.Disputes) == 0 {
		return page, err
	}
	return page, s.looked(ctx, actor, page.Disputes)
}

// Disputes is DisputePage without what follows.
func (s *Service) Disputes(ctx context.Context, actor authz.Actor, q DisputeQuery) ([]Dispute, error) {
	page, err := s.DisputePage(ctx, actor, q)
	return page.Disputes, err
}

// Dispute reads one disagreement that the actor could list, or answers not
// found.
func (s *Service) Dispute(ctx context.Context, actor authz.Actor, id uuid.UUID) (Dispute, error) {
	page, err := s.DisputePage(ctx, actor, DisputeQuery{id: id, Limit: 1})
	if err == nil && len(page.Disputes) == 0 {
		err = errNotThere
	}
	if err != nil {
		return Dispute{}, err
	}
	return page.Disputes[0], nil
}

// disputeScope is whose disagreements an actor may list.
type disputeScope struct {
	organisations []uuid.UUID
	territories   []string
	beneficiary   uuid.UUID
}

func (s *Service) disputeScope(actor authz.Actor) (disputeScope, authz.Role, error) {
	if actor.Beneficiary != uuid.Nil {
		d := Dispute{Organisation: actor.Organisation, Beneficiary: actor.Beneficiary}
		return disputeScope{beneficiary: actor.Beneficiary}, authz.Person, s.commands.Decide(actor, authz.DisputeRead, d.object("")).Err()
	}
	own := s.commands.Decide(actor, authz.DisputeRead, Dispute{Organisation: actor.Organisation}.object(""))
	if own.Allowed && own.Role == authz.Referent {
		return disputeScope{organisations: []uuid.UUID{actor.Organisation}}, authz.Referent, nil
	}
	if len(actor.Remit.Organisations)+len(actor.Remit.Territories) == 0 || actor.SuspendedAccount {
		return disputeScope{}, "", own.Err()
	}
	return disputeScope{organisations: actor.Remit.Organisations, territories: actor.Remit.Territories}, authz.Supervisor, nil
}

// looked leaves the event of a supervisor's list.
func (s *Service) looked(ctx context.Context, actor authz.Actor, list []Dispute) error {
	return s.commands.Run(ctx, actor, "dispute.list", func(tx *command.Tx) error {
		tx.Open(authz.Supervisor, "the query keeps to the remit itself")
		seen := map[uuid.UUID]bool{}
		d := lookDetail{List: "disputes", People: []string{}}
		for _, x := range list {
			if !seen[x.Beneficiary] {
				seen[x.Beneficiary] = true
				d.People = append(d.People, x.Beneficiary.String())
			}
		}
		return tx.Append(translog.Event{Kind: translog.LogViewed, Detail: d})
	})
}

func dueInDays(zone string, now time.Time, days int) (time.Time, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("zone of the organisation: %w", err)
	}
	return dayOf(now.In(loc)).AddDate(0, 0, days), nil
}
