// Command demo is what `make run` starts: Relais on :8080 with demonstration
// data, an identity provider on :8081, a benefits service on :8082 where
// mediators act for people, and on :8083 the page where its mails and SMS
// arrive. Everything it starts is the real thing; only the people are invented.
// It is never part of cmd/server.
package main
