// Package notify carries messages to people: mail by SMTP, SMS through a
// generic signed HTTP gateway, letters as a queue that an organisation prints.
//
//	command's transaction: Queue ──▶ messages row (queued) + job
//	job after commit:      queued ──▶ sent | failed (after the last attempt)
//	letters:               queued ──▶ printed (by the organisation)
//
// Invariants:
//   - A message MUST be queued in the transaction of what it tells about: it
//     exists only if that happened, and always if it did.
//   - One message per DedupeKey, whatever runs twice. The gateway and the mail
//     server get the same key at each attempt (Idempotency-Key, Message-ID), so
//     that a resend after a crash can be recognised downstream.
//   - A body that holds a code is emptied once it is sent.
//   - Recipients and bodies MUST NOT appear in logs.
//
// It never decides who should be told what, and never waits inside a command.
package notify
