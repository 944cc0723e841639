// Command admin does what is decided outside the platform: the first operator,
// the schema, keys, packs, accounts stopped everywhere.
//
//	admin bootstrap-operator -name NAME -email ADDRESS   invite somebody as an operator
//	admin operator end -email ADDRESS                    take an operator's right back
//	admin account suspend -email ADDRESS -reason WHY     stop an account everywhere
//	admin account resume -email ADDRESS                  lift that
//	admin migrate                                        bring the database up to this release
//	admin expire                                         end mandates that are due, now
//	admin keys rotate                                    sign mandates with a new key
//	admin packs check DIR                                look for faults in country packs
//
// Invariants:
//   - Nothing changes without -do: it says what it would do, and changes nothing.
//   - With -do, -by MUST name who types: it goes into the event where the command
//     has one, and into the lines that say when the act began and ended.
//   - It runs the same commands as the pages, with their events; it writes to no
//     table itself.
//
// It reads the same configuration as the server, from the environment. It holds
// no business rule, and never prints a secret.
package main
