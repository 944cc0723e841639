package mediator

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/mandates"
)

// about says what the procedure is, with its official page and the papers.
func (k caseFacts) about() []t.Row {
	return procedureRows(k.page, k.procedure)
}

// warnings are what the law keeps for the person, from the catalogue.
func (k caseFacts) warnings() []string {
	var out []string
	theme, _ := k.pack.Theme(k.procedure.Theme)
	for _, text := range []string{k.procedure.Warning.In(string(k.page.Lang())), theme.Warning.In(string(k.page.Lang()))} {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// standing says where the case is and who has it.
func (k caseFacts) standing() []t.Row {
	p := k.page
	rows := []t.Row{
		{Key: p.T("case.state.now"), Body: t.Tags([]t.Tag{caseTag(p, k.State)})},
		{Key: p.T("case.with"), Value: k.AssignedName},
		k.dueRow(),
		{Key: p.T("case.opened_on"), Value: p.Date(k.OpenedAt)},
	}
	if !k.ClosedAt.IsZero() {
		rows = append(rows, t.Row{Key: p.T("case.closed_on"), Value: p.Date(k.ClosedAt)})
	}
	if k.Mandate != uuid.Nil {
		rows = append(rows, t.Row{Key: p.T("case.mandate"), Value: p.T("mandate_state.active"),
			Action: t.Link{Text: p.T("case.see"), Href: "/mandates/" + k.Mandate.String()}})
	}
	return rows
}

func (k caseFacts) dueRow() t.Row {
	cell := dueCell(k.page, k.actor.Now, k.Case)
	row := t.Row{Key: k.page.T("mediator.case.due"), Value: cell.Text}
	if len(cell.Tags) > 0 {
		row.Body = t.Tags(cell.Tags)
	}
	if !k.State.Closed() && k.mediates() {
		row.Action = t.Link{Text: k.page.T("case.change"), Href: k.href() + "/due"}
	}
	return row
}

// stepFacts is what a moment of the timeline says besides its title.
type stepFacts struct {
	ID           string
	Lines        []string // receipt, presence, date to watch
	Note         []string // lines of the note
	Tags         []t.Tag
	CorrectsHref string
	CorrectsText string
	CorrectHref  string
	CorrectName  string
}

// moments is the timeline, newest first, as far as it is shown at once.
func (k caseFacts) moments() []t.Moment {
	out := make([]t.Moment, len(k.Steps))
	for i, st := range k.Steps {
		facts := k.factsOf(st)
		if st.Corrected {
			facts.Tags = append(facts.Tags, t.Tag{Text: k.page.T("case.step.was_corrected"), Tone: t.Warning, Icon: t.IconPen})
		}
		out[len(out)-1-i] = t.Moment{
			When: k.page.DateTime(st.At), DateTime: st.At.Format(time.RFC3339), Who: st.MediatorName,
			Title: k.page.T("action." + st.Action), Tag: outcomeTag(k.page, st.Outcome), Tone: outcomeTag(k.page, st.Outcome).Tone, Icon: actionIcon(st.Action),
			Body: stepBody(k.page, facts),
		}
	}
	return out
}

func (k caseFacts) factsOf(st mandates.Step) stepFacts {
	p := k.page
	f := stepFacts{ID: "step-" + st.ID.String()}
	if st.ReportedByName != "" {
		f.Lines = append(f.Lines, p.T("case.step.reported_by", "Name", st.ReportedByName))
	}
	if st.ReceiptNumber != "" {
		f.Lines = append(f.Lines, p.T("case.step.receipt_line", "Number", st.ReceiptNumber))
	}
	if st.Present {
		f.Lines = append(f.Lines, p.T("case.step.was_present"))
	} else if st.ReportedByName == "" { // a service cannot tell who is in the room
		f.Lines = append(f.Lines, p.T("case.step.was_absent"))
	}
	if !st.DueOn.IsZero() {
		f.Lines = append(f.Lines, p.T("case.step.due_line", "Date", calendarDay(p, st.DueOn)))
	}
	if st.Note != "" {
		f.Note = strings.Split(st.Note, "\n")
	}
	if st.Corrects != uuid.Nil && st.CorrectsAction != "" {
		f.CorrectsText = p.T("case.step.corrects", "Action", p.T("action."+st.CorrectsAction), "When", p.DateTime(st.CorrectsAt))
		f.CorrectsHref = "#step-" + st.Corrects.String()
		if !k.shows(st.Corrects) { // on a page of older ones
			f.CorrectsHref = k.href() + "?before=" + st.UpToCorrected() + f.CorrectsHref
		}
	}
	if st.Dispute != uuid.Nil {
		f.Tags = append(f.Tags, disputeTag(p, st.DisputeState))
	}
	if k.mediates() && (len(k.Answers) == 0 || slices.ContainsFunc(k.Answers, possible)) { // where nothing can be done, nothing can be corrected
		f.CorrectHref, f.CorrectName = k.href()+"/steps/"+st.ID.String()+"/correct", p.T("action."+st.Action)+", "+p.DateTime(st.At)
	}
	return f
}

// disputeOpen: the person waits for an answer.
const disputeOpen = "open"

// disputeTag says that the person disagrees, and whether they were answered.
func disputeTag(p t.Page, state string) t.Tag {
	if state == disputeOpen {
		return t.Tag{Text: p.T("case.dispute.open"), Tone: t.Danger, Icon: t.IconAlert}
	}
	return t.Tag{Text: p.T("case.dispute.answered"), Tone: t.Info, Icon: t.IconCheck}
}

// outcomeTag is what came of a step in a word, an icon and a colour.
func outcomeTag(p t.Page, outcome string) t.Tag {
	tag := t.Tag{Text: p.T("outcome." + outcome), Tone: t.Info, Icon: t.IconCheck}
	switch outcome {
	case mandates.OutcomeSubmitted, mandates.OutcomeDone:
		tag.Tone = t.Success
	case mandates.OutcomeWaiting:
		tag.Icon = t.IconClock
	case mandates.OutcomeAnswer:
		tag.Icon = t.IconMail
	case mandates.OutcomeFailed:
		tag.Tone, tag.Icon = t.Warning, t.IconCross
	case mandates.OutcomeNotDone:
		tag.Tone, tag.Icon = t.Neutral, t.IconStop
	}
	return tag
}

// actionIcons draw what was done.
var actionIcons = map[string]t.Icon{"view": t.IconEye, "prepare": t.IconPaper, "submit": t.IconArrow, "correspond": t.IconMail,
	"change_contact": t.IconPerson, "change_payment": t.IconEuro}

func actionIcon(action string) t.Icon { return actionIcons[action] }
