// Package software is what an organisation's own software may do: the commands
// and queries behind the REST API, for a client bound to one organisation.
//
// Invariants:
//   - It sees its own organisation and nothing else: "not yours" is "not there".
//   - A list says that something exists and how far it is, and names nobody.
//     What it says about a person is opened one at a time; the look is an event
//     with its purpose, which that person can list, written before anything is
//     shown.
//   - What it writes, it writes for a mediator whom it names. The law is asked
//     about that mediator as they are now. A sensitive act needs the mediator's
//     own fresh sign-in, which no software can bring.
//   - A key asks for one thing: a second coming makes nothing anew, another
//     content under the same key is refused.
//
// It never makes, signs or stops a mandate, and never changes how to reach a
// person. It knows nothing of HTTP.
package software
