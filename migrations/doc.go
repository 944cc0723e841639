// Package migrations holds the database's schema as SQL, forward only and
// additive: each file MUST work while the previous release is running, and a
// file that was released MUST never change.
//
// Triggers and functions stand between "-- +goose StatementBegin" and
// "-- +goose StatementEnd". Rights that differ from the defaults of
// internal/store (the application reads and writes every table, and may only
// read and add in the append-only ones) stand in the file that makes the table.
//
// It never holds demonstration rows or test fixtures.
package migrations
