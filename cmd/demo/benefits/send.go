package benefits

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// send asks Relais once more, at the last moment, and sends only on a signed
// yes.
func (s *Service) send(v *visitor, o opened) error {
	no, err := s.ask(v, o, actionSubmit)
	if no || err != nil {
		return err
	}
	receipt := fmt.Sprintf("RIVE-%s-%s", s.Now().In(s.zone).Format("20060102"), rand.Text()[:6])
	first := false
	s.memory.change(o.Application, func(a *application) {
		if first = a.SentAt.IsZero(); first { // two presses send one application
			a.SentAt, a.Receipt = s.Now(), receipt
		}
	})
	if first {
		e := o.entry("sent", true)
		e.Detail = receipt
		s.memory.note(e)
		if s.report(v.r.Context(), o, reported{Action: actionSubmit, Outcome: "submitted", ReceiptNumber: receipt, Key: o.Application + "-submitted"}) {
			s.memory.change(o.Application, func(a *application) { a.Reported = true })
		}
	}
	return v.see("/applications/" + o.Application + "/" + pageSent)
}

// changeAccount is sensitive: it asks for a fresh sign-in of the mediator.
func (s *Service) changeAccount(v *visitor, o opened, account string) error {
	no, err := s.ask(v, o, actionPayment)
	if no || err != nil {
		return err
	}
	compact := strings.ReplaceAll(account, " ", "")
	ends, key := compact[len(compact)-4:], ""
	s.memory.change(o.Application, func(a *application) {
		a.AccountEnds, key = ends, a.Attempt
		a.Attempt = rand.Text()
	})
	s.report(v.r.Context(), o, reported{Action: actionPayment, Outcome: "done", Key: o.Application + "-account-" + key})
	return v.see("/applications/" + o.Application + "/" + o.next())
}

// ask makes the commit check. no: the answer was no, and the visitor is told.
func (s *Service) ask(v *visitor, o opened, action string) (no bool, err error) {
	ctx := v.r.Context()
	answer, err := s.relais.commitCheck(ctx, o, action, o.Attempt+"-"+action)
	var said *answerError
	if errors.As(err, &said) && said.Status == http.StatusConflict { // this question is over: ask anew
		o.Attempt = rand.Text()
		s.memory.change(o.Application, func(a *application) { a.Attempt = o.Attempt })
		answer, err = s.relais.commitCheck(ctx, o, action, o.Attempt+"-"+action)
	}
	switch {
	case errors.As(err, &said) && said.StepUp:
		return true, s.render(v, http.StatusForbidden, "again", view{Open: &o, Page: pageOf(action), Action: action})
	case errors.As(err, &said) && (said.Status == http.StatusUnauthorized || said.Status == http.StatusForbidden):
		// The token is worth nothing now: that is a no as well.
		answer = verdict{Reasons: said.Reasons}
	case err != nil:
		if !errors.Is(err, errAway) { // an answer that does not hold: the next question is a new one
			s.memory.change(o.Application, func(a *application) { a.Attempt = rand.Text() })
		}
		return false, err
	}
	e := o.entry("checked_no", answer.Allowed)
	if answer.Allowed {
		e.Kind = "checked_yes"
	}
	e.Action, e.Reasons = action, answer.Reasons
	s.memory.note(e)
	if answer.Allowed {
		return false, nil
	}
	return true, s.refuse(v, o, action, answer.Reasons)
}

// refuse shows a no with its reasons. The next question is a new one: asking the
// same again would answer the same.
func (s *Service) refuse(v *visitor, o opened, action string, reasons []string) error {
	s.memory.change(o.Application, func(a *application) { a.Attempt = rand.Text() })
	if len(reasons) == 1 && reasons[0] == "needs_step_up" {
		return s.render(v, http.StatusForbidden, "again", view{Open: &o, Page: pageOf(action), Action: action})
	}
	if w := why(reasons); w == whyMandate || w == whyMediator {
		s.memory.changeHolding(v.id, o.Application, func(h *holding) {
			if h.Stop == nil && !onlyScope(reasons) {
				h.Stop = &stop{At: s.Now(), Why: w}
			}
		})
	}
	return s.render(v, http.StatusForbidden, "refused", view{Open: &o, Page: pageOf(action), Action: action, Reasons: reasons})
}

// onlyScope: the mandate lives, it only does not cover this.
func onlyScope(reasons []string) bool {
	for _, r := range reasons {
		if r != "procedure_not_in_scope" && r != "action_not_in_scope" {
			return false
		}
	}
	return true
}

func pageOf(action string) string {
	if action == actionPayment {
		return pagePayment
	}
	return pageCheck
}

// report tells Relais what was done. Done is done: if Relais cannot be told, the
// journal says so.
func (s *Service) report(ctx context.Context, o opened, r reported) bool {
	var err error
	for range 3 {
		if err = s.relais.reportStep(context.WithoutCancel(ctx), o, r); err == nil {
			break
		}
		var said *answerError
		if errors.As(err, &said) && said.Status < http.StatusInternalServerError {
			break // a no stays a no
		}
	}
	e := o.entry("reported", err == nil)
	if err != nil {
		e.Kind = "not_reported"
		s.Logger.WarnContext(ctx, "relais did not take a step", "error", err)
		var said *answerError
		if errors.As(err, &said) {
			e.Reasons = said.Reasons
		}
	}
	e.Action, e.Detail = r.Action, r.ReceiptNumber
	s.memory.note(e)
	return err == nil
}
