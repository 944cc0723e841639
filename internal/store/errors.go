package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
)

// ErrNoRow says that a single statement gave no row: its conditions did not
// hold. The caller asks why, and answers with a problem.
var ErrNoRow = errors.New("store: no row")

// ErrStale says that a guarded change found its row in another state than the
// one it was decided on: somebody else was quicker, or the page was old.
var ErrStale = problem.Conflict("stale")

// ExpectOne demands that a guarded change touched exactly one row. GORM itself
// reports neither none nor many.
func ExpectOne(res *gorm.DB) error {
	switch {
	case res.Error != nil:
		return res.Error
	case res.RowsAffected == 0:
		return ErrStale
	case res.RowsAffected > 1:
		return fmt.Errorf("store: a change meant for one row touched %d", res.RowsAffected)
	}
	return nil
}

// First loads one row in the caller's order, or answers problem.NotFound.
func First(db *gorm.DB, dest any) error {
	err := db.Take(dest).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return problem.NotFound()
	}
	return err
}

// IsUnique reports a violation of the unique constraint or index of this name;
// an empty name means any.
func IsUnique(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" &&
		(constraint == "" || pg.ConstraintName == constraint)
}
