package postgres_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store/postgres"
)

func TestMain(m *testing.M) {
	// The crashing parent of TestServerEndsWithItsParent.
	if dir := os.Getenv("RELAIS_TEST_CRASH_IN"); dir != "" {
		inst, err := postgres.Start(context.Background(), options(dir, true))
		if err != nil {
			os.Exit(3)
		}
		_, _ = os.Stdout.WriteString(inst.Dir() + "\n")
		select {}
	}
	os.Exit(m.Run())
}

func options(dir string, durable bool) postgres.Options {
	return postgres.Options{Dir: dir, Durable: durable, Logger: slog.New(slog.DiscardHandler)}
}

func start(t *testing.T, dir string, durable bool) *postgres.Instance {
	t.Helper()
	inst, err := postgres.Start(t.Context(), options(dir, durable))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inst.Stop)
	return inst
}

// folder is removed with what the server keeps elsewhere for it: a test's
// folder lies in a private one, which a lesser account cannot reach.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "postgres")
	t.Cleanup(func() {
		if err := postgres.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func query(t *testing.T, inst *postgres.Instance, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), inst.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func TestDataSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := start(t, dir, true)
	query(t, first, `WITH made AS (SELECT set_config('x.y', 'z', false)) SELECT * FROM made`)
	conn, err := pgx.Connect(t.Context(), first.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `CREATE TABLE kept AS SELECT 'still here' AS words`); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	if got := query(t, first, `SELECT current_setting('fsync')`); got != "on" {
		t.Errorf("durable with fsync %s", got)
	}
	first.Stop()
	first.Stop() // a second time is harmless
	second := start(t, dir, true)
	if got := query(t, second, `SELECT words FROM kept`); got != "still here" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestSocketOnlyAndPrivate(t *testing.T) {
	t.Parallel()
	inst := start(t, folder(t), false)
	if got := query(t, inst, `SELECT current_setting('listen_addresses')`); got != "" {
		t.Errorf("it listens on %q", got)
	}
	socket := query(t, inst, `SELECT current_setting('unix_socket_directories')`)
	for _, dir := range []string{socket, filepath.Join(inst.Dir(), "data")} {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v, error %v, want 0700", dir, info.Mode(), err)
		}
	}
}

func TestSecondCopyIsToldPlainly(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	inst := start(t, dir, false)
	_, err := postgres.Start(t.Context(), options(dir, false))
	if err == nil || !strings.Contains(err.Error(), "another copy of Relais is running") || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second copy: %v", err)
	}
	if err := postgres.Remove(dir); err == nil {
		t.Error("the data was removed under a running server")
	}
	if got := query(t, inst, `SELECT 'alive'`); got != "alive" {
		t.Error("the first copy suffered")
	}
}

func TestLongFolderStillHasASocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("deep/", 20)+"x")
	inst := start(t, dir, false)
	t.Cleanup(func() { inst.Stop(); _ = postgres.Remove(dir) })
	if got := query(t, inst, `SELECT 'reached'`); got != "reached" {
		t.Error(got)
	}
}

func TestStaleProcessFileIsCleared(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	inst := start(t, dir, false)
	home := inst.Dir()
	inst.Stop()
	// The number now belongs to another program: this one.
	stale := strconv.Itoa(os.Getpid()) + "\n" + filepath.Join(home, "data") + "\n"
	if err := os.WriteFile(filepath.Join(home, "data", "postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, dir, false), `SELECT 'started'`); got != "started" {
		t.Error(got)
	}
}

// The kernel ends the server when its parent is killed, and the next start
// finds the data whole.
func TestServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), "RELAIS_TEST_CRASH_IN="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4096)
	n, err := out.Read(said)
	if err != nil {
		t.Fatalf("the parent did not start its server: %v", err)
	}
	pidFile := filepath.Join(strings.TrimSpace(string(said[:n])), "data", "postmaster.pid")
	content, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(content), "\n")
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	inst := start(t, dir, true)
	if got := query(t, inst, `SELECT 'whole'`); got != "whole" {
		t.Error(got)
	}
	for end := time.Now().Add(20 * time.Second); running(pid); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the server of the killed parent (process %s) lives on", pid)
		}
	}
}

// running says whether a process is there and not merely unburied.
func running(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}
