package organisations_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

func facts(o organisations.Organisation) organisations.Changes {
	return organisations.Changes{
		Name: o.Name, Kind: o.Kind, Pack: o.Pack, TimeZone: o.TimeZone, Territory: o.Territory,
		Address: o.Address, City: o.City, Phone: o.Phone, Email: o.Email, AllowedThemes: o.AllowedThemes,
	}
}

func TestChangeOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o, err := h.Organisation(t.Context(), h.asOperator(), h.org)
	must(t, err)
	in := facts(o)
	before := len(h.events())
	must(t, h.Change(t.Context(), h.asOperator(), h.org, in))
	if len(h.events()) != before {
		t.Error("a form sent back as it was left an event")
	}
	in.Name, in.AllowedThemes = "Maison de l’État", []string{h.pack.Themes[1].Code, h.pack.Themes[0].Code}
	e := h.adds(translog.OrganisationChanged, func() error { return h.Change(t.Context(), h.asOperator(), h.org, in) })
	if changed := e.Detail["changed"].([]any); len(changed) != 2 || changed[0] != "name" || changed[1] != "allowed_themes" {
		t.Errorf("changed %v", changed)
	}
	got, err := h.Facts(t.Context(), h.org)
	must(t, err)
	if got.Name != "Maison de l’État" || len(got.AllowedThemes) != 2 || got.City != "Rennes" || got.TimeZone != "Europe/Paris" {
		t.Errorf("is %+v", got)
	}
	in.Pack = "es-as"
	err = h.Change(t.Context(), h.asOperator(), h.org, organisations.Changes(in))
	if p := problem.As(err); len(p.Fields) == 0 {
		t.Errorf("the pack changed: %v", err)
	}
	h.refuses("forbidden", func() error { return h.Change(t.Context(), h.asReferent(), h.org, in) })
}

func TestRestrictThemes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	one := h.pack.Themes[0].Code
	h.adds(translog.OrganisationChanged, func() error { return h.Restrict(t.Context(), h.asReferent(), h.org, []string{one, one}) })
	if got, err := h.Facts(t.Context(), h.org); err != nil || !slices.Equal(got.AllowedThemes, []string{one}) {
		t.Errorf("allows %v (%v)", got.AllowedThemes, err)
	}
	if p := problem.As(h.Restrict(t.Context(), h.asReferent(), h.org, []string{"witchcraft"})); len(p.Fields) != 1 || p.Fields[0].Code != "unknown_theme" {
		t.Errorf("a theme nobody knows: %v", p)
	}
	m := h.confirmed("Paul Morel")
	h.refuses("forbidden", func() error { return h.Restrict(t.Context(), h.as(m.Account, h.org), h.org, nil) })
	must(t, h.Restrict(t.Context(), h.asReferent(), h.org, nil))
	if got, err := h.Facts(t.Context(), h.org); err != nil || len(got.AllowedThemes) != 0 {
		t.Errorf("allows %v (%v)", got.AllowedThemes, err)
	}
}

func TestWhatIsTypedIsChecked(t *testing.T) {
	t.Parallel()
	h := setup(t)
	good := organisations.NewOrganisation{Name: "Mairie", Pack: "fr", TimeZone: "Europe/Paris"}
	for name, c := range map[string]struct {
		field, code string
		with        func(*organisations.NewOrganisation)
	}{
		"no name":     {"name", "required", func(n *organisations.NewOrganisation) { n.Name = "  " }},
		"one letter":  {"name", "text_too_short", func(n *organisations.NewOrganisation) { n.Name = "M" }},
		"a long name": {"name", "too_long", func(n *organisations.NewOrganisation) { n.Name = strings.Repeat("é", 201) }},
		"two lines":   {"name", "unreadable_characters", func(n *organisations.NewOrganisation) { n.Name = "Mairie\nde Vitré" }},
		"turned":      {"name", "unreadable_characters", func(n *organisations.NewOrganisation) { n.Name = "Mairie \u202eértiV" }},
		"pack":        {"pack", "unknown_pack", func(n *organisations.NewOrganisation) { n.Pack = "zz" }},
		"zone":        {"time_zone", "unknown_zone", func(n *organisations.NewOrganisation) { n.TimeZone = "Local" }},
		"phone":       {"phone", "contact_phone_form", func(n *organisations.NewOrganisation) { n.Phone = "call me" }},
		"email":       {"email", "email_form", func(n *organisations.NewOrganisation) { n.Email = "a@b" }},
		"header":      {"email", "unreadable_characters", func(n *organisations.NewOrganisation) { n.Email = "a@b.example\r\nBcc: c@d.example" }},
		"theme":       {"allowed_themes", "unknown_theme", func(n *organisations.NewOrganisation) { n.AllowedThemes = []string{"witchcraft"} }},
	} {
		in := good
		c.with(&in)
		_, err := h.Create(t.Context(), h.asOperator(), in)
		p := problem.As(err)
		if !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Name == c.field && f.Code == c.code }) {
			t.Errorf("%s: %v, want %s=%s", name, err, c.field, c.code)
		}
	}
	m := h.confirmed("Paul Morel")
	err := h.Suspend(t.Context(), h.asReferent(), m.ID, "his password: Soleil2026!")
	if p := problem.As(err); len(p.Fields) != 1 || p.Fields[0].Code != "secret_in_text" {
		t.Errorf("a secret in a reason: %v", err)
	}
	tomorrow := h.clock.Now().Add(day)
	for name, in := range map[string]organisations.Training{
		"in future":   {CompletedOn: tomorrow},
		"no day":      {},
		"ends before": {CompletedOn: h.clock.Now(), ExpiresOn: h.clock.Now().Add(-day)},
		"a century":   {CompletedOn: h.clock.Now(), ExpiresOn: h.clock.Now().AddDate(100, 0, 0)},
	} {
		in.Membership, in.Course, in.Evidence = m.ID, "Aidants Connect", "Certificate"
		if p := problem.As(h.RecordTraining(t.Context(), h.asReferent(), in)); p.Kind != problem.KindInvalid || len(p.Fields) != 1 {
			t.Errorf("training %s: %v", name, p)
		}
	}
}

// A day is a day there: at 23:30 UTC it is tomorrow in Rennes.
func TestTrainingTodayThere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.confirmed("Paul Morel")
	h.clock.Set(time.Date(2026, time.December, 1, 23, 30, 0, 0, time.UTC))
	in := organisations.Training{Membership: m.ID, Course: "Night school", Evidence: "List", CompletedOn: time.Date(2026, time.December, 2, 0, 0, 0, 0, time.UTC)}
	h.adds(translog.TrainingRecorded, func() error { return h.RecordTraining(t.Context(), h.asReferent(), in) })
	got, err := h.Member(t.Context(), h.asReferent(), m.ID)
	must(t, err)
	if len(got.Trainings) != 1 || got.Trainings[0].CompletedOn.Format(time.DateOnly) != "2026-12-02" || got.Trainings[0].RecordedBy != h.referent {
		t.Errorf("on record: %+v", got.Trainings)
	}
}

func TestRemits(t *testing.T) {
	t.Parallel()
	h := setup(t)
	far := h.newOrganisation("Ayuntamiento", "Oviedo")
	remit := organisations.Remit{Name: "Inès Caron", Email: "ines@control.example", Organisation: h.org}
	var id uuid.UUID
	h.adds(translog.RemitGranted, func() (err error) { id, err = h.GrantRemit(t.Context(), h.asOperator(), remit); return err })
	h.refuses("remit_exists", func() error { _, err := h.GrantRemit(t.Context(), h.asOperator(), remit); return err })
	ines := h.signIn("ines@control.example").ID
	if got := h.as(ines, uuid.Nil); !slices.Equal(got.Remit.Organisations, []uuid.UUID{h.org}) || len(got.Memberships) != 0 {
		t.Errorf("supervises %+v", got.Remit)
	}
	// SU-02: outside the remit is not there; inside, the look is an event.
	if _, err := h.Organisation(t.Context(), h.as(ines, uuid.Nil), far); !problem.Is(err, "not_found") {
		t.Errorf("outside the remit: %v", err)
	}
	h.refuses("not_found", func() error { _, err := h.Members(t.Context(), h.as(ines, uuid.Nil), far); return err })
	e := h.adds(translog.LogViewed, func() error { _, err := h.Members(t.Context(), h.as(ines, uuid.Nil), h.org); return err })
	if e.Role != "supervisor" || e.Organisation != h.org {
		t.Errorf("event %+v", e)
	}
	// SU-07: suspends a mediator, effective on the next request.
	m := h.authorised("Paul Morel")
	h.adds(translog.MembershipSuspended, func() error {
		return h.Suspend(t.Context(), h.as(ines, uuid.Nil), m.ID, "Complaint under review")
	})
	if h.mayDraft(m.Account, h.org) == nil {
		t.Error("a suspended mediator acts")
	}
	all, err := h.Supervisors(t.Context(), h.asOperator())
	must(t, err)
	if len(all) != 1 || all[0].Account != ines || len(all[0].Remits) != 1 || all[0].Remits[0].OrganisationName != "Maison France Services" {
		t.Errorf("supervisors %+v", all)
	}
	if _, err := h.Supervisors(t.Context(), h.asReferent()); err == nil {
		t.Error("a referent reads the supervisors")
	}
	h.adds(translog.RemitEnded, func() error { return h.EndRemit(t.Context(), h.asOperator(), id) })
	h.refuses("remit_over", func() error { return h.EndRemit(t.Context(), h.asOperator(), id) })
	if _, err := h.Organisation(t.Context(), h.as(ines, uuid.Nil), h.org); err == nil {
		t.Error("reads after the remit ended")
	}
	territory := organisations.Remit{Name: "Inès Caron", Email: "ines@control.example", Territory: "35"}
	_, err = h.GrantRemit(t.Context(), h.asOperator(), territory)
	must(t, err)
	page, err := h.Organisations(t.Context(), h.as(ines, uuid.Nil), organisations.Query{})
	must(t, err)
	if len(page.Rows) != 2 {
		t.Errorf("a territory shows %d organisations, want 2", len(page.Rows))
	}
	territory.Organisation = h.org
	if _, err := h.GrantRemit(t.Context(), h.asOperator(), territory); problem.As(err).Kind != problem.KindInvalid {
		t.Errorf("both at once: %v", err)
	}
}

func TestOrganisationsByPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, name := range []string{"Élan", "Zénith", "Abri", "élan", "100 % Solidaire"} {
		h.newOrganisation(name, "Vitré")
	}
	var seen []string
	q := organisations.Query{Limit: 2}
	for range 10 { // 6 by 2, and room for a fault
		page, err := h.Organisations(t.Context(), h.asOperator(), q)
		must(t, err)
		for _, o := range page.Rows {
			seen = append(seen, strings.ToLower(o.Name))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	want := []string{"100 % solidaire", "abri", "élan", "élan", "maison france services", "zénith"}
	if !slices.Equal(seen, want) {
		t.Errorf("pages show %v, want %v", seen, want)
	}
	for text, n := range map[string]int{"ELAN": 2, "rennes": 1, "%": 1, "_": 0, "": 6} {
		page, err := h.Organisations(t.Context(), h.asOperator(), organisations.Query{Text: text})
		must(t, err)
		if len(page.Rows) != n {
			t.Errorf("%q finds %d, want %d", text, len(page.Rows), n)
		}
	}
	page, err := h.Organisations(t.Context(), h.asReferent(), organisations.Query{})
	must(t, err)
	if len(page.Rows) != 1 || page.Rows[0].ID != h.org {
		t.Errorf("a referent sees %+v", page.Rows)
	}
	if _, err := h.Organisations(t.Context(), h.asOperator(), organisations.Query{Cursor: "AAAA"}); !problem.Is(err, "not_found") {
		t.Errorf("a cursor made up: %v", err)
	}
}

func TestMembersAndColleagues(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	waiting := h.invited("Émile Zola")
	members, err := h.Members(t.Context(), h.asReferent(), h.org)
	must(t, err)
	names := make([]string, len(members))
	for i, x := range members {
		names[i] = x.Name
	}
	if !slices.Equal(names, []string{"Émile Zola", "Nadia Benali", "Paul Morel"}) {
		t.Fatalf("members %v", names)
	}
	if w := members[0]; w.ID != waiting.ID || !w.InvitationEnds.Equal(h.clock.Now().Add(14*day)) || w.InvitationOver(h.clock.Now()) ||
		!w.InvitationOver(w.InvitationEnds) || w.Lacks()[0] != authz.ReasonNotConfirmed {
		t.Errorf("who waits: %+v", w)
	}
	if r := members[1]; r.Role != authz.Referent || len(r.Lacks()) != 0 || r.Authority.Allowed() {
		t.Errorf("a referent lacks %v, authority lacks %v", r.Lacks(), r.Authority.Missing)
	}
	if p := members[2]; len(p.Lacks()) != 0 || !p.InvitationEnds.IsZero() {
		t.Errorf("who lacks nothing: %+v", p)
	}
	colleagues, err := h.Colleagues(t.Context(), h.as(m.Account, h.org))
	must(t, err)
	if len(colleagues) != 2 || colleagues[0].Name != "Nadia Benali" || !slices.Equal(colleagues[1].Roles, []authz.Role{authz.Mediator}) {
		t.Errorf("colleagues %+v", colleagues)
	}
	if able, err := h.Mediators(t.Context(), h.as(m.Account, h.org)); err != nil || len(able) != 1 || able[0].Account != m.Account {
		t.Errorf("who may act: %+v, %v", able, err)
	}
	h.asOwner()(`UPDATE trainings SET completed_on = '2020-01-01', expires_on = '2020-06-01' WHERE account_id = $1`, m.Account)
	if able, err := h.Mediators(t.Context(), h.as(m.Account, h.org)); err != nil || len(able) != 0 {
		t.Errorf("whose training is over, or who is a referent alone, may act: %+v, %v", able, err)
	}
	byID, err := h.AccountName(t.Context(), m.Account, uuid.New())
	must(t, err)
	if len(byID) != 1 || byID[m.Account] != "Paul Morel" {
		t.Errorf("names %v", byID)
	}
	e := h.adds(translog.LogViewed, func() error { _, err := h.Member(t.Context(), h.asOperator(), m.ID); return err })
	if e.Role != "operator" || e.Detail["membership"] != m.ID.String() {
		t.Errorf("event %+v", e)
	}
}

func TestInvitationsAreLimited(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 5 {
		h.invited("Paul Morel")
	}
	again := organisations.Invite{Organisation: h.org, Name: "Paul Morel", Email: address("Paul Morel"), Role: authz.Mediator}
	sixth := h.refuses("too_many_invitations", func() error { _, err := h.Invite(t.Context(), h.asReferent(), again); return err })
	if sixth.Organisation != h.org || sixth.Role != "referent" {
		t.Errorf("a sixth invitation in a day: %+v", sixth)
	}
	h.clock.Advance(day)
	h.invited("Paul Morel")
	m := h.confirmed("Rose Diallo")
	h.refuses("already_member", func() error {
		_, err := h.Invite(t.Context(), h.asReferent(), organisations.Invite{Organisation: h.org, Name: "Rose", Email: m.Email, Role: authz.Mediator})
		return err
	})
}

func TestOperators(t *testing.T) {
	t.Parallel()
	h := setup(t)
	before := len(h.events())
	again, err := h.BootstrapOperator(t.Context(), "Olga Petit", "olga@ops.example")
	must(t, err)
	if again.ID != h.operator || len(h.events()) != before {
		t.Error("naming an operator twice changed something")
	}
	if err := h.EndOperator(t.Context(), h.operator, "root"); err == nil {
		t.Error("the last operator is gone")
	}
	h.adds(translog.OperatorGranted, func() error {
		_, err := h.BootstrapOperator(t.Context(), "Omar", "omar@ops.example")
		return err
	})
	if err := h.EndOperator(t.Context(), h.operator, "root"); err == nil {
		t.Error("the last operator who can sign in is gone")
	}
	h.signIn("omar@ops.example")
	h.adds(translog.OperatorEnded, func() error { return h.EndOperator(t.Context(), h.operator, "root") })
	if h.as(h.operator, uuid.Nil).Operator {
		t.Error("still an operator at the next request")
	}
}
