package beneficiaries

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/translog"
)

// ChangeContact changes how to reach somebody. It is sensitive (step-up), and
// the previous channel is told, so that nobody is quietly cut off; without one,
// the previous phone, mail or address, in this order. It says what came of it.
func (s *Service) ChangeContact(ctx context.Context, actor authz.Actor, id uuid.UUID, c Contact) (ContactChange, error) {
	var out ContactChange
	err := s.commands.Run(ctx, actor, "beneficiary.change_contact", func(tx *command.Tx) error {
		b, org, err := s.decideOn(tx, id, authz.BeneficiaryChangeContact, true)
		if err != nil {
			return err
		}
		pack, err := s.packs.Get(org.Pack)
		if err != nil {
			return fmt.Errorf("pack of the organisation: %w", err)
		}
		var f faults
		c.check(pack, &f)
		if err := f.err(); err != nil {
			return err
		}
		changed := differences(b.contact().columns(), c.columns())
		out = ContactChange{Fields: changed}
		if err := update(tx.Tx, id, c.columns()); err != nil {
			return err
		}
		e := b.about()
		e.Kind, e.Detail = translog.BeneficiaryContactChanged, contactDetail{Fields: changed, Channel: c.Channel}
		if err := tx.Append(e); err != nil || len(changed) == 0 {
			return err
		}
		key := "contact_changed:" + tx.NewID().String()
		before := b.reachable(changed)
		if before.Hears() {
			out.Told = before.Channel
		}
		return before.Tell(tx, key, notify.ContactChanged{Organisation: org.Name, Phone: org.Phone})
	})
	if err != nil {
		return ContactChange{}, err
	}
	return out, nil
}

// ContactChange is what came of a change of contact.
type ContactChange struct {
	Fields []string // what changed, sorted; empty: all was so already
	Told   string   // the channel on which the person was told, empty: none
}

// WhereTold is where the person would be told that what follows is no longer
// how to reach them: a channel and its number or address, empty when nothing
// is known.
func (b Beneficiary) WhereTold() (channel, to string) {
	b = b.reachable(nil)
	return b.Channel, b.recipient()
}

// Hears reports whether a message to the person leaves at all: they chose a
// channel, and it leads somewhere.
func (b Beneficiary) Hears() bool { return b.recipient() != "" && !b.Erased }

// recipient is the number or address of the channel chosen; empty for "none".
func (b Beneficiary) recipient() string {
	return map[string]string{"sms": b.Phone, "mail": b.Email, "letter": b.Address}[b.Channel]
}

// reachable is the person as they are told of a change of contact: whoever
// wished no messages still hears of this one, at the phone, mail or address
// there was. Another language alone cuts nobody off.
func (b Beneficiary) reachable(changed []string) Beneficiary {
	if b.Channel != "none" || slices.Equal(changed, []string{"language"}) {
		return b
	}
	switch {
	case b.Phone != "":
		b.Channel = "sms"
	case b.Email != "":
		b.Channel = "mail"
	case b.Address != "":
		b.Channel = "letter"
	}
	return b
}

func (b Beneficiary) contact() Contact {
	return Contact{Phone: b.Phone, Email: b.Email, Address: b.Address, Channel: b.Channel, Language: b.Language}
}

// Tell queues a message to the person on the channel they chose; "none" is
// nothing to do. key names the event: the person is told once per key.
func (b Beneficiary) Tell(tx *command.Tx, key string, words notify.Words) error {
	if !b.Hears() {
		return nil
	}
	subject, body := words.Render(Printer(b.Language))
	return notify.Queue(tx.Tx, notify.Message{
		DedupeKey: key, Kind: words.Kind(), Channel: notify.Channel(b.Channel), Language: b.Language, Recipient: b.letterName(b.recipient()),
		Subject: subject, Body: body, Organisation: b.Organisation, Beneficiary: b.ID,
	})
}

// letterName puts the name above a postal address.
func (b Beneficiary) letterName(recipient string) string {
	if b.Channel == "letter" {
		return b.Name() + "\n" + recipient
	}
	return recipient
}

// Printer speaks the person's language, or the default when the interface does
// not speak it yet.
func Printer(language string) *i18n.Printer {
	if i18n.Known(language) {
		return i18n.For(i18n.Lang(language))
	}
	return i18n.For(i18n.Default)
}

// differences names the columns that changed, sorted.
func differences(before, after map[string]any) []string {
	out := []string{}
	for k, v := range after {
		if fmt.Sprint(before[k]) != fmt.Sprint(v) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
