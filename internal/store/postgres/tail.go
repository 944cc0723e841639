package postgres

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// kept is how many of the server's last lines are remembered for an error.
const kept = 12

// tail passes what the server says to the log and remembers its last lines.
type tail struct {
	log  *slog.Logger
	mu   sync.Mutex
	part []byte
	last []string
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, b...)
	for {
		line, rest, whole := bytes.Cut(t.part, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		t.log.Debug("postgres", "says", string(line))
		t.last = append(t.last, string(line))
		if len(t.last) > kept {
			t.last = t.last[1:]
		}
		t.part = rest
	}
}

func (t *tail) lines() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.last, " | ")
}
