package portal

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
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
	linkPath    = "/mine/sign-in"
	takePath    = "/mine/everything"
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
	// Providers are the national sign-ins there are; Link sends to one of them,
	// to come back with the identity that opens the space. Both may be empty.
	Providers []login.IssuerInfo
	Link      func(c *gin.Context, issuer string) error
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
	link := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryLink)
	take := authz.Perm(authz.KindLog, authz.LogExport)
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
		desk.Get(linkPath, link, s.atPhone(s.linkForm)),
		desk.Post(linkPath+"/:issuer", link, s.atPhone(s.linkNow)),
		desk.Post("/mine/unlink", link, s.atPhone(s.unlink)),
		desk.Post("/mine/space", see, s.atPhone(s.changeSpace)),
		desk.Get(takePath, take, s.atPhone(s.takeForm)),
		desk.Post(takePath, take, s.atPhone(s.takeHome)),
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
