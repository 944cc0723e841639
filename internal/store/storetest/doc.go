// Package storetest gives each test a database of its own: a clone of a
// migrated template, dropped when the test ends, reached as the application's
// role, with a clock that the test holds.
//
//	RELAIS_TEST_DATABASE_URL set ──→ that server (the owner's address)
//	                       unset ──→ a private server for this test binary
//
// `make test` starts one server around all packages (storetest/around), which
// saves a start for each of them.
//
// It is for tests only: nothing of the program imports it.
package storetest
