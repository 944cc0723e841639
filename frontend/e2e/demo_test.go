package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

const (
	readyWithin = 5 * time.Minute // it lays a year of work first
	stopWithin  = 30 * time.Second
)

// demonstration is cmd/demo under way.
type demonstration struct {
	base, idp, outbox, benefits string
	folder                      string
	ownerURL, appURL            string
	said                        *transcript
}

// transcript keeps what a process says.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// build compiles a command of this module.
func build(t *testing.T, command string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), command)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, "./cmd/"+command)
	cmd.Dir = root(t)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build cmd/%s: %v\n%s", command, err, said)
	}
	return out
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// start runs cmd/demo on a database and a folder of its own, and returns when
// it answers.
func start(t *testing.T) *demonstration {
	t.Helper()
	program := build(t, "demo")
	st := storetest.NewWithEnv(t, store.SystemEnv())
	addresses := free(t, 4)
	d := &demonstration{
		base: "http://" + addresses[0], idp: "http://" + addresses[1], outbox: "http://" + addresses[2], benefits: "http://" + addresses[3],
		folder: t.TempDir(), ownerURL: storetest.OwnerURL(t, st), appURL: storetest.AppURL(t, st), said: &transcript{},
	}
	cmd := exec.Command(program, "-addr", addresses[0], "-idp", addresses[1], "-outbox", addresses[2], "-benefits", addresses[3], "-var", d.folder)
	cmd.Env = append(without(os.Environ(), "RELAIS_"), "DATABASE_URL="+d.appURL, "RELAIS_DATABASE_OWNER_URL="+d.ownerURL)
	cmd.Stdout, cmd.Stderr = d.said, d.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() { end(t, cmd.Process, exited) })
	d.wait(t, exited)
	return d
}

// wait returns when the demonstration answers.
func (d *demonstration) wait(t *testing.T, exited <-chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	for {
		select {
		case err := <-exited:
			t.Fatalf("cmd/demo ended: %v\n%s", err, d.said)
		case <-ctx.Done():
			t.Fatalf("cmd/demo does not answer: %v\n%s", ctx.Err(), d.said)
		case <-time.After(100 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/readyz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(req); err == nil {
			ready := answer.StatusCode == http.StatusOK
			if err := answer.Body.Close(); err == nil && ready {
				return
			}
		}
	}
}

// end stops a process as Ctrl-C does, and says so if it will not.
func end(t *testing.T, p *os.Process, exited <-chan error) {
	t.Helper()
	if err := p.Signal(syscall.SIGINT); err != nil {
		return // it ended already, which the test has said
	}
	select {
	case err := <-exited:
		t.Logf("cmd/demo ended: %v", err)
	case <-time.After(stopWithin):
		t.Error("cmd/demo did not stop when asked")
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	}
}

// free gives addresses that nobody listens on.
func free(t *testing.T, n int) []string {
	t.Helper()
	out := make([]string, n)
	for i := range out {
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // all are held until the last is found
		out[i] = fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

// without leaves out what would configure the demonstration otherwise.
func without(environment []string, prefix string) []string {
	var out []string
	for _, e := range environment {
		if !strings.HasPrefix(e, prefix) && !strings.HasPrefix(e, "DATABASE_URL=") {
			out = append(out, e)
		}
	}
	return out
}
