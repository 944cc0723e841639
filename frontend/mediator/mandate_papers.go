package mediator

import (
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

const pdfType = "application/pdf"

// documentPDF is the mandate on paper: signed, or the sheet to sign by hand.
func (s *Surface) documentPDF(c *gin.Context, actor authz.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	content, err := s.Mandates.Paper(c.Request.Context(), actor, id)
	if err != nil {
		return err
	}
	return web.Download(c, mandates.Reference(id)+".pdf", pdfType, content)
}

// cardPDF prints the card with the code the page has just shown. It is a post,
// so that the code is in no address and no history.
func (s *Surface) cardPDF(c *gin.Context, actor authz.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return err
	}
	content, err := s.Mandates.CardPDF(c.Request.Context(), actor, id, f.Value("code"))
	if err != nil {
		return err
	}
	return web.Download(c, mandates.Reference(id)+"-card.pdf", pdfType, content)
}

// evidence shows a drawn signature or a photograph of the signed paper. A
// scanned PDF is saved instead: browsers do not open one in the sandbox that
// keeps somebody's file from running in our name.
func (s *Surface) evidence(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	evidence, err := pathID(c, "evidence")
	if err != nil {
		return err
	}
	media, content, err := s.Mandates.EvidenceContent(c.Request.Context(), actor, d.m.ID, evidence)
	if err != nil {
		return err
	}
	c.Header("X-Content-Type-Options", "nosniff")
	name := mandates.Reference(d.m.ID) + "-signature"
	switch media {
	case "image/png":
		return web.Inline(c, name+".png", media, content)
	case "image/jpeg":
		return web.Inline(c, name+".jpg", media, content)
	case pdfType:
		return web.Download(c, name+".pdf", media, content)
	}
	return problem.NotFound()
}
