package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/translog/ledger"
)

// verifyLog runs cmd/verify on the database behind the journeys: green; then
// with one byte altered by the owner of the table: red, and which entry; then
// with the byte put back: green again.
func verifyLog(t *testing.T, d *demonstration) {
	t.Helper()
	key, err := ledger.LoadKey(filepath.Join(d.folder, "keys", "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	program := build(t, "verify")
	verify := func(t *testing.T) (code int, said string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, "-database", d.appURL, "-key", key.Public)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	green := func(t *testing.T) {
		t.Helper()
		if code, said := verify(t); code != 0 || !strings.Contains(said, "GREEN") {
			t.Fatalf("cmd/verify left with %d:\n%s", code, said)
		}
	}
	t.Run("log/green", green)
	for _, column := range []string{"leaf", "facts", "personal"} {
		t.Run("log/altered "+column, func(t *testing.T) {
			event := d.flip(t, column)
			code, said := verify(t)
			_, first, _ := strings.Cut(said, "FIRST WRONG")
			first, _, _ = strings.Cut(first, "\n")
			if code != 1 || !strings.Contains(first, event.String()) || !strings.Contains(said, "RED: ") {
				t.Errorf("event %s was altered; cmd/verify left with %d:\n%s", event, code, said)
			}
			d.flip(t, column)
			green(t)
		})
	}
}

// flip turns one bit of the last refusal of the journeys, or of the last step
// where a refusal has none of this, as only the owner of the table can; done
// twice, it is as before.
func (d *demonstration) flip(t *testing.T, column string) uuid.UUID {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, d.ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // it only wrote what is committed
	var event uuid.UUID
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `ALTER TABLE events DISABLE TRIGGER events_guard`); err != nil {
			return err
		}
		alter := fmt.Sprintf(`UPDATE events SET %[1]s = set_byte(%[1]s, length(%[1]s) / 2, get_byte(%[1]s, length(%[1]s) / 2) # 1)
			WHERE id = (SELECT id FROM events WHERE %[1]s IS NOT NULL AND (outcome = 'refused' OR step_id IS NOT NULL)
				ORDER BY (outcome IS NOT DISTINCT FROM 'refused') DESC, id DESC LIMIT 1) RETURNING event_id`, column)
		if err := tx.QueryRow(ctx, alter).Scan(&event); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ALTER TABLE events ENABLE TRIGGER events_guard`)
		return err
	})
	if err != nil {
		t.Fatalf("alter the log: %v", err)
	}
	return event
}
