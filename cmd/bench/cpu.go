package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpu is processor time spent, by whom.
type cpu struct {
	server, postgres, client time.Duration
}

func (c cpu) sum() time.Duration { return c.server + c.postgres + c.client }

// each is the time of one of n operations, "server + PostgreSQL + client µs".
func (c cpu) each(n float64) string {
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
	return fmt.Sprintf("%4.0f +%4.0f +%4.0f =%5.0f", us(c.server), us(c.postgres), us(c.client), us(c.sum()))
}

// spent is what this process and PostgreSQL have used so far. This process is
// the server: pages, jobs and the log's sequencer.
func (f *field) spent() (cpu, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return cpu{}, err
	}
	c := cpu{server: time.Duration(own.Utime.Nano() + own.Stime.Nano())}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return cpu{}, err
	}
	for _, file := range stats {
		raw, err := os.ReadFile(file) //nolint:gosec // the kernel's own
		if err != nil {
			continue // ended since
		}
		// pid (name) state ppid …: the name may hold anything.
		_, rest, _ := strings.Cut(string(raw), ") ")
		v := strings.Fields(rest)
		if len(v) < 15 {
			continue
		}
		switch strconv.Itoa(f.postmaster) {
		case filepath.Base(filepath.Dir(file)): // with what its ended children used
			c.postgres += ticks(v[11], v[12], v[13], v[14])
		case v[1]:
			c.postgres += ticks(v[11], v[12])
		}
	}
	return c, nil
}

// ticks sums times of proc(5), in hundredths of a second on Linux.
func ticks(of ...string) time.Duration {
	var sum int
	for _, t := range of {
		n, _ := strconv.Atoi(t) // the kernel writes numbers
		sum += n
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// parentOf is the parent of a process.
func parentOf(pid int) (int, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	v := strings.Fields(rest)
	if len(v) < 2 {
		return 0, fmt.Errorf("read the parent of %d", pid)
	}
	return strconv.Atoi(v[1])
}
