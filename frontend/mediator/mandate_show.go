package mediator

import (
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/mandates"
)

// mandate shows one mandate; a draft goes on where it was left.
func (s *Surface) mandate(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if step := d.next(); step != "" && s.may(actor, authz.KindMandate, authz.MandateDraft, d.m.Beneficiary) {
		return web.SeeOther(c, d.href(step))
	}
	return s.showMandate(c, d, nil)
}

// mandateView is the page of a mandate.
type mandateView struct {
	Refused   *desk.Refusal
	Banner    *t.PersonBanner
	Title     string
	Tag       t.Tag
	Href      string
	Reference string
	Alert     *mandateAlert
	Until     string
	Lines     []mandateLine
	Facts     []t.Row
	Proofs    []t.Row
	Technical []t.Row
	Papers    bool
	Act       string // where to open a case; empty: not now
	RenewKey  string // empty: cannot be renewed
	MayStop   bool
	MayCard   bool
	MayCancel bool // the card, without a new one
}

// mandateAlert says what is special about the state.
type mandateAlert struct {
	Tone        t.Tone
	Title, Text string
}

// mandateLine is one line of the scope, with how to stop it alone.
type mandateLine struct {
	scopeLine
	Icon     t.Icon
	Warning  bool
	StopHref string
}

func (s *Surface) showMandate(c *gin.Context, d deal, refused *desk.Refusal) error {
	p, state := d.page, d.state()
	tag := stateTag(p, state)
	v := mandateView{Refused: refused, Banner: d.banner(), Tag: tag, Href: d.href(""), Reference: mandates.Reference(d.m.ID), Alert: d.alert(state),
		Title: p.T("mandate.show.title", "Name", d.name()), Lines: d.mandateLines(state), Facts: d.facts(), Proofs: d.proofs(), Technical: d.technical(),
		Papers: len(d.m.Payload) > 0 && !d.m.SignedAt.IsZero()}
	if state.Live() {
		v.Until = p.T("mandate.show.until", "Date", lastDay(p, d.m.EndsAt))
		v.MayStop = s.mayDo(d, authz.KindMandate, authz.MandateRevoke)
		v.MayCard = s.mayDo(d, authz.KindCard, authz.CardIssue)
		v.MayCancel = s.mayDo(d, authz.KindCard, authz.CardCancel)
	}
	if state == mandates.Active && s.mayDo(d, authz.KindMandate, authz.MandateDraft) {
		v.Act = "/cases/new?person=" + d.m.Beneficiary.String()
	}
	if d.m.Renewable(d.actor.Now) && s.mayDo(d, authz.KindMandate, authz.MandateDraft) {
		v.RenewKey = s.NewKey()
	}
	code := http.StatusOK
	if refused != nil {
		code = http.StatusConflict
	}
	return web.Render(c, code, mandatePage(p, v))
}

// mayDo is worth a button: a fresh sign-in can still be asked for on the way.
func (s *Surface) mayDo(d deal, kind authz.Kind, action authz.Action) bool {
	return s.may(d.actor, kind, action, d.m.Beneficiary)
}

// mandateLines are the scope as plain sentences.
func (d deal) mandateLines(state mandates.State) []mandateLine {
	view := personView{page: d.page, pack: d.pack, now: d.actor.Now}
	var out []mandateLine
	for i, line := range view.scope(d.m) {
		if i >= len(d.m.Grants) {
			break
		}
		g := d.m.Grants[i]
		theme, _ := d.pack.Theme(g.Theme)
		line.What = capital(line.What)
		l := mandateLine{scopeLine: line, Icon: desk.ThemeIcon(theme), Warning: mandates.Draft{Grants: []mandates.GrantChoice{{Actions: g.Actions}}}.Sensitive()}
		if state.Live() && g.State == "active" && len(d.m.Grants) > 1 {
			l.StopHref = d.href("/grants/" + g.ID.String() + "/revoke")
		}
		out = append(out, l)
	}
	return out
}

// alert says why a mandate does not hold, or not now.
func (d deal) alert(state mandates.State) *mandateAlert {
	p := d.page
	by := func() string {
		if p.Has("mandate.by." + d.m.EndedBy) {
			return p.T("mandate.by." + d.m.EndedBy)
		}
		return p.T("mandate.by.system")
	}
	reason := ""
	if d.m.EndReason != "" {
		if _, err := uuid.Parse(d.m.EndReason); err != nil {
			reason = " " + p.T("mandate.show.reason", "Reason", d.m.EndReason)
		}
	}
	switch state {
	case mandates.Suspended:
		if d.m.HeldAbove() {
			return &mandateAlert{t.Warning, p.T("mandate.show.held_above"), p.T("mandate.show.held_above_text", "Name", d.m.SuspendedByName, "Reason", d.m.SuspendedReason)}
		}
		return &mandateAlert{t.Warning, p.T("mandate.show.suspended"), p.T("mandate.show.suspended_text", "Reason", d.m.SuspendedReason)}
	case mandates.Expired:
		return &mandateAlert{t.Neutral, p.T("mandate.show.expired"), p.T("mandate.show.expired_text", "Date", lastDay(p, d.m.EndsAt))}
	case mandates.Revoked, mandates.Renounced:
		return &mandateAlert{t.Neutral, p.T("mandate.show.stopped"), p.T("mandate.show.stopped_text", "Date", p.DateTime(d.m.EndedAt), "By", by()) + reason}
	case mandates.Superseded:
		return &mandateAlert{t.Neutral, p.T("mandate.show.superseded"), p.T("mandate.show.superseded_text", "Date", p.Date(d.m.EndedAt))}
	case mandates.Void:
		return &mandateAlert{t.Neutral, p.T("mandate.show.void"), p.T("mandate.show.void_text", "Date", p.Date(d.m.EndedAt)) + reason}
	case mandates.Drafted, mandates.Presented, mandates.Awaiting:
		return &mandateAlert{t.Info, p.T("mandate.show.unsigned"), p.T("mandate.show.unsigned_text", "Mediator", d.m.MediatorName)}
	case mandates.Active:
	}
	if d.m.OrganisationSuspended {
		return &mandateAlert{t.Warning, p.T("mandate.show.organisation"), p.T("mandate.show.organisation_text")}
	}
	return nil
}

// facts are who, when and in which language.
func (d deal) facts() []t.Row {
	p, m := d.page, d.m
	rows := []t.Row{{Key: p.T("mandate.show.organisation_label"), Value: d.org.Name}, {Key: p.T("mandate.show.mediator"), Value: m.MediatorName}}
	if !m.SignedAt.IsZero() {
		rows = append(rows, t.Row{Key: p.T("mandate.show.from"), Value: p.DateTime(m.SignedAt)})
	}
	if !m.EndsAt.IsZero() {
		rows = append(rows, t.Row{Key: p.T("mandate.show.last_day"), Value: lastDay(p, m.EndsAt)})
	}
	rows = append(rows, t.Row{Key: p.T("mandate.show.language"), Value: languageName(p, m.Language)})
	if m.Interpreter != "" {
		rows = append(rows, t.Row{Key: p.T("mandate.sofar.interpreter"), Value: m.Interpreter})
	}
	if m.Draft.Representative != "" {
		rows = append(rows, t.Row{Key: p.T("mandate.show.representative"), Value: m.Draft.Representative})
	}
	if m.Draft.ConflictAnswer != "" && m.Draft.ConflictAnswer != mandates.Conflicts()[0] {
		rows = append(rows, t.Row{Key: p.T("mandate.show.conflict"), Value: p.T("conflict." + m.Draft.ConflictAnswer)})
	}
	return rows
}

// proofs say who consented, how and when.
func (d deal) proofs() []t.Row {
	p := d.page
	var rows []t.Row
	for _, e := range d.m.Evidences {
		row := t.Row{Key: p.T("method." + e.Method), Lines: []string{p.DateTime(e.CollectedAt)}}
		if e.WitnessName != "" {
			row.Lines = append(row.Lines, p.T("mandate.show.witness", "Name", e.WitnessName))
		}
		if e.MediaType != "" {
			row.Action = t.Link{Text: p.T("mandate.show.see"), Href: d.href("/evidence/" + e.ID.String())}
		}
		rows = append(rows, row)
	}
	return rows
}

// technical is what an expert compares.
func (d deal) technical() []t.Row {
	p, m := d.page, d.m
	if len(m.PayloadHash) == 0 || m.SignedAt.IsZero() {
		return nil
	}
	rows := []t.Row{{Key: p.T("mandate.show.fingerprint"), Value: grouped(hex.EncodeToString(m.PayloadHash))}, {Key: p.T("mandate.show.key"), Value: keyOf(m.JWS)},
		{Key: p.T("mandate.show.consent"), Value: m.ConsentVersion}, {Key: p.T("mandate.show.catalogue"), Value: m.CatalogueVersion}}
	for _, e := range m.Evidences {
		rows = append(rows, t.Row{Key: p.T("mandate.show.evidence_hash"), Value: grouped(hex.EncodeToString(e.Hash))})
	}
	return rows
}

// grouped cuts a fingerprint as it is printed.
func grouped(hash string) string {
	const group = 8
	var out []string
	for len(hash) > group {
		out, hash = append(out, hash[:group]), hash[group:]
	}
	return strings.Join(append(out, hash), " ")
}

// tags mark what moves letters or money, and what was stopped.
func (l mandateLine) tags(p t.Page) []t.Tag {
	var out []t.Tag
	if l.Warning {
		out = append(out, t.Tag{Text: p.T("mandate.show.sensitive"), Tone: t.Warning})
	}
	if l.Ended != "" {
		out = append(out, t.Tag{Text: l.Ended, Icon: t.IconStop})
	}
	return out
}
