// Package public is what anybody may read without signing in: the front door,
// the promises (accessibility, privacy, terms, status), and the page where
// somebody helped types the code of their card.
//
//	/card ──▶ code + birth year right ──▶ tier "card" ──▶ /mine
//	      ──▶ something wrong          ──▶ the same page, the same words
//	      ──▶ locked                   ──▶ /card/unlock: a code to the person's
//	                                       own phone ──▶ tier "phone" ──▶ /mine
//
// Invariants:
//   - A card's code MUST never stand in an address. Addresses are logged by
//     servers, kept by browsers and read by the applications that scan QR codes,
//     fragments included. The QR of a card therefore opens /card and nothing
//     more; the person types the code, which is printed beside it.
//   - A wrong code, a wrong year, a cancelled code and an unknown one MUST give
//     the same page (PO-04), on the way to the phone too.
//   - Opening a space always begins a new session under a new token (AU-07).
//
// It decides nothing about codes: package beneficiaries does.
package public
