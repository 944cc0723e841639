// Package organisations knows who may act: accounts and the identity each is
// bound to, organisations, memberships, training, the charter, remits of
// supervisors, operators. From these it derives, at every request, the actor with
// the authority of each membership ([Service.Actor]): read in one statement where
// anything changed, which the database says (actor_known.go).
//
//	account       invited ──bind──▶ bound ◀──resume/suspend──▶ suspended
//	                 └───────────────┴──────────end──────────────┴──▶ ended
//
//	membership    invited ──confirm──▶ active ◀──resume/suspend──▶ suspended
//	                 └─────────────────┴───────────end──────────────┴──▶ ended
//
//	authority   = account bound · membership active · organisation active
//	              · training valid · current charter accepted
//
// How somebody comes in:
//
//	referent or operator            the person                    a referent
//	Invite (mail, 14 days) ──▶ SignIn: verified address, ──▶ Confirm ──▶ training
//	                           bound to issuer + subject                 and charter
//
// Invariants:
//   - An account MUST be bound once, by a verified address, while an invitation
//     holds; from then on only issuer and subject count, whatever the address
//     (AU-01 to AU-04).
//   - Nobody invites, confirms, resumes or trains themselves, and an organisation
//     MUST keep a referent who can act (AU-12). Every change of a membership locks
//     the organisation's row first, and asks again under that lock whether the
//     referent who acts still is one.
//   - Confirming needs an account that signed in in answer to an invitation to
//     that membership. A referent confirms; an operator only where no other
//     referent can act, and only a referent.
//   - An operator invites referents only, and that invitation confirms in
//     advance: the membership begins when its holder is bound. Between an
//     operator's knowing the organisation and its first referent there is nobody
//     else to ask; for everybody after that there is, so they are asked.
//   - Training and charter belong to account × organisation: leaving one
//     organisation, or being suspended there, changes nothing elsewhere.
//   - A training's last valid day is a day in the organisation's time zone.
//   - Suspending an account or naming operators is for the command line only.
//   - Events hold ids and codes only; what staff wrote stays in the rows and in
//     their history.
//
// Locks are taken in one order: organisation, account, membership.
//
// It never keeps an answer between two requests, never reads a mandate or a
// person helped, never sends mail itself (it queues), and deletes nothing.
package organisations
