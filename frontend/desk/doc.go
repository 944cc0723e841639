// Package desk is who stands at the counter: it turns a session into an actor
// with this request's facts, and mounts routes that each name their permission.
//
// Invariants:
//   - Every route MUST name a permission of the policy, or say why it is public;
//     Mount panics otherwise, and a test lists them all.
//   - The actor is loaded anew for every request, and handed to the handler as
//     an argument; nothing about authority is kept in a session.
//   - A permission on a route only opens the door: the command decides on facts.
//
// It holds no page, only the words of a refusal that several surfaces show, and
// no rule of any command.
package desk
