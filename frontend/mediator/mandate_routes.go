package mediator

import (
	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
)

// mandateRoutes: a mandate from the first choice to its end, in page order.
func (s *Surface) mandateRoutes() []desk.Route {
	draft := authz.Perm(authz.KindMandate, authz.MandateDraft)
	present := authz.Perm(authz.KindMandate, authz.MandatePresent)
	sign := authz.Perm(authz.KindMandate, authz.MandateSign)
	witness := authz.Perm(authz.KindMandate, authz.MandateWitness)
	void := authz.Perm(authz.KindMandate, authz.MandateVoid)
	revoke := authz.Perm(authz.KindMandate, authz.MandateRevoke)
	renounce := authz.Perm(authz.KindMandate, authz.MandateRenounce)
	read := authz.Perm(authz.KindMandate, authz.MandateRead)
	print := authz.Perm(authz.KindMandate, authz.MandatePrint)
	card := authz.Perm(authz.KindCard, authz.CardIssue)
	cancel := authz.Perm(authz.KindCard, authz.CardCancel)
	return []desk.Route{
		desk.Post("/people/:id/mandates", draft, s.beginMandate),
		desk.Get("/mandates/:id", read, s.mandate),
		desk.Get("/mandates/:id/what", draft, s.what),
		desk.Post("/mandates/:id/what", draft, s.chooseWhat),
		desk.Get("/mandates/:id/how-long", draft, s.howLong),
		desk.Post("/mandates/:id/how-long", draft, s.chooseHowLong),
		desk.Get("/mandates/:id/read", present, s.readTogether),
		desk.Post("/mandates/:id/read", present, s.presentText),
		desk.Get("/mandates/:id/sign", sign, s.sign),
		desk.Post("/mandates/:id/sign", sign, s.signNow),
		desk.Get("/mandates/:id/waiting", sign, s.waiting),
		desk.Get("/mandates/:id/witness", witness, s.witness),
		desk.Post("/mandates/:id/witness", witness, s.witnessNow),
		desk.Get("/mandates/:id/void", void, s.confirmVoid),
		desk.Post("/mandates/:id/void", void, s.voidNow),
		desk.Get("/mandates/:id/revoke", revoke, s.confirmRevoke),
		desk.Post("/mandates/:id/revoke", revoke, s.revokeNow),
		desk.Get("/mandates/:id/grants/:grant/revoke", revoke, s.confirmRevokeGrant),
		desk.Post("/mandates/:id/grants/:grant/revoke", revoke, s.revokeGrantNow),
		desk.Get("/mandates/:id/renounce", renounce, s.confirmRenounce),
		desk.Post("/mandates/:id/renounce", renounce, s.renounceNow),
		desk.Post("/mandates/:id/renew", draft, s.renewMandate),
		desk.Get("/mandates/:id/card", card, s.confirmCard),
		desk.Post("/mandates/:id/card", card, s.newCard),
		desk.Get("/mandates/:id/card/cancel", cancel, s.confirmCancelCard),
		desk.Post("/mandates/:id/card/cancel", cancel, s.cancelCard),
		desk.Post("/mandates/:id/card.pdf", print, s.cardPDF),
		desk.Get("/mandates/:id/document.pdf", print, s.documentPDF),
		desk.Get("/mandates/:id/evidence/:evidence", read, s.evidence),
	}
}
