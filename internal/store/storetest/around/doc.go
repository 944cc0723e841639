// Command around runs another command with one throw-away PostgreSQL server
// around it, in RELAIS_TEST_DATABASE_URL:
//
//	go run ./internal/store/storetest/around go test ./...
//
// The exit code is the command's. A server already named is left alone and
// used.
package main
