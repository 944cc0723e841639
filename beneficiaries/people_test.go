package beneficiaries

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// Every fault names its field, all at once, and nothing is kept.
func TestCreateNamesEveryFault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		change      func(*New)
		field, code string
	}{
		"no given names":      {func(n *New) { n.GivenNames = " \u200d\t" }, "given_names", "missing_given_names"},
		"no family name":      {func(n *New) { n.FamilyName = "" }, "family_name", "missing_family_name"},
		"a name of 201":       {func(n *New) { n.UsageName = strings.Repeat("é", 201) }, "usage_name", "too_long"},
		"no birth date":       {func(n *New) { n.BirthDate = time.Time{} }, "birth_date", "missing_birth_date"},
		"born tomorrow":       {func(n *New) { n.BirthDate = b.store.Now().AddDate(0, 0, 1) }, "birth_date", "unlikely_birth_date"},
		"born in 1850":        {func(n *New) { n.BirthDate = born(1850, 1, 1) }, "birth_date", "unlikely_birth_date"},
		"no paper seen":       {func(n *New) { n.IdentityCheck = "library card" }, "identity_check", "choose_identity_check"},
		"unknown protection":  {func(n *New) { n.Protection = "somehow" }, "protection", "choose_protection"},
		"no such gender":      {func(n *New) { n.Codes.Gender = "F" }, "gender", "choose_gender"},
		"no such country":     {func(n *New) { n.Codes.Country = "99999" }, "birth_country", "choose_birth_country"},
		"a postcode":          {func(n *New) { n.Codes.BirthPlace = "35000" }, "birth_place_code", "place_code_not_recognised"},
		"a place abroad":      {func(n *New) { n.Codes = Codes{BirthPlace: "35238", Country: "99352"} }, "birth_place_code", "place_code_abroad"},
		"no such phone":       {func(n *New) { n.Phone = "12" }, "phone", "phone_not_recognised"},
		"SMS without a phone": {func(n *New) { n.Phone = "" }, "phone", "needed_for_sms"},
		"mail without mail":   {func(n *New) { n.Channel = "mail" }, "email", "needed_for_mail"},
		"no such mail":        {func(n *New) { n.Email = "Fatima <f@home.example>" }, "email", "email_not_recognised"},
		"letter nowhere":      {func(n *New) { n.Channel = "letter" }, "address", "needed_for_letter"},
		"no such channel":     {func(n *New) { n.Channel = "pigeon" }, "channel", "choose_channel"},
		"no such language":    {func(n *New) { n.Language = "tlh" }, "language", "choose_language"},
	} {
		n := b.someone("Fatima", "Haddad")
		c.change(&n)
		_, err := b.Create(t.Context(), b.as(b.org), n)
		p := problem.As(err)
		if p == nil || !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Name == c.field && f.Code == c.code }) {
			t.Errorf("%s: %v, want %s=%s", name, err, c.field, c.code)
		}
	}
}

// What services know people by is kept as their registers write it, may be left
// out, is corrected like a name, and the log says of it that it changed, not how.
func TestIdentityCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	if p := b.create(b.someone("Jean", "Dupont")); p.Codes != (Codes{}) {
		t.Errorf("nothing said: kept %+v", p.Codes)
	}
	for want, typed := range map[Codes]Codes{
		{"female", "2A004", "99100"}: {" female ", " 2a004", ""}, // a place at home says the country
		{"male", "", "99352"}:        {"male", "", "99352"},
		{"", "", "99100"}:            {"", "", "99100"},
	} {
		n := b.someone("Zoé", "Lefèvre")
		n.Codes = typed
		if p := b.create(n); p.Codes != want {
			t.Errorf("%+v: kept %+v, want %+v", typed, p.Codes, want)
		}
	}
	n := b.someone("Fatima", "Haddad")
	n.Codes = Codes{"female", "35238", "99100"}
	p := b.create(n)
	in := p.Identity()
	in.Codes = Codes{Gender: "female", Country: "99352"}
	must(t, b.Change(ctx, b.as(b.org), p.ID, in))
	now, err := b.Get(ctx, b.as(b.org), p.ID)
	must(t, err)
	if now.Codes != in.Codes || now.Identity() != in {
		t.Errorf("changed to %+v", now.Codes)
	}
	if n := b.count(`SELECT count(*) FROM events WHERE beneficiary_id = $1 AND convert_from(facts, 'UTF8') LIKE '%["birth_country","birth_place_code"]%'`, p.ID); n != 1 {
		t.Errorf("%d events name what changed", n)
	}
	if n := b.count(`SELECT count(*) FROM events e WHERE beneficiary_id = $1 AND convert_from(facts || leaf || coalesce(personal, ''), 'UTF8') ~ '"(35238|99100|99352|female)"'`, p.ID); n != 0 {
		t.Errorf("%d events hold a code", n)
	}
	if n := b.count(`SELECT count(*) FROM row_history WHERE row_id = $1 AND before->>'birth_place_code' = '35238' AND after->>'birth_place_code' = ''`, p.ID); n != 1 {
		t.Errorf("the row's history does not tell of the change")
	}
}

// A country without such codes takes none.
func TestIdentityCodesOfOtherCountries(t *testing.T) {
	t.Parallel()
	for field, typed := range map[string]Codes{"gender": {Gender: "female"}, "birth_place_code": {BirthPlace: "33044"}, "birth_country": {Country: "99134"}} {
		var f faults
		typed.check(packs.IdentityCodes{}, &f)
		if len(f) != 1 || f[0].Name != field {
			t.Errorf("%s: %v", field, f)
		}
	}
	var f faults
	if (&Codes{}).check(packs.IdentityCodes{}, &f); len(f) != 0 {
		t.Errorf("nothing said: %v", f)
	}
}

// Names are kept as people write them; numbers as the network dials them.
func TestCreateKeepsNamesAsWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"فاطمة", "Nguyễn Thị", "O’Brien-D'Arcy", "Ñuño", strings.Repeat("ab ", 66) + "ab"} {
		p := b.create(b.someone(name, "Haddad"))
		if p.GivenNames != name || p.Phone != "+33612345678" || p.IdentityCheckedBy != b.mediator || !p.BirthDate.Equal(born(1946, 3, 12)) {
			t.Errorf("kept %+v", p)
		}
	}
	p := b.create(b.someone("Zoe\u0301\u202e", "  du   Pont\n"))
	if p.Name() != "Zoé du Pont" {
		t.Errorf("Name %q", p.Name())
	}
	p.UsageName = "Lopez"
	if p.Name() != "Zoé Lopez" || p.BirthName() != "du Pont" {
		t.Errorf("Name %q, birth name %q", p.Name(), p.BirthName())
	}
}

// Somebody likely known already is shown before a second file is opened;
// another organisation's people never are.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.create(b.someone("Zoé Marie", "Lefèvre"))
	for name, change := range map[string]func(*New){
		"the same":          func(*New) {},
		"without accents":   func(n *New) { n.GivenNames, n.FamilyName = "ZOE MARIE", "LEFEVRE" },
		"one slip":          func(n *New) { n.FamilyName = "Lefebvre" },
		"the same phone":    func(n *New) { n.BirthDate, n.FamilyName = born(1990, 1, 1), "Dupont" },
		"under a new name":  func(n *New) { n.UsageName = "Garcia" },
		"the phone written": func(n *New) { n.Phone = "+33 6 12 34 56 78" },
	} {
		n := b.someone("Zoé Marie", "Lefèvre")
		n.DuplicateConfirmed = false
		change(&n)
		_, err := b.Create(t.Context(), b.as(b.org), n)
		p := problem.As(err)
		if p == nil || p.Code != "possible_duplicate" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if found, _ := p.Args["matches"].([]Match); len(found) != 1 || found[0].ID != first.ID || found[0].Name != "Zoé Marie Lefèvre" {
			t.Errorf("%s: matches %+v", name, found)
		}
	}
	n := b.someone("Zoé Marie", "Lefèvre")
	n.DuplicateConfirmed = false
	if _, err := b.Create(t.Context(), b.as(b.organisation("Autre maison")), n); err != nil {
		t.Errorf("another organisation's person is a duplicate: %v", err)
	}
	n.BirthDate, n.Phone, n.Channel = born(1950, 1, 1), "", "none"
	if _, err := b.Create(t.Context(), b.as(b.org), n); err != nil {
		t.Errorf("the same name born another day: %v", err)
	}
	b.create(b.someone("Zoé Marie", "Lefèvre")) // confirmed as somebody else
}

// Reading keeps to one's own organisation.
func TestGetKeepsToOnesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs, err := b.Create(t.Context(), b.as(b.organisation("Autre maison")), b.someone("Zoé", "Lefèvre"))
	must(t, err)
	b.fails("not_found", func() error { _, err := b.Get(t.Context(), b.as(b.org), theirs.ID); return err })
	b.fails("not_found", func() error { _, err := b.Get(t.Context(), b.as(b.org), uuid.New()); return err })
}

// errorOf keeps only whether a command was refused.
func errorOf(_ ContactChange, err error) error { return err }

// Whoever changes how somebody is reached must have signed in lately, and the
// previous channel is told, once.
func TestContactChangeTellsThePreviousChannel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	ctx := t.Context()
	stale := b.as(b.org)
	stale.StrongAt = stale.Now.Add(-authz.StepUpAge - time.Minute)
	next := Contact{Phone: "06 98 76 54 32", Address: "3 rue Haute\n35000 Rennes", Channel: "letter", Language: "es"}
	b.refuses("needs_step_up", func() error { return errorOf(b.ChangeContact(ctx, stale, p.ID, next)) })
	b.fails("not_found", func() error { return errorOf(b.ChangeContact(ctx, b.as(b.organisation("Autre maison")), p.ID, next)) })
	b.fails("needed_for_letter", func() error {
		return errorOf(b.ChangeContact(ctx, b.as(b.org), p.ID, Contact{Channel: "letter", Language: "fr"}))
	})
	told := func(channel, recipient string) int {
		return b.count(`SELECT count(*) FROM messages WHERE kind = 'contact_changed' AND channel = $1 AND recipient LIKE $2`, channel, recipient)
	}
	came, err := b.ChangeContact(ctx, b.as(b.org), p.ID, next)
	must(t, err)
	if came.Told != "sms" || !slices.Contains(came.Fields, "phone") {
		t.Errorf("what came of it: %+v", came)
	}
	if told("sms", "+33612345678") != 1 || b.count(`SELECT count(*) FROM messages`) != 1 {
		t.Error("the previous phone was not told, or somebody else was")
	}
	came, err = b.ChangeContact(ctx, b.as(b.org), p.ID, next) // nothing changed
	must(t, err)
	if came.Told != "" || len(came.Fields) != 0 || b.count(`SELECT count(*) FROM messages`) != 1 {
		t.Error("told of nothing")
	}
	// The person themselves, at the phone tier; the letter goes out with a name.
	b.fails("forbidden", func() error { return errorOf(b.ChangeContact(ctx, b.asPerson(p.ID, authz.TierCard), p.ID, next)) })
	must(t, errorOf(b.ChangeContact(ctx, b.asPerson(p.ID, authz.TierPhone), p.ID, Contact{Channel: "none", Language: "fr"})))
	if told("letter", "Fatima Haddad\n3 rue Haute%") != 1 {
		t.Error("the previous address was not told")
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.contact_changed' AND convert_from(facts, 'UTF8') ~ '0698765432|698765432|Haute'`); n != 0 {
		t.Error("the log holds a contact")
	}
}

// Who wished no messages hears of this one all the same, at what was there.
func TestContactChangeTellsWhoWishedNoMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before             Contact
		channel, recipient string
	}{
		"a phone":          {Contact{Phone: "06 12 34 56 78", Email: "fatima@home.example", Address: "3 rue Haute"}, "sms", "+33612345678"},
		"a mail address":   {Contact{Email: "fatima@home.example", Address: "3 rue Haute"}, "mail", "fatima@home.example"},
		"a postal address": {Contact{Address: "3 rue Haute"}, "letter", "Fatima Haddad\n3 rue Haute"},
		"nothing":          {Contact{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			who := b.someone("Fatima", "Haddad")
			who.Contact = c.before
			who.Channel, who.Language = "none", "fr"
			p := b.create(who)
			same := who.Contact
			same.Language = "es"
			must(t, errorOf(b.ChangeContact(t.Context(), b.as(b.org), p.ID, same)))
			if n := b.count(`SELECT count(*) FROM messages`); n != 0 {
				t.Errorf("told %d times of another language", n)
			}
			if channel, to := p.WhereTold(); to != "" && channel != c.channel || (to == "") != (c.channel == "") {
				t.Errorf("would be told by %q at %q", channel, to)
			}
			came, err := b.ChangeContact(t.Context(), b.as(b.org), p.ID, Contact{Phone: "06 98 76 54 32", Channel: "sms", Language: "fr"})
			must(t, err)
			if came.Told != c.channel {
				t.Errorf("says told by %q, want %q", came.Told, c.channel)
			}
			want := 1
			if c.channel == "" {
				want = 0
			}
			if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'contact_changed' AND channel = $1 AND recipient = $2`, c.channel, c.recipient); n != want ||
				b.count(`SELECT count(*) FROM messages`) != want {
				t.Errorf("told %d times, want %d", n, want)
			}
		})
	}
}

// What was sent is the person's to read; codes among it are not.
func TestMessagesWithoutCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(b.someone("Fatima", "Haddad"))
	ctx := t.Context()
	must(t, b.SendPortalCode(ctx, b.asPerson(p.ID, authz.TierCard)))
	must(t, errorOf(b.ChangeContact(ctx, b.as(b.org), p.ID, Contact{Channel: "none", Language: "fr"})))
	b.fails("forbidden", func() error { _, err := b.Messages(ctx, b.asPerson(p.ID, authz.TierCard)); return err })
	sent, err := b.Messages(ctx, b.asPerson(p.ID, authz.TierPhone))
	must(t, err)
	if len(sent) != 2 {
		t.Fatalf("%d messages, want 2", len(sent))
	}
	for _, m := range sent {
		if (m.Body == "") != (m.Kind == "portal_code") {
			t.Errorf("%s reads %q", m.Kind, m.Body)
		}
	}
}
