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
}

// dayView is one day.
type dayView struct {
	Day     string
	Moments []t.Moment
}

// lineFacts are what stands under one line of the history.
type lineFacts struct {
	Where, Note, Receipt string
	Purpose, Reason      string
	Why                  []string // of a refusal
	DisagreeHref         string
	Dispute              *disputeView
}

// history shows everything that happened about the person (PO-02).
func (s *Surface) history(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	after := c.Query("after")
	lines, err := s.Review.PersonHistory(ctx, actor, after)
	if err != nil {
		return err
	}
	disputes, err := s.Mandates.Disputes(ctx, actor, mandates.DisputeQuery{Limit: 200})
	if err != nil {
		return err
	}
	v := historyView{First: after == "", Days: s.days(s.maker(page, actor.Now), lines.Lines, disputes)}
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

// days cuts the lines by the organisation's days.
func (s *Surface) days(m *maker, lines []review.HistoryLine, disputes []mandates.Dispute) []dayView {
	of := make(map[uuid.UUID]mandates.Dispute, len(disputes))
	for _, d := range disputes {
		if known, ok := of[d.Step]; !ok || d.RaisedAt.After(known.RaisedAt) {
			of[d.Step] = d
		}
	}
	var days []dayView
	for _, l := range lines {
		day := m.page.Date(l.At)
		if len(days) == 0 || days[len(days)-1].Day != day {
			days = append(days, dayView{Day: day})
		}
		last := &days[len(days)-1]
		last.Moments = append(last.Moments, s.moment(m, l, of))
	}
	return days
}

// moment is one line, in easy words.
func (s *Surface) moment(m *maker, l review.HistoryLine, disputes map[uuid.UUID]mandates.Dispute) t.Moment {
	p := m.page
	f := lineFacts{Where: l.OrganisationName, Note: l.Note, Receipt: l.ReceiptNumber, Purpose: l.Purpose, Reason: l.Reason}
	out := t.Moment{When: p.Time(l.At), DateTime: l.At.Format(time.RFC3339), Who: s.who(p, l), Title: s.story(p, l)}
	switch {
	case l.Refused():
		out.Icon, out.Tone = t.IconShield, t.Warning
		out.Tag = t.Tag{Text: p.T("portal.history.blocked"), Tone: t.Warning}
		for _, r := range l.Reasons {
			if key := review.WhyKey(r); p.Has(key) {
				f.Why = append(f.Why, p.T(key))
			}
		}
	case l.Look():
		out.Icon, out.Tone = t.IconEye, t.Info
	default:
		out.Icon = iconOf(l.Kind)
	}
	if isStep(l) {
		if d, ok := disputes[l.Step]; ok {
			words := m.disputeWords(d)
			f.Dispute = &words
		} else {
			f.DisagreeHref = "/mine/steps/" + l.Step.String() + "/disagree"
		}
	}
	out.Body = lineBody(p, f)
	return out
}

func isStep(l review.HistoryLine) bool {
	return l.Step != uuid.Nil && (l.Kind == translog.StepDone || l.Kind == translog.StepCorrected)
}

// who is the name, or what stands for one.
func (s *Surface) who(p t.Page, l review.HistoryLine) string {
	switch {
	case l.Role == translog.RolePerson:
		return p.T("portal.history.you")
	case l.Who == "":
		return p.T("portal.history.relais")
	}
	return l.Who
}

// story says what happened.
func (s *Surface) story(p t.Page, l review.HistoryLine) string {
	switch {
	case isStep(l):
		return s.did(p, l.Pack, l.Procedure, l.Action)
	case l.Refused():
		if key := review.TriedKey(l.Tried); p.Has(key) {
			return p.T(key)
		}
		return p.T("portal.history.tried")
	}
	if key := review.StoryKey(l.Kind); p.Has(key) {
		return p.T(key)
	}
	return p.T("portal.history.changed")
}

// did says what was done in a procedure: "A envoyé une demande : Aide au
// logement".
func (s *Surface) did(p t.Page, packID, procedure, action string) string {
	name := procedure
	if pack, err := s.Packs.Get(packID); err == nil {
		if x, ok := pack.Procedure(procedure); ok {
			name = x.Name.In(string(p.Lang()))
		}
	}
	return p.T("portal.did."+action, "Procedure", name)
}

// iconOf draws the rest by what it is about.
func iconOf(k translog.Kind) t.Icon {
	switch k {
	case translog.StepDone, translog.StepCorrected, translog.CaseOpened, translog.CaseClosed:
		return t.IconPaper
	case translog.MandateSigned, translog.MandatePresented, translog.MandateDrafted:
		return t.IconPen
	case translog.MandateRevoked, translog.MandateGrantRevoked, translog.MandateRenounced:
		return t.IconStop
	case translog.CardUsed, translog.CardIssued, translog.CardCancelled:
		return t.IconCard
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
