// Command bench measures Relais against controls that run in the same minutes
// on the same server, and prints ratios: this is what `make bench` runs. Each
// round interleaves the controls (pgbench) with the full product over HTTP, so
// that a noisy neighbour strikes both. The load generator is a process of its
// own, this program again, so that processor time is told apart: server,
// PostgreSQL, generator.
//
// W  record a step end to end: HTTP, session, casbin, write, event, leaf,
// durable commit; at 1, 8 and 32 clients.
// R  the pages "my people", person and case, with 10,000 people in the
// organisation, against the very statements that they make.
//
// T  at a service: code → tokens against the same SQL without signing; whole flows
// over HTTP, code, tokens and userinfo; then userinfo and commit checks, 500 due each
// second, timed from when each is due.
//
// docs/performance.md says how the hot paths work.
package main
