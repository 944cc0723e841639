// Package acting lets a mediator act at a real service as themselves, for one
// person, within one mandate; and makes a stop bite there at once.
//
//	Begin ──Open──▶ open ──ChoosePerson, ChooseScope──▶ open ──Grant──▶ granted ──SaveCode──▶ used
//	                 └── Decline ──▶ declined
//	granted: a Delegation (mediator × service × person × mandate × procedure × actions, an end)
//	         code ──Redeem──▶ IssueAccess ──▶ access token ≤ 5 min · Use · Check · ReportStep · Exchange
//	                                      └─▶ refresh token ──Refresh──▶ the next pair
//	a stop (mandate, membership, organisation, account, session, client) ──▶ Delegation ended,
//	         security events, logout tokens and webhooks queued, all in the stop's own transaction
//
// Invariants:
//   - Every hop (redeem, issue, refresh, use, exchange, check, report) MUST
//     decide on the mediator's authority, the organisation, the mandate, the line
//     and the client as they are at that instant. No answer rests on a token's
//     own content (DESIGN §5, 2).
//   - A hop that writes checks again in its statement, on the mandate's row and
//     then the delegation's, which every stop writes: a stop comes wholly before
//     or wholly after.
//   - A grant holds the mediator's session: one that is over grants nothing, and
//     who leaves, or is signed out by their provider, ends what it granted.
//   - A code works once; a refresh token works once. The second time ends what
//     the first gave (OP-04; RFC 9700 §2.2.2, §4.14). Each is used up by the very
//     statement that writes what it gives: after a failure of ours it still works.
//   - A stop ends what is live, and finds it by an index. A delegation whose time
//     came ended then, and no stop ends it again.
//   - A token that a client shows or gives up without its being theirs is refused
//     as an unknown one is, and the refusal is about the person it concerns.
//   - Codes and tokens are kept as SHA-256 only.
//   - A request belongs to one browser and one mediator. Anybody else's, and any
//     id of another organisation, looks like one that does not exist (OP-03).
//   - What a token lends is never broader and never longer than the delegation,
//     and that never than the mandate.
//   - People, mediators, mandates and events are named to a service by pairwise
//     subjects, computed from our own ids and never kept but in what was sent. A
//     delegation's id is told to the service it was given at, and to no other.
//   - One event reaches one receiver at most once as far as the receiver answers:
//     a delivery has one id (jti), kept across attempts.
//
// It speaks no HTTP but for deliveries, and never shows a full list of people.
package acting
