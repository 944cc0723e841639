package mandates

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// AwaitCode sends a code to the person's own phone; the mandate then waits for
// it. The mediator never sees the code.
func (s *Service) AwaitCode(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.await(ctx, actor, id, MethodCode)
}

// AwaitWitness asks another member of staff to witness, for somebody who cannot
// sign (CO-04). They sign from their own session with SignAsWitness.
func (s *Service) AwaitWitness(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.await(ctx, actor, id, MethodWitness)
}

func (s *Service) await(ctx context.Context, actor authz.Actor, id uuid.UUID, method string) error {
	return s.commands.Run(ctx, actor, "mandate.await", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateSign)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveAwait)
		if err != nil {
			return err
		}
		if method == MethodCode {
			b, err := beneficiaries.Facts(tx, h.Beneficiary)
			if err != nil {
				return err
			}
			if err := s.people.SendConsentCode(tx, b, id, h.org.Name); err != nil {
				return err
			}
		}
		if err := change(tx.Tx, h.Mandate, to, map[string]any{"method": method}); err != nil {
			return err
		}
		return tx.Append(h.event(translog.MandateAwaiting, awaitingDetail{Method: method}))
	})
}

// Sign makes a mandate active with the evidence handed in. The hash must be
// that of the text read ("text_changed"); older live lines of the same themes
// in this organisation are superseded (MA-05). It is one transaction: the whole
// mandate with its event, or nothing (MA-07).
func (s *Service) Sign(ctx context.Context, actor authz.Actor, id uuid.UUID, in Signature) (Signed, error) {
	return s.sign(ctx, actor, id, in, authz.MandateSign, uuid.Nil)
}

// SignAsWitness signs for somebody who cannot: the actor saw and heard the
// person agree. The mediator of the mandate may not be the witness.
func (s *Service) SignAsWitness(ctx context.Context, actor authz.Actor, id uuid.UUID, in Signature) (Signed, error) {
	return s.sign(ctx, actor, id, in, authz.MandateWitness, actor.Account)
}

func (s *Service) sign(ctx context.Context, actor authz.Actor, id uuid.UUID, in Signature, action authz.Action, witness uuid.UUID) (Signed, error) {
	var out Signed
	if err := s.expireSiblings(ctx, id); err != nil {
		return out, err
	}
	err := s.commands.Run(ctx, actor, "mandate.sign", func(tx *command.Tx) error {
		h, err := s.holdWith(tx, id, action, lockSiblings)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveSign)
		if err != nil {
			return err
		}
		if err := h.signable(tx, in, witness); err != nil {
			return err
		}
		b, err := beneficiaries.Facts(tx, h.Beneficiary)
		if err != nil {
			return err
		}
		ev, err := s.evidence(tx, h, b, in, witness)
		if err != nil {
			return err
		}
		out, err = s.activate(tx, h, b, ev, to)
		return err
	})
	return out, err
}

// signable: the text is the one that was read, it still has a future, and a
// witness was asked for if one signs.
func (h held) signable(tx *command.Tx, in Signature, witness uuid.UUID) error {
	switch {
	case len(in.PayloadHash) == 0 || !bytes.Equal(in.PayloadHash, h.PayloadHash):
		return tx.Refuse(problem.Conflict("text_changed"), h.about())
	case !tx.Now().Before(h.EndsAt) || tx.Now().Sub(h.PresentedAt) > presentedFor:
		return tx.Refuse(problem.Conflict("text_too_old"), h.about())
	case witness != uuid.Nil && h.Method != MethodWitness:
		return tx.Refuse(problem.Conflict("witness_not_asked"), h.about())
	}
	return nil
}

// activate writes everything that makes a mandate hold.
func (s *Service) activate(tx *command.Tx, h held, b beneficiaries.Beneficiary, ev newEvidence, to State) (Signed, error) {
	var out Signed
	jws, kid, err := s.keys.Sign(h.Payload)
	if err != nil {
		return out, fmt.Errorf("sign the text: %w", err)
	}
	themes := make([]string, len(h.Grants))
	for i, g := range h.Grants {
		themes[i] = g.Theme
	}
	if out.Superseded, err = supersedeOlder(tx, h.Mandate, themes); err != nil {
		return out, fmt.Errorf("supersede: %w", err)
	}
	if err := activateGrants(tx.Tx, h.ID); err != nil {
		return out, err
	}
	if err := insertEvidence(tx.Tx, h.Mandate, ev); err != nil {
		return out, fmt.Errorf("keep the evidence: %w", err)
	}
	if err := change(tx.Tx, h.Mandate, to, map[string]any{"signed_at": tx.Now(), "jws": jws, "method": ev.method}); err != nil {
		return out, err
	}
	if out.Code, err = s.people.IssueCode(tx, b.ID, h.ID); err != nil {
		return out, err
	}
	if out.Mandate, err = loadMandate(tx.DB(), h.ID); err != nil {
		return out, err
	}
	words := notify.MandateSigned{Organisation: h.org.Name, Mediator: h.MediatorName, Phone: h.org.Phone, Address: s.baseURL + "/card",
		EndsOn: h.EndsAt.Add(-time.Second).In(h.zone)}
	if err := b.Tell(tx, "mandate_signed:"+h.ID.String(), words); err != nil {
		return out, err
	}
	return out, tx.Append(h.event(translog.MandateSigned, signedDetailOf(h, ev, kid, out.Superseded)))
}

func signedDetailOf(h held, ev newEvidence, kid string, superseded []uuid.UUID) signedDetail {
	d := signedDetail{Hash: hex.EncodeToString(h.PayloadHash), Key: kid, Method: ev.method, Evidence: hex.EncodeToString(ev.hash),
		EndsAt: h.EndsAt.UTC().Format(time.RFC3339), Conflict: h.Draft.ConflictAnswer}
	if ev.witness != uuid.Nil {
		d.Witness = ev.witness.String()
	}
	if h.Renews != uuid.Nil {
		d.Renews = h.Renews.String()
	}
	for _, id := range superseded {
		d.Superseded = append(d.Superseded, id.String())
	}
	return d
}

// supersedeOlder ends older lines of these themes, and mandates left with none.
func supersedeOlder(tx *command.Tx, m Mandate, themes []string) ([]uuid.UUID, error) {
	ids, err := supersede(tx.Tx, m, themes)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	over, err := emptied(tx.Tx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range over {
		if err := endSuperseded(tx.Tx, id, m.ID); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// expireSiblings ends, each by its own command, live mandates of the same
// person whose end has passed, so that nothing expired is called superseded.
func (s *Service) expireSiblings(ctx context.Context, id uuid.UUID) error {
	ids, err := dueSiblings(ctx, s.commands.Store(), id)
	if err != nil {
		return err
	}
	for _, due := range ids {
		if err := s.expire(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

// PublicKeys is the JWK set of every key that ever signed (RFC 7517).
func (s *Service) PublicKeys() ([]byte, error) { return s.keys.PublicJWKSJSON() }
