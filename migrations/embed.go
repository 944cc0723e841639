package migrations

import "embed"

// FS holds the migrations, 0001_….sql and on, in goose's format.
//
//go:embed *.sql
var FS embed.FS
