package mediator

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"rsc.io/qr"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/mandates"
)

// signedView is the one page that ever shows a card's code.
type signedView struct {
	Title, Lead string
	Banner      *t.PersonBanner
	Name, Href  string
	Code        string
	CardAddress string
	QR          qrView
	Until       string
	Told        string
	CaseHref    string
	Replaced    int
	// New: the mandate was signed just now; false when only the card is new.
	New bool
	// PersonHref is empty when the reader may not open the person's page.
	PersonHref string
}

// qrView is a QR code as one path over squares of one unit.
type qrView struct {
	Size int
	Path string
}

// qrOf draws an address. Four units around it stay empty (ISO/IEC 18004, 9.1).
func qrOf(address string) (qrView, error) {
	const quiet = 4
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return qrView{}, fmt.Errorf("draw the QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return qrView{Size: code.Size + 2*quiet, Path: path.String()}, nil
}

func (s *Surface) showSigned(c *gin.Context, d deal, signed mandates.Signed) error {
	v, err := s.signedViewOf(d, signed.Code)
	if err != nil {
		return err
	}
	v.New, v.Replaced = true, len(signed.Superseded)
	v.Title, v.Lead = d.page.T("mandate.signed.title"), d.page.T("mandate.signed.lead", "Name", d.name(), "Date", v.Until)
	return web.Render(c, http.StatusOK, signedPage(d.page, v))
}

func (s *Surface) signedViewOf(d deal, code beneficiaries.Code) (signedView, error) {
	drawn, err := qrOf(s.BaseURL + "/card")
	if err != nil {
		return signedView{}, err
	}
	v := signedView{Banner: d.banner(), Name: d.name(), Href: d.href(""), Code: code.Reveal(), QR: drawn, Until: lastDay(d.page, d.m.EndsAt),
		CardAddress: strings.TrimPrefix(strings.TrimPrefix(s.BaseURL, "https://"), "http://") + "/card",
		CaseHref:    "/cases/new?person=" + d.person.ID.String(), Told: d.page.T("mandate.signed.told_none"), PersonHref: personHref(d.person)}
	if to := d.contact(); to != "" {
		v.Told = d.page.T("mandate.signed.told."+d.person.Channel, "To", to)
	}
	return v, nil
}

// confirmCard says what a new card does to the old one.
func (s *Surface) confirmCard(c *gin.Context, actor authz.Actor) error {
	return s.confirmStop(c, actor, cardStop)
}

// confirmCancelCard says what cancelling a card without a new one does.
func (s *Surface) confirmCancelCard(c *gin.Context, actor authz.Actor) error {
	return s.confirmStop(c, actor, cancelStop)
}

// cancelCard ends a lost card's code; a new one can be made later.
func (s *Surface) cancelCard(c *gin.Context, actor authz.Actor) error {
	return s.stopNow(c, actor, cancelStop, uuid.Nil, func(ctx context.Context, id uuid.UUID, _ string) error {
		return s.Beneficiaries.CancelCard(ctx, actor, id)
	})
}

// newCard makes a new code and shows it, this once.
func (s *Surface) newCard(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	code, err := s.Beneficiaries.ReissueCard(c.Request.Context(), actor, d.m.ID)
	if err != nil {
		return s.showStop(c, d, cardStop, stopAnswer{form: form.New(d.page.Printer), err: err})
	}
	v, err := s.signedViewOf(d, code)
	if err != nil {
		return err
	}
	v.Title, v.Lead = d.page.T("mandate.card.done_title"), d.page.T("mandate.card.done_lead")
	return web.Render(c, http.StatusOK, signedPage(d.page, v))
}

// witness is the page of a colleague who saw and heard the person agree.
func (s *Surface) witness(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.next() == "" {
		return web.SeeOther(c, d.href(""))
	}
	return s.showWitness(c, d, form.New(d.page.Printer), stepAnswer{})
}

// witnessView is what the colleague reads.
type witnessView struct {
	stepView
	Hash     string
	Texts    []readText
	Mediator string
	// Self: the mediator of the mandate opened it; they may not witness (CO-04).
	Self bool
	// Asked: the mediator chose this way.
	Asked bool
}

func (s *Surface) showWitness(c *gin.Context, d deal, f *form.Form, answer stepAnswer) error {
	v := witnessView{stepView: s.stepViewOf(c, d, f, answer, 5), Hash: hex.EncodeToString(d.m.PayloadHash), Mediator: d.m.MediatorName,
		Self: d.actor.Account == d.m.Mediator, Asked: d.m.State == mandates.Awaiting && d.m.Method == mandates.MethodWitness}
	if v.Asked && !v.Self {
		sheet, err := s.Mandates.Sheet(c.Request.Context(), d.actor, d.m.ID)
		if err != nil {
			return err
		}
		if v.Texts, err = readTextsOf(d.page, sheet); err != nil {
			return err
		}
	}
	return web.Render(c, status(f, answer.refused, answer.stale), witnessPage(d.page, v))
}

// witnessNow signs for somebody who cannot (CO-04).
func (s *Surface) witnessNow(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.next() == "" {
		return d.moved(c)
	}
	f, err := form.Parse(c.Writer, c.Request, d.page.Printer)
	if err != nil {
		return err
	}
	if f.Required("saw", "witness_saw") == "" {
		return s.showWitness(c, d, f, stepAnswer{})
	}
	hash, _ := hex.DecodeString(f.Value("hash"))
	signed, err := s.Mandates.SignAsWitness(c.Request.Context(), actor, d.m.ID, mandates.Signature{Version: versionOf(f), PayloadHash: hash})
	if err == nil {
		d.m = signed.Mandate
		return s.showSigned(c, d, signed)
	}
	answer, err := s.answerOf(c, &d, f, err)
	if err != nil {
		return err
	}
	return s.showWitness(c, d, f, answer)
}
