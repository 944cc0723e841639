package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Goal T of the performance design, over HTTP on this machine: userinfo, and a
// refresh, which signs two tokens and rotates the third.
func BenchmarkUserinfo(b *testing.B) {
	h := setup(b)
	_, secret := h.service("caf")
	token := h.rp("caf", secret).tokens().text("access_token")
	b.ResetTimer()
	for b.Loop() {
		if got := h.userinfo(token); got.status != http.StatusOK {
			b.Fatal(got.body)
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	h := setup(b)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	token := r.tokens().text("refresh_token")
	b.ResetTimer()
	for b.Loop() {
		got := r.refresh(token)
		if token = got.text("refresh_token"); token == "" {
			b.Fatal(got.body)
		}
	}
}

// BenchmarkIntrospectParallel is what a service's own API does at each call.
func BenchmarkIntrospectParallel(b *testing.B) {
	h := setup(b)
	_, secret := h.service("caf")
	token := h.rp("caf", secret).tokens().text("access_token")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	body := url.Values{"token": {token}}.Encode()
	var failed atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, h.issuer+"/oauth/introspect", strings.NewReader(body))
			if err != nil {
				failed.Add(1)
				continue
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.SetBasicAuth("caf", secret)
			res, err := client.Do(req)
			if err != nil || res.StatusCode != http.StatusOK {
				failed.Add(1)
				continue
			}
			_ = res.Body.Close()
		}
	})
	if n := failed.Load(); n > 0 {
		b.Errorf("%d failed", n)
	}
}
