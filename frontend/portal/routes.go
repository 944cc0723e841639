package portal

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
)

// The pages of the space.
const (
	homePath    = "/mine"
	codePath    = "/mine/code"
	historyPath = "/mine/history"
	contactPath = "/mine/contact"
	papersPath  = "/mine/papers"
	cardPath    = "/mine/card"
)

// Dependencies of the surface.
type Dependencies struct {
	Beneficiaries *beneficiaries.Service
	Mandates      *mandates.Service
	Review        *review.Service
	Acting        *acting.Service
	Organisations *organisations.Service
	Packs         *packs.Set
	Sessions      *authz.Sessions
	Cookies       *authz.Web
}

// Surface answers the person helped.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// Routes are all there are; mounted with desk.CardPath.
func (s *Surface) Routes() []desk.Route {
	see := authz.Perm(authz.KindMandate, authz.MandateRead)
	stop := authz.Perm(authz.KindMandate, authz.MandateRevoke)
	code := authz.Perm(authz.KindSession, authz.SessionStart)
	story := authz.Perm(authz.KindLog, authz.LogRead)
	disagree := authz.Perm(authz.KindDispute, authz.DisputeRaise)
	contact := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryChangeContact)
	papers := authz.Perm(authz.KindMandate, authz.MandatePrint)
	card := authz.Perm(authz.KindCard, authz.CardCancel)
	return []desk.Route{
		desk.Get(homePath, see, s.mine),
		desk.Get("/mine/stop/:mandate", stop, s.stopForm),
		desk.Post("/mine/stop/:mandate", stop, s.stop),
		desk.Get("/mine/stop/:mandate/:grant", stop, s.stopForm),
		desk.Post("/mine/stop/:mandate/:grant", stop, s.stop),
		desk.Post("/mine/services/:delegation/end", authz.Perm(authz.KindDelegation, authz.DelegationEnd), s.endAccess),
		desk.Get(codePath, code, s.codeForm),
		desk.Post(codePath, code, s.confirmCode),
		desk.Post("/mine/code/send", code, s.sendCode),
		desk.Get(historyPath, story, s.atPhone(s.history)),
		desk.Get("/mine/steps/:step/disagree", disagree, s.atPhone(s.disagreeForm)),
		desk.Post("/mine/steps/:step/disagree", disagree, s.atPhone(s.disagree)),
		desk.Get(contactPath, contact, s.atPhone(s.contactForm)),
		desk.Post(contactPath, contact, s.atPhone(s.changeContact)),
		desk.Get(papersPath, papers, s.atPhone(s.papers)),
		desk.Get("/mine/papers/:mandate", papers, s.atPhone(s.paper)),
		desk.Get(cardPath, card, s.atPhone(s.cardForm)),
		desk.Post(cardPath, card, s.atPhone(s.cancelCard)),
		desk.Post("/mine/leave", authz.Perm(authz.KindSession, authz.SessionEnd), s.leave),
	}
}

// atPhone sends whoever has shown a card only to the page of the code, and
// back. The command behind decides all the same.
func (s *Surface) atPhone(h desk.Handler) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		if actor.Tier != authz.TierPhone {
			next := c.Request.URL.Path
			return web.SeeOther(c, codePath+"?next="+url.QueryEscape(next))
		}
		return h(c, actor)
	}
}

// inSpace keeps "next" to pages of the space.
func inSpace(next string) string {
	next = web.LocalPath(next, historyPath)
	if next != homePath && !strings.HasPrefix(next, homePath+"/") {
		return historyPath
	}
	return next
}
