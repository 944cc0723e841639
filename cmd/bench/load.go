package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// measured is one run of a load, or of a control.
type measured struct {
	perSecond float64
	count     float64
	p50, p99  time.Duration
	last99    time.Duration // of the last request of a flow
	bytes     int           // of one answer's body
	cpu       cpu
}

// load runs as many clients as asked, each at a seat of its own, without pause,
// in a process of their own.
func (f *field) load(ctx context.Context, clients int, length time.Duration, want int, requests []request) (measured, error) {
	return f.order(ctx, loadOrder{Clients: clients, Length: length, Requests: requests, Want: want})
}

func (f *field) order(ctx context.Context, of loadOrder) (measured, error) {
	self, err := os.Executable()
	if err != nil {
		return measured{}, err
	}
	if of.Address == "" {
		of.Address = f.address
	}
	order, err := json.Marshal(of)
	if err != nil {
		return measured{}, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, self, clientArgument) //nolint:gosec // ourselves
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(order), &said, os.Stderr
	before, err := f.spent()
	if err != nil {
		return measured{}, err
	}
	if err := cmd.Run(); err != nil {
		return measured{}, fmt.Errorf("the load: %w", err)
	}
	after, err := f.spent()
	if err != nil {
		return measured{}, err
	}
	var a loadAnswer
	if err := json.Unmarshal(said.Bytes(), &a); err != nil {
		return measured{}, fmt.Errorf("the load said: %s: %w", said.Bytes(), err)
	}
	used := cpu{server: after.server - before.server, postgres: after.postgres - before.postgres,
		client: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	return measured{perSecond: float64(a.Answered) / a.Elapsed.Seconds(), count: float64(a.Answered), p50: a.P50, p99: a.P99, last99: a.Last99,
		bytes: a.Bytes / max(1, a.Answered), cpu: used}, nil
}

// stepRequests post the case page's form, as the browser does.
func (f *field) stepRequests() []request {
	out := make([]request, len(f.seats))
	for i, s := range f.seats {
		body := "action=view&outcome=done&present=1&key=" + strings.Repeat("0", 36)
		out[i] = request{Fresh: true, Bytes: f.head(http.MethodPost, "/cases/"+s.case_.String()+"/steps", s,
			"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin", "Content-Length: "+strconv.Itoa(len(body)), "", body)}
	}
	return out
}

// pageRequests read a page.
func (f *field) pageRequests(path func(seat) string) []request {
	out := make([]request, len(f.seats))
	for i, s := range f.seats {
		out[i] = request{Bytes: f.head(http.MethodGet, path(s), s, "", "")}
	}
	return out
}

// head writes a request; what follows closes its headers.
func (f *field) head(method, path string, s seat, lines ...string) []byte {
	all := append([]string{method + " " + path + " HTTP/1.1", "Host: " + f.address, "Cookie: relais=" + s.token, "Accept-Language: fr"}, lines...)
	return []byte(strings.Join(all, "\r\n"))
}
