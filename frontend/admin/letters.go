package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/mandates/document"
)

// letters lists what is still to print and post, page by page.
func (s *Surface) letters(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	w := whereIn(lettersPath, c.Request.URL.Query())
	after, err := uuid.Parse(w.trail.After)
	if err != nil && w.trail.After != "" {
		return web.SeeOther(c, lettersPath) // a page that never was
	}
	list, waiting, err := s.Organisations.LetterPage(c.Request.Context(), actor, after, onPage+1)
	switch {
	case err != nil:
		return err
	case len(list) == 0 && waiting > 0:
		return web.SeeOther(c, lettersPath) // all that came after is gone
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, lettersPage(page, newLetters(page, here, waitingLetters{list, waiting, w})))
}

// letterHere loads the letter of the address, in the organisation acted for.
func (s *Surface) letterHere(c *gin.Context, actor authz.Actor) (authz.Membership, notify.Queued, error) {
	here, err := s.here(c, actor)
	if err != nil {
		return here, notify.Queued{}, err
	}
	id, err := idOf(c)
	if err != nil {
		return here, notify.Queued{}, err
	}
	letter, err := s.Organisations.Letter(c.Request.Context(), actor, id)
	return here, letter, err
}

func (s *Surface) letter(c *gin.Context, actor authz.Actor) error {
	here, letter, err := s.letterHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, letterPage(page, form.New(page.Printer), newLetter(page, here, letter, nil)))
}

// letterPDF is the letter, ready for a windowed envelope, as a file: browsers
// open no PDF in the sandbox of [web.Inline].
func (s *Surface) letterPDF(c *gin.Context, actor authz.Actor) error {
	_, letter, err := s.letterHere(c, actor)
	if err != nil {
		return err
	}
	org, err := s.Organisations.Facts(c.Request.Context(), letter.Organisation)
	if err != nil {
		return err
	}
	paper, err := letterPaper(org, letter, s.Store.Now())
	if err != nil {
		return err
	}
	pdf, err := document.Letter(paper)
	if err != nil {
		return err
	}
	return web.Download(c, "letter.pdf", "application/pdf", pdf)
}

// letterPrinted says that it is on its way.
func (s *Surface) letterPrinted(c *gin.Context, actor authz.Actor) error {
	here, letter, err := s.letterHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f := form.New(page.Printer)
	err = s.Organisations.PrintLetter(c.Request.Context(), actor, letter.ID)
	return settle(c, f, err, func(refused []string) error {
		return web.Render(c, statusOf(refused), letterPage(page, f, newLetter(page, here, letter, refused)))
	}, func() error {
		return s.nextLetter(c, actor, letter.ID)
	})
}

// nextLetter leads from a letter that is gone to the one that waits after it,
// else to the oldest, else to the empty list.
func (s *Surface) nextLetter(c *gin.Context, actor authz.Actor, after uuid.UUID) error {
	for _, from := range []uuid.UUID{after, uuid.Nil} {
		next, _, err := s.Organisations.LetterPage(c.Request.Context(), actor, from, 1)
		if err != nil {
			return err
		}
		if len(next) > 0 {
			web.Flash(c, "flash.admin_letter_next")
			return web.SeeOther(c, letterPath(next[0].ID))
		}
	}
	web.Flash(c, "flash.admin_letter_printed")
	return web.SeeOther(c, lettersPath)
}
