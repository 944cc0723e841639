package mandates

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// EndingSoon is how far ahead "ending soon" looks.
const EndingSoon = 30 * 24 * time.Hour

// Get reads one mandate with its lines and evidence, or problem.NotFound. A
// supervisor's look is an event.
func (s *Service) Get(ctx context.Context, actor authz.Actor, id uuid.UUID) (Mandate, error) {
	m, err := loadMandate(s.commands.Store().ReadHot(ctx), id)
	if err != nil {
		return Mandate{}, err
	}
	org, err := s.orgs.Facts(ctx, m.Organisation)
	if err != nil {
		return Mandate{}, err
	}
	if err := s.readMandate(ctx, actor, m, org.Territory); err != nil {
		return Mandate{}, err
	}
	if m.Evidences, err = loadEvidences(s.commands.Store().ReadHot(ctx), id); err != nil {
		return Mandate{}, fmt.Errorf("load evidence: %w", err)
	}
	grants, err := loadGrants(s.commands.Store().ReadHot(ctx), id)
	m.Grants = grants[id]
	return m, err
}

// readMandate decides on reading, and leaves an event when a supervisor looks:
// the person can list it (DESIGN §5, 4).
func (s *Service) readMandate(ctx context.Context, actor authz.Actor, m Mandate, territory string) error {
	d := s.commands.Decide(actor, authz.MandateRead, m.object(territory))
	if !d.Allowed || d.Role != authz.Supervisor {
		return d.Err()
	}
	return s.commands.Run(ctx, actor, "mandate.read", func(tx *command.Tx) error {
		if err := tx.Decide(authz.MandateRead, m.object(territory), m.about()); err != nil {
			return err
		}
		return tx.Append(m.event(translog.LogViewed, nil))
	})
}

// OfBeneficiary lists a person's mandates in one organisation, newest first.
// The person sees those that were signed; staff see drafts too.
func (s *Service) OfBeneficiary(ctx context.Context, actor authz.Actor, beneficiary uuid.UUID) ([]Mandate, error) {
	all, err := mandatesOf(s.commands.Store().ReadHot(ctx), beneficiary)
	if err != nil {
		return nil, err
	}
	out, ids := all[:0], []uuid.UUID{}
	for _, m := range all {
		if actor.Beneficiary != uuid.Nil && m.SignedAt.IsZero() {
			continue
		}
		d := s.commands.Decide(actor, authz.MandateRead, m.object(m.territory))
		if !d.Allowed {
			continue
		}
		if d.Role == authz.Supervisor && len(out) == 0 { // one look, one event
			if err := s.readMandate(ctx, actor, m, m.territory); err != nil {
				return nil, err
			}
		}
		out, ids = append(out, m), append(ids, m.ID)
	}
	if len(out) == 0 {
		return out, nil
	}
	grants, err := loadGrants(s.commands.Store().ReadHot(ctx), ids...)
	for i := range out {
		out[i].Grants = grants[out[i].ID]
	}
	return out, err
}

// EvidenceContent reads the drawn signature or the scan of a mandate.
func (s *Service) EvidenceContent(ctx context.Context, actor authz.Actor, mandate, evidence uuid.UUID) (mediaType string, content []byte, err error) {
	if _, err := s.Get(ctx, actor, mandate); err != nil {
		return "", nil, err
	}
	return loadEvidenceContent(ctx, s.commands.Store(), mandate, evidence)
}

// The lists of "my people".
const (
	ListAll      = "all"
	ListActive   = "active"
	ListAwaiting = "awaiting"
	ListEnding   = "ending"
	ListEnded    = "ended"
)

// Lists are the lists of "my people", in page order.
func Lists() []string { return []string{ListAll, ListActive, ListAwaiting, ListEnding, ListEnded} }

// People gives one page of an organisation's people, one row each (MA-12).
func (s *Service) People(ctx context.Context, actor authz.Actor, q PeopleQuery) (PeoplePage, error) {
	obj := authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.BeneficiarySearch, obj).Err(); err != nil {
		return PeoplePage{}, err
	}
	if q.List == "" {
		q.List = ListAll
	}
	if q.Limit <= 0 || q.Limit > 100 {
		q.Limit = 25
	}
	if q.Text = line(q.Text); len(q.Text) > 200 {
		return PeoplePage{}, problem.Invalid(problem.At("text", "too_long"))
	}
	if err := s.phoneInText(ctx, actor, &q); err != nil {
		return PeoplePage{}, err
	}
	after, err := parsePeopleCursor(q.Cursor)
	if err != nil {
		return PeoplePage{}, err
	}
	st := s.commands.Store()
	rows, err := s.peopleRows(ctx, actor.Organisation, q, after, st.Now())
	if err != nil {
		return PeoplePage{}, fmt.Errorf("list people: %w", err)
	}
	page := PeoplePage{}
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		page.Next = peopleCursor{last.Folded, last.ID}.String()
	}
	if page.Rows, err = s.lines(ctx, rows); err != nil {
		return PeoplePage{}, err
	}
	if q.Cursor == "" && q.Text == "" && q.Phone == "" && q.BirthDate.IsZero() {
		page.Counts, err = s.counts.Do(ctx, actor.Organisation)
	}
	return page, err
}

// phoneInText takes a number typed as the text for a phone.
func (s *Service) phoneInText(ctx context.Context, actor authz.Actor, q *PeopleQuery) error {
	if digits(q.Text) < 6 || q.Phone != "" {
		return nil
	}
	org, err := s.orgs.Facts(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	pack, err := s.packs.Get(org.Pack)
	if err != nil {
		return err
	}
	if number, ok := beneficiaries.Phone(pack, q.Text); ok {
		q.Text, q.Phone = "", number
	}
	return nil
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// lines adds the mandates' facts to one page of people, in one query.
func (s *Service) lines(ctx context.Context, rows []personRow) ([]PersonLine, error) {
	out := make([]PersonLine, len(rows))
	ids := make([]uuid.UUID, len(rows))
	at := make(map[uuid.UUID]*PersonLine, len(rows))
	for i, r := range rows {
		out[i] = r.line()
		ids[i], at[r.ID] = r.ID, &out[i]
	}
	if len(ids) == 0 {
		return out, nil
	}
	st := s.commands.Store()
	tags, err := s.tagsOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("load tags: %w", err)
	}
	now := st.Now()
	for _, t := range tags {
		t.addTo(at[t.BeneficiaryID], now)
	}
	return out, nil
}

// Home is what a mediator sees first: who waits, what ends soon, my cases.
func (s *Service) Home(ctx context.Context, actor authz.Actor) (Home, error) {
	obj := authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation}
	if err := s.commands.Decide(actor, authz.BeneficiarySearch, obj).Err(); err != nil {
		return Home{}, err
	}
	var h Home
	var err error
	st := s.commands.Store()
	if h.Waiting, err = waitingMandates(st.Read(ctx), actor.Organisation, actor.Account, 10); err != nil {
		return h, fmt.Errorf("who waits: %w", err)
	}
	rows, err := endingRows(st.Read(ctx), actor.Organisation, st.Now(), 10)
	if err != nil {
		return h, fmt.Errorf("what ends soon: %w", err)
	}
	if h.EndingSoon, err = s.lines(ctx, rows); err != nil {
		return h, err
	}
	mine, err := s.OpenCases(ctx, actor, "", 10)
	h.Cases = mine.Cases
	return h, err
}
