package review

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// PersonHistory gives a person everything that happened about them: what they
// and others did, what was refused, and who looked and why (PO-02). It needs
// the phone tier: problem.KindForbidden with "needs_phone_code" otherwise.
// cursor is HistoryPage.Next of the page before, empty to begin.
func (s *Service) PersonHistory(ctx context.Context, actor authz.Actor, cursor string) (HistoryPage, error) {
	obj := authz.Object{Kind: authz.KindLog, Organisation: actor.Organisation, Beneficiary: actor.Beneficiary}
	if actor.Beneficiary == uuid.Nil {
		return HistoryPage{}, problem.NotFound()
	}
	if err := s.commands.Decide(actor, authz.LogRead, obj).Err(); err != nil {
		return HistoryPage{}, err
	}
	before, err := readCursor(cursor)
	if err != nil {
		return HistoryPage{}, err
	}
	rows, err := historyRows(s.commands.Store().Read(ctx), actor.Beneficiary, before, defaultLimit+1)
	if err != nil {
		return HistoryPage{}, problem.Wrap(err, "read the history")
	}
	entries, err := entriesOf(rows)
	if err != nil {
		return HistoryPage{}, err
	}
	page := HistoryPage{}
	entries, page.Next = cut(entries, defaultLimit)
	for _, e := range entries {
		page.Lines = append(page.Lines, e.line())
	}
	return page, nil
}

// line is an entry as its person reads it: no facts.
func (e Entry) line() HistoryLine {
	l := HistoryLine{
		At: e.At, ID: e.EventID, Kind: e.Kind, Role: e.ActorRole, OrganisationName: e.OrganisationName,
		Mandate: e.Mandate, Case: e.Case, Step: e.Step, Procedure: e.Procedure, Action: e.Action, Outcome: e.Outcome, Pack: e.Pack,
		Reasons: e.Reasons, Tried: e.Command,
		Note: cmp.Or(e.Text("note"), e.Text("answer"), e.Text("text")), ReceiptNumber: e.Text("receipt_number"), Reason: e.Text("reason"),
	}
	if e.ActorRole != translog.RolePerson {
		l.Who = e.ActorName
	}
	if l.Who != "" {
		l.Actor = e.ActorID
	}
	if IsLook(e.Kind) {
		l.Purpose = e.Text("purpose")
	}
	if id, err := uuid.Parse(e.Text("corrects")); err == nil {
		l.Corrects = id
	}
	return l
}
