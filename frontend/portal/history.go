package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

// historyView is what was done, day by day.
type historyView struct {
	Days     []dayView
	Messages []t.Moment
	Next     string // address of what is older, empty at the end
	First    bool   // the newest page
	Steps    bool   // something was done that one may disagree with
	// Organisation and Phone are who to ask.
	Organisation, Phone string
}

// dayView is one day. Small is what leads to the rest and changes nothing by
// itself, when there is enough of it to stand in the way.
type dayView struct {
	Day            string
	Moments, Small []t.Moment
}

// lineFacts are what stands under one line of the history.
type lineFacts struct {
	Note, Receipt   string
	Under           string // which mandate
	Purpose, Reason string
	Why             []string // of a refusal
	// Calm says what did not come of it, and what to do if anything.
	Calm         []string
	DisagreeHref string
	Dispute      *disputeView
}

// history shows everything that happened about the person (PO-02).
func (s *Surface) history(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	after := c.Query("after")
	lines, err := s.Review.PersonHistory(ctx, actor, after)
	if err != nil {
		return err
	}
	disputes, err := s.Mandates.Disputes(ctx, actor, mandates.DisputeQuery{Steps: stepsIn(lines.Lines)})
	if err != nil {
		return err
	}
	signed, err := s.Mandates.OfBeneficiary(ctx, actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	teller := newTeller(s.maker(page, actor.Now), disputes, signed)
	org, err := teller.organisation(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	v := historyView{First: after == "", Days: teller.days(lines.Lines), Steps: len(stepsIn(lines.Lines)) > 0, Organisation: org.Name, Phone: org.Phone}
	if lines.Next != "" {
		v.Next = historyPath + "?after=" + url.QueryEscape(lines.Next)
	}
	if v.First {
		sent, err := s.Beneficiaries.Messages(ctx, actor)
		if err != nil {
			return err
		}
		v.Messages = messageMoments(page, sent)
	}
	return web.Render(c, http.StatusOK, historyPage(page, v))
}

// stepsIn are the acts among the lines.
func stepsIn(lines []review.HistoryLine) []uuid.UUID {
	steps := []uuid.UUID{}
	for _, l := range lines {
		if isStep(l) {
			steps = append(steps, l.Step)
		}
	}
	return steps
}

// teller tells the lines of one person's history.
type teller struct {
	*maker
	disputes map[uuid.UUID]mandates.Dispute // by step
	signed   map[uuid.UUID]mandates.Mandate
	paper    bool // to be printed: nothing to press
	calmed   bool // the page has said whom a look is about
}

func newTeller(m *maker, disputes []mandates.Dispute, signed []mandates.Mandate) *teller {
	x := &teller{maker: m, disputes: map[uuid.UUID]mandates.Dispute{}, signed: map[uuid.UUID]mandates.Mandate{}}
	for _, d := range disputes {
		if known, ok := x.disputes[d.Step]; !ok || d.RaisedAt.After(known.RaisedAt) {
			x.disputes[d.Step] = d
		}
	}
	for _, s := range signed {
		x.signed[s.ID] = s
	}
	return x
}

// moment is one line, in easy words.
func (x *teller) moment(l review.HistoryLine) t.Moment {
	p := x.page
	out := t.Moment{When: p.Time(l.At), DateTime: l.At.Format(time.RFC3339), Who: who(p, l), Title: x.story(l), Icon: iconOf(l.Kind)}
	switch {
	case isStep(l):
		out.Tag = outcomeTag(p, l.Outcome)
		if l.Kind == translog.StepCorrected {
			out.Text = p.T(review.StoryKey(l.Kind))
		}
	case l.Refused() && l.Role == translog.RolePerson: // one's own wrong digits are no alarm
		out.Icon, out.Tag = t.IconClock, t.Tag{Text: p.T("portal.history.not_worked"), Tone: t.Neutral}
		out.Text = x.procedure(l)
	case l.Refused():
		out.Icon, out.Tone = t.IconShield, t.Warning
		out.Tag = t.Tag{Text: p.T("portal.history.blocked"), Tone: t.Warning}
		out.Text = x.procedure(l)
	case own(l) != "":
		out.Icon = iconOf(l.Kind)
	case l.Look():
		out.Icon, out.Tone = t.IconEye, t.Info
	default:
		out.Text = x.procedure(l)
	}
	out.Body = lineBody(p, x.facts(l))
	return out
}

// facts are what stands under a line.
func (x *teller) facts(l review.HistoryLine) lineFacts {
	f := lineFacts{Note: l.Note, Receipt: l.ReceiptNumber, Purpose: l.Purpose, Reason: l.Reason, Calm: x.calm(l)}
	if m, ok := x.signed[l.Mandate]; ok && (isStep(l) || l.Refused()) {
		f.Under = x.page.T("portal.history.under", "Date", x.page.LongDate(m.SignedAt), "End", x.page.LongDate(m.EndsAt.Add(-time.Second)))
	}
	for _, r := range l.Reasons {
		key := review.WhyKey(r)
		if !x.page.Has(key) {
			key = review.WhyKey("other")
		}
		f.Why = append(f.Why, x.page.T(key))
	}
	if !isStep(l) {
		return f
	}
	if d, ok := x.disputes[l.Step]; ok {
		words := x.disputeWords(d)
		f.Dispute = &words
	} else if !x.paper {
		f.DisagreeHref = "/mine/steps/" + l.Step.String() + "/disagree"
	}
	return f
}

func isStep(l review.HistoryLine) bool {
	return l.Step != uuid.Nil && (l.Kind == translog.StepDone || l.Kind == translog.StepCorrected || l.Kind == translog.StepReported)
}

// who is the name, or what stands for one.
func who(p t.Page, l review.HistoryLine) string {
	switch {
	case l.Role == translog.RolePerson:
		return p.T("portal.history.you")
	case l.Role == translog.RoleVisitor:
		return p.T("portal.history.somebody")
	case l.Who == "":
		return p.T("portal.history.relais")
	case l.OrganisationName != "" && (l.Role == translog.RoleMediator || l.Role == translog.RoleReferent):
		return l.Who + ", " + l.OrganisationName
	}
	return l.Who
}

// story says what happened.
func (x *teller) story(l review.HistoryLine) string {
	p := x.page
	switch {
	case isStep(l) && l.Outcome == mandates.OutcomeNotDone:
		return p.T("portal.history.not_done", "Action", p.T("action."+l.Action), "Procedure", x.procedure(l))
	case isStep(l) && l.Outcome == mandates.OutcomeFailed:
		return p.T("portal.history.failed", "Action", p.T("action."+l.Action), "Procedure", x.procedure(l))
	case isStep(l):
		return x.did(p, l.Pack, l.Procedure, l.Action)
	case l.Refused() && p.Has(review.TriedKey(l.Tried)):
		return p.T(review.TriedKey(l.Tried))
	case l.Kind == translog.MandateSigned && x.signed[l.Mandate].Method == mandates.MethodWitness:
		return p.T("story.witnessed_mandate_signed") // who cannot sign did not sign
	case own(l) != "":
		return p.T(own(l))
	case p.Has(review.StoryKey(l.Kind)):
		return p.T(review.StoryKey(l.Kind))
	}
	return p.T("portal.history.changed")
}

// own is the text of what the person did themselves, where the usual one tells
// of somebody else; empty for the rest.
func own(l review.HistoryLine) string {
	if l.Role != translog.RolePerson {
		return ""
	}
	switch l.Kind {
	case translog.SignInDone:
		return "story.own_sign_in_done"
	case translog.SignOutDone:
		return "story.own_sign_out_done"
	case translog.LogExported:
		return "story.own_log_exported"
	default:
		return ""
	}
}

// procedure is its name, empty when the line is about none.
func (x *teller) procedure(l review.HistoryLine) string {
	return x.procedureName(x.page, l.Pack, l.Procedure)
}

// procedureName is what people call it; the code itself when the pack does not
// know it any more.
func (s *Surface) procedureName(p t.Page, packID, procedure string) string {
	if pack, err := s.Packs.Get(packID); err == nil {
		if known, ok := pack.Procedure(procedure); ok {
			return known.Name.In(string(p.Lang()))
		}
	}
	return procedure
}

// outcomeTag says how a step came out.
func outcomeTag(p t.Page, outcome string) t.Tag {
	tag := t.Tag{Tone: t.Success}
	switch outcome {
	case "":
		return t.Tag{}
	case mandates.OutcomePrepared, mandates.OutcomeWaiting:
		tag.Tone = t.Info
	case mandates.OutcomeNotDone, mandates.OutcomeFailed:
		tag.Tone = t.Warning
	}
	if tag.Text = outcome; p.Has("outcome." + outcome) {
		tag.Text = p.T("outcome." + outcome)
	}
	return tag
}

// did says what was done in a procedure: "A envoyé une demande : Aide au
// logement".
func (s *Surface) did(p t.Page, packID, procedure, action string) string {
	return p.T("portal.did."+action, "Procedure", s.procedureName(p, packID, procedure))
}

// iconOf draws the rest by what it is about.
func iconOf(k translog.Kind) t.Icon {
	switch k {
	case translog.StepDone, translog.StepCorrected, translog.StepReported, translog.CaseOpened, translog.CaseClosed:
		return t.IconPaper
	case translog.MandateSigned, translog.MandatePresented, translog.MandateDrafted:
		return t.IconPen
	case translog.MandateRevoked, translog.MandateGrantRevoked, translog.MandateRenounced:
		return t.IconStop
	case translog.CardUsed, translog.CardIssued, translog.CardCancelled:
		return t.IconCard
	case translog.LogExported:
		return t.IconDownload
	case translog.PhoneCodeSent, translog.PhoneCodeConfirmed:
		return t.IconPhone
	default:
		return t.IconClock
	}
}

// messageMoments are the messages sent, with their text.
func messageMoments(p t.Page, sent []notify.Queued) []t.Moment {
	icons := map[notify.Channel]t.Icon{notify.SMS: t.IconPhone, notify.Mail: t.IconMail, notify.Letter: t.IconLetter}
	out := make([]t.Moment, 0, len(sent))
	for _, m := range sent {
		title := m.Subject
		if title == "" {
			title = p.T("portal.message." + m.Kind)
		}
		out = append(out, t.Moment{When: p.DateTime(m.CreatedAt), DateTime: m.CreatedAt.Format(time.RFC3339), Title: title,
			Who: p.T("channel." + string(m.Channel)), Icon: icons[m.Channel], Text: m.Body, Tag: stateTag(p, m)})
	}
	return out
}

// stateTag says whether a message left.
func stateTag(p t.Page, m notify.Queued) t.Tag {
	switch m.State {
	case "failed":
		return t.Tag{Text: p.T("portal.message.not_sent"), Tone: t.Warning}
	case "queued":
		return t.Tag{Text: p.T("portal.message.on_its_way"), Tone: t.Info, Icon: t.IconClock}
	}
	return t.Tag{}
}
