package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearLeftOver deals with the process file of a server that was not stopped.
// We hold the folder's lock, so no copy of ours uses that server: if it is
// still ending it is asked to and waited for; if it is gone, or its number now
// belongs to another program, the file is removed.
func (p place) clearLeftOver(ctx context.Context) error {
	file := filepath.Join(p.data(), "postmaster.pid")
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !p.servedBy(pid) {
		return os.Remove(file)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the server left over in %s (process %d): %w", p.home, pid, err)
	}
	for end := time.After(stopWithin); p.servedBy(pid); {
		select {
		case <-end:
			return fmt.Errorf("the server left over in %s (process %d) does not stop: end it by hand", p.home, pid)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// servedBy says whether this process is a server on our data: PostgreSQL works
// inside its data folder.
func (p place) servedBy(pid int) bool {
	works, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		return false
	}
	data, err := filepath.EvalSymlinks(p.data())
	return err == nil && works == data
}
