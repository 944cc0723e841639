// Package postgres starts a private PostgreSQL server for those who have not
// set one up: `make run`, and the tests. It runs on Linux.
//
//	Start ─→ place (folders, account) ─→ initdb once ─→ postgres ─→ ready
//	                                                       │
//	             Stop, or the death of this process ───────┘ ends it
//
// Invariants:
//   - The server MUST listen on a socket only, in a folder that only its own
//     account and root may enter: that folder is the gate, there are no
//     passwords inside.
//   - It MUST NOT outlive the process that started it: the kernel signals it.
//   - One process at a time holds a folder (a lock on the file "lock"); a second
//     one is told so plainly.
//   - With Durable, what was committed survives a power cut; without, nothing
//     is promised, which is what tests want.
//   - As root, it runs as "postgres" or "nobody", in a folder that account can
//     reach. Where the asked folder lies in a private home, the server's folder
//     is elsewhere, and the file "location" in the asked folder says where.
//   - Its log keeps neither statements nor values.
//
// It never touches a server it did not start, installs nothing, and knows no
// table.
package postgres
