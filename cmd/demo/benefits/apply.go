package benefits

import (
	"maps"
	"net/http"
	"slices"
)

// needs is the action of each page. A page without one is read only.
var needs = map[string]string{
	pageHousehold: actionPrepare, pageHome: actionPrepare, pageResources: actionPrepare, pageCheck: actionSubmit, pagePayment: actionPayment, pageSent: "",
}

// home is the door.
func (s *Service) home(v *visitor) error {
	return s.render(v, http.StatusOK, "home", view{Mine: s.memory.mine(v.id)})
}

func (s *Service) forMe(v *visitor) error { return s.render(v, http.StatusOK, "for-me", view{}) }

// resume goes to the first page that is not done.
func (s *Service) resume(v *visitor) error {
	a, _, ok := s.memory.open(v.id, v.r.PathValue("id"))
	if !ok {
		return s.problem(v, http.StatusNotFound, "closed")
	}
	return v.see("/applications/" + a.ID + "/" + a.next())
}

// show is any page of an application.
func (s *Service) show(v *visitor) error {
	page := v.r.PathValue("page")
	action, there := needs[page]
	if !there {
		return s.problem(v, http.StatusNotFound, "missing")
	}
	o, done, err := s.enter(v)
	switch {
	case done || err != nil:
		return err
	case page == pageSent && o.SentAt.IsZero(), page == pageCheck && o.next() != pageCheck && o.SentAt.IsZero():
		return v.see("/applications/" + o.Application + "/" + o.next())
	case page == pageSent:
		return s.render(v, http.StatusOK, "sent", view{Open: &o, Page: page})
	case o.Stop != nil:
		return s.stopped(v, o)
	case !o.SentAt.IsZero() && page != pagePayment:
		return v.see("/applications/" + o.Application + "/" + pageSent)
	case !o.allows(action) && page != pageCheck: // what is to be sent may be read before asking
		return s.notAllowed(v, o, page)
	}
	return s.render(v, http.StatusOK, s.template(page), view{Open: &o, Page: page})
}

func (s *Service) template(page string) string {
	if page == pageCheck || page == pagePayment {
		return page
	}
	return "fill"
}

// save takes a page. What was typed is kept before anything else is decided.
func (s *Service) save(v *visitor) error {
	page := v.r.PathValue("page")
	action := needs[page]
	if action == "" {
		return s.problem(v, http.StatusNotFound, "missing")
	}
	if err := v.r.ParseForm(); err != nil {
		return s.problem(v, http.StatusBadRequest, "lost")
	}
	typed := read(page, v.r.PostForm)
	s.keep(v, page, typed)
	o, done, err := s.enter(v)
	switch {
	case done || err != nil:
		return err
	case !o.SentAt.IsZero() && page != pagePayment:
		return v.see("/applications/" + o.Application + "/" + pageSent)
	case o.Stop != nil:
		return s.stopped(v, o)
	case !o.allows(action):
		return s.notAllowed(v, o, page)
	}
	maps.Copy(o.Answers, typed)
	if f := s.check(page, o.Answers); len(f) > 0 {
		return s.render(v, http.StatusUnprocessableEntity, s.template(page), view{Open: &o, Page: page, Faults: f})
	}
	switch page {
	case pageCheck:
		return s.send(v, o)
	case pagePayment:
		return s.changeAccount(v, o, typed["account"])
	}
	s.memory.change(o.Application, func(a *application) { a.Done[page] = true })
	return s.onward(v, o, page)
}

// keep keeps what was typed, whole or not; account numbers and promises never.
func (s *Service) keep(v *visitor, page string, typed map[string]string) {
	a, _, ok := s.memory.open(v.id, v.r.PathValue("id"))
	if !ok || !slices.Contains(filled, page) || !a.SentAt.IsZero() {
		return
	}
	s.memory.change(a.ID, func(a *application) {
		maps.Copy(a.Answers, typed)
		a.Done[page] = len(s.check(page, a.Answers)) == 0
	})
}

// onward goes to the next page; once all are filled, Relais is told.
func (s *Service) onward(v *visitor, o opened, page string) error {
	a, h, ok := s.memory.open(v.id, o.Application)
	if !ok {
		return s.problem(v, http.StatusNotFound, "closed")
	}
	if a.next() == pageCheck && !a.Prepared {
		s.report(v.r.Context(), opened{a, h}, reported{Action: actionPrepare, Outcome: "prepared", Key: a.ID + "-prepared"})
		s.memory.change(a.ID, func(a *application) { a.Prepared = true })
	}
	to := a.next()
	if i := slices.Index(filled, page); v.r.PostForm.Get("back") != "check" && i+1 < len(filled) {
		to = filled[i+1]
	}
	return v.see("/applications/" + a.ID + "/" + to)
}

// notAllowed says which action the token lacks, and how to ask for it.
func (s *Service) notAllowed(v *visitor, o opened, page string) error {
	e := o.entry("kept_out", false)
	e.Action = needs[page]
	s.memory.note(e)
	return s.render(v, http.StatusForbidden, "not-allowed", view{Open: &o, Page: page, Action: needs[page]})
}

// stopped says that nothing was sent, and shows what is kept.
func (s *Service) stopped(v *visitor, o opened) error {
	return s.render(v, http.StatusForbidden, "stopped", view{Open: &o})
}
