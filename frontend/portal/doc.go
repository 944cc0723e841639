// Package portal is the space of the person helped: who may do what for them
// and until when, one button to stop each, what was done, and their answers.
//
//	tier "card"   /mine, /mine/stop/…            see and stop
//	tier "phone"  /mine/history, /mine/steps/…,  read everything, disagree,
//	              /mine/contact, /mine/papers    change the channel, print
//	/mine/code    card ──▶ phone, by six digits sent to the person's own phone
//
// Invariants:
//   - Stopping MUST never ask for more than the card: no phone, no reason.
//   - A page about something that ended says so; it never fails with a conflict
//     in front of somebody who only pressed the button twice (PO-01).
//   - Another person's mandate, step or paper MUST look as if not there (PO-07).
//   - Everything works without JavaScript; addresses hold ids, never codes.
//
// It holds no rule: packages mandates, beneficiaries and review decide.
package portal
