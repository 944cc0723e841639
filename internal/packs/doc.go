// Package packs holds country packs: everything that is true in one country
// and not in another, as data.
//
// A pack carries the themes and procedures a mandate can be about, the
// durations the law allows, what happens when a person is under legal
// protection, the consent text and the mediators' charter, the identity papers
// that can be shown, the codes that services know people by, the numbers that
// must never be written in free text, and the holidays and retention times.
// Packs are YAML under data/<id>/, embedded in the program;
// docs/country-packs.md says how to write one.
//
// Invariants:
//   - A pack that does not hold MUST never load: [Load] answers with every
//     fault at once, each naming its file and path.
//   - Every [Text] MUST be complete in French, English and Spanish and in every
//     language of its pack.
//   - A procedure code is for ever. [Pack.Resolve] answers with today's codes
//     of a theme, and the caller freezes them into the grant together with
//     [Pack.Version]: a procedure added tomorrow is in no mandate of today.
//   - A sensitive action ([ActionChangeContact], [ActionChangePayment]) is never
//     part of [DefaultActions].
//   - Loaded packs MUST NOT be changed; they are shared by every request.
//
// It never reads the clock, the network or the database, never decides who may
// act, and imports nothing of the house but internal/problem.
package packs
