package mandates

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// CasePage is one page of cases.
type CasePage struct {
	Cases []Case
	Next  string // where the next page begins, empty on the last
}

// OpenCases lists what is assigned to the actor and open, without its steps: by
// the day due, those without one last. after is the Next of the page before,
// empty for the first; limit is 25 unless told, 100 at most.
func (s *Service) OpenCases(ctx context.Context, actor authz.Actor, after string, limit int) (CasePage, error) {
	obj := authz.Object{Kind: authz.KindCase, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.CaseRead, obj).Err(); err != nil {
		return CasePage{}, err
	}
	if limit <= 0 || limit > 100 {
		limit = 25
	}
	mark, err := parseOpenMark(after)
	if err != nil {
		return CasePage{}, err
	}
	found, err := openCasesOf(s.commands.Store().Read(ctx), actor.Organisation, actor.Account, mark, limit+1)
	page := CasePage{Cases: make([]Case, 0, len(found))}
	for i, h := range found {
		if i == limit {
			page.Next = markOf(page.Cases[i-1]).String()
			break
		}
		page.Cases = append(page.Cases, h.Case)
	}
	return page, err
}

// openMark is where a page of open cases ends.
type openMark struct {
	due    string // "infinity" without one
	opened time.Time
	id     uuid.UUID
}

const neverDue = "infinity"

func markOf(c Case) openMark {
	m := openMark{due: dayText(c.DueOn), opened: c.OpenedAt, id: c.ID}
	if m.due == "" {
		m.due = neverDue
	}
	return m
}

// String is the mark in an address.
func (m openMark) String() string { return fmt.Sprintf("%s_%d_%s", m.due, m.opened.UnixMicro(), m.id) }

// parseOpenMark reads it back; the zero mark is before the first.
func parseOpenMark(s string) (openMark, error) {
	if s == "" {
		return openMark{}, nil
	}
	bad := problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	parts := strings.Split(s, "_")
	if len(parts) != 3 {
		return openMark{}, bad
	}
	if _, err := time.Parse(time.DateOnly, parts[0]); err != nil && parts[0] != neverDue {
		return openMark{}, bad
	}
	micros, err1 := strconv.ParseInt(parts[1], 10, 64)
	id, err2 := uuid.Parse(parts[2])
	if err1 != nil || err2 != nil {
		return openMark{}, bad
	}
	return openMark{parts[0], time.UnixMicro(micros).UTC(), id}, nil
}
