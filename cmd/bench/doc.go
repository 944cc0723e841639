// Command bench measures Relais against controls that run in the same minutes
// on the same server, and prints ratios: this is what `make bench` runs. Each
// round interleaves the controls (pgbench, the bare SQL) with the full product
// over HTTP, so that a noisy neighbour strikes both.
//
// W  record a step end to end: HTTP, session, casbin, write, event, leaf,
// durable commit; at 1, 8 and 32 clients.
// R  the page "my people" with 10,000 people in the organisation.
package main
