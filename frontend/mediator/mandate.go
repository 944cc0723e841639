package mediator

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// deal is a mandate with what its pages need around it.
type deal struct {
	page   t.Page
	actor  authz.Actor
	m      mandates.Mandate
	person beneficiaries.Beneficiary
	org    organisations.OrganisationFacts
	pack   *packs.Pack
}

// dealOf reads the mandate of the address.
func (s *Surface) dealOf(c *gin.Context, actor authz.Actor) (deal, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return deal{}, err
	}
	ctx := c.Request.Context()
	d := deal{page: web.PageOf(c), actor: actor}
	if d.m, err = s.Mandates.Get(ctx, actor, id); err != nil {
		return deal{}, err
	}
	d.person, err = s.Beneficiaries.Get(ctx, actor, d.m.Beneficiary)
	if e := problem.As(err); e != nil && e.Kind == problem.KindForbidden {
		// A witness may see the mandate and not the person's file.
		d.person, err = beneficiaries.Beneficiary{ID: d.m.Beneficiary, GivenNames: d.m.BeneficiaryName, Language: d.m.Language}, nil
	}
	if err != nil {
		return deal{}, err
	}
	if d.org, err = s.Organisations.Facts(ctx, d.m.Organisation); err != nil {
		return deal{}, err
	}
	d.pack, err = s.Packs.Get(d.m.Pack)
	return d, err
}

// state is the one that counts now.
func (d deal) state() mandates.State { return d.m.StateAt(d.actor.Now) }

// href is an address under the mandate's.
func (d deal) href(step string) string { return mandateHref(d.m) + step }

// The steps of a new mandate, as addresses. Who is the person's page.
const (
	stepWhat    = "/what"
	stepHowLong = "/how-long"
	stepRead    = "/read"
	stepSign    = "/sign"
)

// next is the step where a mandate is, "" once it is none of the five.
func (d deal) next() string {
	draft := d.m.Draft
	switch d.state() {
	case mandates.Drafted:
		switch {
		case len(draft.Grants) == 0:
			return stepWhat
		case draft.DurationDays == 0 || draft.Language == "" || draft.ProtectionAnswer == "" || draft.ConflictAnswer == "":
			return stepHowLong
		}
		return stepRead
	case mandates.Presented:
		return stepRead
	case mandates.Awaiting:
		return stepSign
	default:
		return ""
	}
}

// fresh reports whether a signature made at this page will still find a fresh
// sign-in: what is drawn cannot be kept while one signs in again (AU-08).
func (d deal) fresh() bool {
	const toSign = 5 * time.Minute
	age := d.actor.Now.Sub(d.actor.StrongAt)
	return !d.actor.StrongAt.IsZero() && age <= authz.StepUpAge-toSign
}

var errStepUp = problem.New(problem.KindNeedsStepUp, "needs_step_up")

// banner is the person's name on top of the page.
func (d deal) banner() *t.PersonBanner {
	if d.person.BirthDate.IsZero() {
		return &t.PersonBanner{Label: d.page.T("mediator.person.label"), Name: d.m.BeneficiaryName}
	}
	return bannerOf(d.page, d.person, personHref(d.person))
}

// names is what the pages call the person.
func (d deal) name() string { return d.m.BeneficiaryName }

// moved answers a form about a mandate that is past it: signed meanwhile in
// another window, or by a colleague (MA-06).
func (d deal) moved(c *gin.Context) error {
	return web.Render(c, http.StatusConflict, movedPage(d.page, d))
}

// status is that of a page shown again.
func status(f *form.Form, refused *desk.Refusal, stale bool) int {
	switch {
	case stale:
		return http.StatusConflict
	case refused != nil:
		return http.StatusForbidden
	case !f.Valid():
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// beginRefusedView says why no mandate was begun.
type beginRefusedView struct {
	Refused *desk.Refusal
	Banner  *t.PersonBanner
	Back    string
}

// beginMandate opens a draft, once for each key (MA-06).
func (s *Surface) beginMandate(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	m, err := s.Mandates.Begin(ctx, actor, id, f.Value("key"))
	if err == nil {
		return web.SeeOther(c, mandateHref(m))
	}
	refused, err := s.refusalOf(ctx, page, actor, err)
	if err != nil {
		return err
	}
	v := beginRefusedView{Refused: refused, Back: "/people"}
	if b, err := s.Beneficiaries.Get(ctx, actor, id); err == nil { // whoever may not act may not see them either
		v.Banner, v.Back = bannerOf(page, b, personHref(b)), personHref(b)
	}
	return web.Render(c, http.StatusForbidden, beginRefusedPage(page, v))
}

// renewMandate opens a draft prefilled from an older mandate (MA-10).
func (s *Surface) renewMandate(c *gin.Context, actor authz.Actor) error {
	ctx := c.Request.Context()
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, d.page.Printer)
	if err != nil {
		return err
	}
	m, err := s.Mandates.Renew(ctx, actor, d.m.ID, f.Value("key"))
	if err == nil {
		return web.SeeOther(c, mandateHref(m)+stepWhat)
	}
	refused, err := s.refusalOf(ctx, d.page, actor, err)
	if err != nil {
		return err
	}
	return s.showMandate(c, d, refused)
}
