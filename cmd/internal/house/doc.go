// Package house builds the whole of Relais from one validated configuration:
// database, services, web, jobs, log sequencer. cmd/server, cmd/demo and
// cmd/admin share it, so that what is demonstrated is what is run.
//
// Invariants:
//   - Configuration is read once, at start; every fault is listed at once, and
//     nothing starts while there is one.
//   - What starts is stopped, in reverse order, and waited for.
//
// It holds no business rule and no page.
package house
