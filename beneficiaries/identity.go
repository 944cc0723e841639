package beneficiaries

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

var errNotLinked = problem.New(problem.KindForbidden, "identity_not_linked")

// LinkIdentity lets a person open this space with their national sign-in from
// now on. They must have proved their phone (tier "phone") just now.
func (s *Service) LinkIdentity(ctx context.Context, actor authz.Actor, issuer, subject string) error {
	return s.commands.Run(ctx, actor, "beneficiary.link_identity", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		o := b.object("")
		o.Sensitive = true // whoever holds this identity opens the space from now on
		if err := tx.Decide(authz.BeneficiaryLink, o, b.about()); err != nil {
			return err
		}
		fresh, err := linkIdentity(tx.Tx, issuer, subject, b.ID)
		if err != nil {
			return err
		}
		if !fresh {
			tx.Repeated()
			return nil
		}
		e := b.about()
		e.Kind = translog.IdentityLinked
		return tx.Append(e)
	})
}

// UnlinkIdentity takes every national sign-in off the person's space, and ends
// the other sessions that came in by one. Taking away needs no fresh proof.
func (s *Service) UnlinkIdentity(ctx context.Context, actor authz.Actor) error {
	return s.commands.Run(ctx, actor, "beneficiary.unlink_identity", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.BeneficiaryLink, b.object(""), b.about()); err != nil {
			return err
		}
		n, err := unlinkIdentities(tx.Tx, b.ID, actor.Session)
		if err != nil {
			return err
		}
		if n == 0 {
			tx.Repeated()
			return nil
		}
		e := b.about()
		e.Kind = translog.IdentityUnlinked
		return tx.Append(e)
	})
}

// Linked says since when a national sign-in opens the person's space; zero:
// none does.
func (s *Service) Linked(ctx context.Context, actor authz.Actor) (time.Time, error) {
	if err := s.commands.Decide(actor, authz.BeneficiaryLink, authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation,
		Beneficiary: actor.Beneficiary}).Err(); err != nil {
		return time.Time{}, err
	}
	return linkedSince(s.commands.Store().Read(ctx), actor.Beneficiary)
}

// LinkedIdentity is an account at a national provider that opens a space.
type LinkedIdentity struct {
	Issuer, Subject string
	Since           time.Time
}

// Links are the person's own linked accounts, for what they take home.
func (s *Service) Links(ctx context.Context, actor authz.Actor) ([]LinkedIdentity, error) {
	if err := s.commands.Decide(actor, authz.BeneficiaryLink, authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation,
		Beneficiary: actor.Beneficiary}).Err(); err != nil {
		return nil, err
	}
	return linksOf(s.commands.Store().Read(ctx), actor.Beneficiary)
}

// IdentityKey names an identity for a session, without saying whose it is.
func IdentityKey(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return hex.EncodeToString(sum[:])
}

// Spaces are all the spaces that the identity of this key opens, one for each
// organisation that knows the person (PO-03). The actor's own must be among
// them, or there are none: a key is worth nothing without a session it opened.
func (s *Service) Spaces(ctx context.Context, actor authz.Actor, key string) ([]Access, error) {
	db := s.commands.Store().Read(ctx)
	identities, err := identitiesOf(db, actor.Beneficiary)
	if err != nil {
		return nil, fmt.Errorf("read the identities: %w", err)
	}
	for _, i := range identities {
		if subtle.ConstantTimeCompare([]byte(IdentityKey(i.Issuer, i.Subject)), []byte(key)) == 1 {
			return spacesOf(db, i.Issuer, i.Subject)
		}
	}
	return nil, nil
}

// OpenByIdentity opens the space that a national sign-in was linked to.
func (s *Service) OpenByIdentity(ctx context.Context, issuer, subject string) (Access, error) {
	var out Access
	err := s.commands.Run(ctx, authz.Actor{}, "beneficiary.open_by_identity", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "the identity provider vouches for the person")
		b, err := identityOwner(tx.DB(), issuer, subject)
		if err != nil {
			return err
		}
		if b.ID == uuid.Nil {
			return s.refuse(tx, errNotLinked, translog.Event{})
		}
		out = Access{Beneficiary: b.ID, Organisation: b.Organisation, Language: b.Language}
		return tx.Append(translog.Event{Kind: translog.SignInDone, Actor: translog.Actor{Role: translog.RolePerson, ID: b.ID},
			Organisation: b.Organisation, Beneficiary: b.ID})
	})
	return out, err
}

// OpenSpace opens another of the spaces that the identity of this key opens
// (PO-03), with the same event as a sign-in there; one it does not open is not
// found.
func (s *Service) OpenSpace(ctx context.Context, actor authz.Actor, key string, space uuid.UUID) (Access, error) {
	all, err := s.Spaces(ctx, actor, key)
	if err != nil {
		return Access{}, err
	}
	i := slices.IndexFunc(all, func(a Access) bool { return a.Beneficiary == space })
	if i < 0 {
		return Access{}, problem.NotFound()
	}
	out := all[i]
	err = s.commands.Run(ctx, actor, "beneficiary.open_by_identity", func(tx *command.Tx) error {
		tx.Open(authz.Person, "the identity that opened this session opens that space too")
		return tx.Append(translog.Event{Kind: translog.SignInDone, Actor: translog.Actor{Role: translog.RolePerson, ID: out.Beneficiary},
			Organisation: out.Organisation, Beneficiary: out.Beneficiary})
	})
	return out, err
}

// OwnersOf finds who linked an identity, in the caller's transaction.
func (s *Service) OwnersOf(tx *store.Tx, issuer, subject string) ([]uuid.UUID, error) {
	return identityOwners(tx, issuer, subject)
}

// SessionsEnded records that the provider ended the sessions a person opened
// with it, in the transaction that ends them.
func (s *Service) SessionsEnded(tx *store.Tx, person uuid.UUID) error {
	b, err := load(tx.DB(), person, false)
	if err != nil {
		return err
	}
	e := b.about()
	e.Kind = translog.SessionsEnded
	if err := s.commands.AppendIn(tx, "sessions.end", "the provider signed that they are over", e); err != nil {
		return fmt.Errorf("record that sessions ended: %w", err)
	}
	return nil
}
