package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// measured is one run of a load.
type measured struct {
	perSecond float64
	p50, p99  time.Duration
}

// load runs as many clients as asked, each at a seat of its own, without pause.
func (f *field) load(ctx context.Context, clients int, length time.Duration, one func(context.Context, *http.Client, seat) error) (measured, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for i := range clients { // warm up: connections, sessions
		if err := one(ctx, client, f.seats[i%len(f.seats)]); err != nil {
			return measured{}, err
		}
	}
	took := make([][]time.Duration, clients)
	failed := make([]error, clients)
	began := time.Now()
	var all sync.WaitGroup
	for i := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Since(began) < length && failed[i] == nil {
				at := time.Now()
				failed[i] = one(ctx, client, f.seats[i%len(f.seats)])
				took[i] = append(took[i], time.Since(at))
			}
		}()
	}
	all.Wait()
	elapsed := time.Since(began)
	for _, err := range failed {
		if err != nil {
			return measured{}, err
		}
	}
	every := slices.Concat(took...)
	slices.Sort(every)
	return measured{perSecond: float64(len(every)) / elapsed.Seconds(), p50: every[len(every)/2], p99: every[len(every)*99/100]}, nil
}

// oneStep posts the case page's form, as the browser does.
func (f *field) oneStep(ctx context.Context, client *http.Client, s seat) error {
	form := url.Values{"action": {"view"}, "outcome": {"done"}, "present": {"1"}, "key": {f.house.Store.NewID().String()}}
	return f.ask(ctx, client, s, http.MethodPost, "/cases/"+s.case_.String()+"/steps", form.Encode(), http.StatusSeeOther)
}

// onePage reads the first page of "my people".
func (f *field) onePage(ctx context.Context, client *http.Client, s seat) error {
	return f.ask(ctx, client, s, http.MethodGet, "/people", "", http.StatusOK)
}

func (f *field) ask(ctx context.Context, client *http.Client, s seat, method, path, body string, want int) error {
	req, err := http.NewRequestWithContext(ctx, method, f.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", "relais="+s.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to the end below
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("%w: %s %s gave %d: %.200s", errAnswer, method, path, resp.StatusCode, raw)
	}
	return nil
}
