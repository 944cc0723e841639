package beneficiaries

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Codes sent to a phone: six digits, short-lived, few tries.
const (
	phoneDigits      = 6
	portalLife       = 10 * time.Minute
	consentLife      = 30 * time.Minute
	triesPerSMS      = 5
	sendsPerWindow   = 3
	sendsPerDay      = 10 // with five tries each, a guesser has 50 in a million a day
	windowPerSending = 15 * time.Minute
)

var (
	errNoPhone     = problem.Conflict("no_phone")
	errSentTooMuch = problem.New(problem.KindTooMany, "sms_sent_too_much")
	errWrongCode   = problem.Invalid(problem.At("code", "phone_code_wrong"))
	errCodeOver    = problem.Invalid(problem.At("code", "phone_code_over"))
)

type phoneCode struct {
	id, beneficiary, mandate uuid.UUID
	purpose, phone           string
	hash                     []byte
	life                     time.Duration
}

// SendPortalCode sends the code that opens the whole history to the person's
// own phone.
func (s *Service) SendPortalCode(ctx context.Context, actor authz.Actor) error {
	return s.commands.Run(ctx, actor, "phone_code.send", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.SessionStart, authz.Object{Kind: authz.KindSession, Organisation: b.Organisation, Beneficiary: b.ID}, b.about()); err != nil {
			return err
		}
		return s.sendCode(tx, b, phoneCode{purpose: "portal", life: portalLife}, func(code string) notify.Words { return notify.PortalCode{Code: code} })
	})
}

// ConfirmPortalCode checks it. The caller then raises the session's tier.
func (s *Service) ConfirmPortalCode(ctx context.Context, actor authz.Actor, typed string) error {
	return s.commands.Run(ctx, actor, "phone_code.confirm", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.SessionStart, authz.Object{Kind: authz.KindSession, Organisation: b.Organisation, Beneficiary: b.ID}, b.about()); err != nil {
			return err
		}
		if _, err := s.checkCode(tx, b, uuid.Nil, "portal", typed); err != nil {
			return err
		}
		e := b.about()
		e.Kind, e.Detail = translog.PhoneCodeConfirmed, phoneCodeDetail{Purpose: "portal"}
		return tx.Append(e)
	})
}

// SendUnlockCode sends a code to the phone of whoever holds this locked card,
// if the code and the birth year are right. It answers the same otherwise.
func (s *Service) SendUnlockCode(ctx context.Context, a CardAttempt) error {
	return s.commands.Run(ctx, authz.Actor{}, "card.unlock_send", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "the code and the birth year are the credential")
		b, err := s.unlockable(tx, a)
		if err != nil {
			return err
		}
		if b.ID == uuid.Nil || b.Phone == "" {
			if !s.tries.Allow("unlock_send") {
				tx.Repeated() // told already; the address is counted all the same
				return nil
			}
			return tx.Append(translog.Event{Kind: translog.PhoneCodeSent, Outcome: "refused", Detail: phoneCodeDetail{Purpose: "unlock"}})
		}
		err = s.sendCode(tx, b, phoneCode{purpose: "unlock", life: portalLife}, func(code string) notify.Words { return notify.PortalCode{Code: code} })
		if errors.Is(err, errSentTooMuch) {
			return s.refuse(tx, errSentTooMuch, b.about())
		}
		return err
	})
}

// OpenByPhone opens a locked card's space with the code sent to the phone: the
// person is at tier "phone", and the card works again.
func (s *Service) OpenByPhone(ctx context.Context, a CardAttempt, typed string) (Access, error) {
	var out Access
	err := s.commands.Run(ctx, authz.Actor{}, "card.unlock", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "the code, the birth year and the phone are the credential")
		b, err := s.unlockable(tx, a)
		if err != nil {
			return err
		}
		tx.Keep() // every refusal below counts the try, or the right birth year would be the one that is free
		if b.ID == uuid.Nil {
			return s.refuse(tx, errWrongCode, translog.Event{})
		}
		if _, err := s.checkCode(tx, b, uuid.Nil, "unlock", typed); problem.As(err) != nil && problem.As(err).Kind == problem.KindInvalid {
			// Over or wrong answers as a wrong year does: the answer must not tell the year.
			return s.refuse(tx, errWrongCode, b.about())
		} else if err != nil {
			return err
		}
		code, _ := parseCode(a.Code)
		if err := forget(tx.Tx, s.hash("card-tries", code)); err != nil {
			return err
		}
		out = Access{Beneficiary: b.ID, Organisation: b.Organisation, Language: b.Language}
		return tx.Append(translog.Event{Kind: translog.CardUsed, Actor: translog.Actor{Role: translog.RolePerson, ID: b.ID},
			Organisation: b.Organisation, Beneficiary: b.ID, Detail: cardDetail{Tier: string(authz.TierPhone)}})
	})
	return out, err
}

// unlockable finds whose card it is when code and year are right, counting the
// address; the zero Beneficiary otherwise.
func (s *Service) unlockable(tx *command.Tx, a CardAttempt) (Beneficiary, error) {
	n, err := hit(tx.Tx, s.hash("unlock-address", a.Address), windowPerAddress)
	if err != nil {
		return Beneficiary{}, err
	}
	if n > triesPerAddress {
		tx.Keep()
		return Beneficiary{}, s.refuse(tx, errTooMany, translog.Event{})
	}
	code, wellFormed := parseCode(a.Code)
	b, err := codeOwner(tx.DB(), s.hash("card", code))
	if err != nil || !wellFormed || b.ID == uuid.Nil || !sameYear(b.BirthDate, a.BirthYear) {
		return Beneficiary{}, err
	}
	return b, nil
}

// SendConsentCode sends the code by which a person agrees to a mandate to
// their own phone. It is part of the mandate's command, which appends.
func (s *Service) SendConsentCode(tx *command.Tx, b Beneficiary, mandate uuid.UUID, organisation string) error {
	return s.queueCode(tx, b, phoneCode{mandate: mandate, purpose: "consent", life: consentLife},
		func(code string) notify.Words { return notify.ConsentCode{Organisation: organisation, Code: code} })
}

// CheckConsentCode checks it inside the signing command and gives the id of the
// code, for the evidence. The mediator never sees the code.
func (s *Service) CheckConsentCode(tx *command.Tx, b Beneficiary, mandate uuid.UUID, typed string) (uuid.UUID, error) {
	return s.checkCode(tx, b, mandate, "consent", typed)
}

func (s *Service) sendCode(tx *command.Tx, b Beneficiary, c phoneCode, words func(string) notify.Words) error {
	if err := s.queueCode(tx, b, c, words); err != nil {
		return err
	}
	e := b.about()
	e.Kind, e.Detail = translog.PhoneCodeSent, phoneCodeDetail{Purpose: c.purpose}
	return tx.Append(e)
}

func (s *Service) queueCode(tx *command.Tx, b Beneficiary, c phoneCode, words func(string) notify.Words) error {
	if b.Phone == "" {
		return tx.Refuse(errNoPhone, b.about())
	}
	n, err := hit(tx.Tx, s.hash("sms", b.ID.String()), windowPerSending)
	if err != nil {
		return err
	}
	day, err := hit(tx.Tx, s.hash("sms-day", b.ID.String()), windowPerCode)
	if err != nil {
		return err
	}
	if n > sendsPerWindow || day > sendsPerDay {
		tx.Keep()
		return tx.Refuse(errSentTooMuch, b.about())
	}
	digits, err := draw(tx.Env().Random, "0123456789", phoneDigits)
	if err != nil {
		return err
	}
	c.id, c.beneficiary, c.phone = tx.NewID(), b.ID, b.Phone
	c.hash = s.hash("phone:"+c.id.String(), digits)
	if err := insertPhoneCode(tx.Tx, c); err != nil {
		return fmt.Errorf("keep the code: %w", err)
	}
	m := words(digits)
	_, body := m.Render(Printer(b.Language))
	return notify.Queue(tx.Tx, notify.Message{
		DedupeKey: "phone_code:" + c.id.String(), Kind: m.Kind(), Channel: notify.SMS, Language: b.Language, Recipient: b.Phone,
		Body: body, Organisation: b.Organisation, Beneficiary: b.ID, Secret: true,
	})
}

// checkCode compares in constant time; a wrong one is counted and kept.
func (s *Service) checkCode(tx *command.Tx, b Beneficiary, mandate uuid.UUID, purpose, typed string) (uuid.UUID, error) {
	about := b.about()
	about.Mandate = mandate
	live, err := livePhoneCode(tx.Tx, b.ID, mandate, purpose)
	if err != nil {
		return uuid.Nil, err
	}
	if live.ID == uuid.Nil || live.Failures >= triesPerSMS || !tx.Now().Before(live.ExpiresAt) || live.Phone != b.Phone {
		return uuid.Nil, tx.Refuse(errCodeOver, about)
	}
	typed = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, typed)
	if !hmac.Equal(live.CodeHash, s.hash("phone:"+live.ID.String(), typed)) {
		tx.Keep()
		if err := failPhoneCode(tx.Tx, live.ID); err != nil {
			return uuid.Nil, err
		}
		return uuid.Nil, tx.Refuse(errWrongCode, about)
	}
	return live.ID, usePhoneCode(tx.Tx, live.ID)
}
