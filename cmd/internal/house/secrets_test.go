package house

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

// Processes that start together on an empty folder (-web and -jobs) hold the
// same keys: a card whose code one of them hashed opens at the other, and what
// one signed is published by the other.
func TestProcessesStartedTogetherHoldTheSameKeys(t *testing.T) {
	t.Parallel()
	st := storetest.NewWithEnv(t, store.SystemEnv())
	for range 20 {
		config, err := ReadConfig(environment(map[string]string{"RELAIS_VAR": filepath.Join(t.TempDir(), "fresh")}))
		must(t, err)
		houses, faults := make([]*House, 8), make([]error, 8)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range houses {
			houses[i] = &House{Config: config, Store: st, Logger: slog.New(slog.DiscardHandler)}
			all.Go(func() {
				<-start
				faults[i] = houses[i].keys()
			})
		}
		close(start)
		all.Wait()
		for i, h := range houses {
			must(t, faults[i])
			if len(h.Config.CodeKey) < 32 || !bytes.Equal(h.Config.CodeKey, houses[0].Config.CodeKey) {
				t.Fatal("two processes hash cards' codes under different keys")
			}
			if h.Keyring.ActiveKeyID() != houses[0].Keyring.ActiveKeyID() {
				t.Fatal("two processes sign mandates with different keys")
			}
			if h.LogKey.Public != houses[0].LogKey.Public {
				t.Fatal("two processes sign the log with different keys")
			}
		}
		onlyKeys(t, filepath.Dir(config.MandateKeysFile))
	}
}

// onlyKeys: nothing is left beside the keys, and they are nobody else's to read.
func onlyKeys(t *testing.T, folder string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	must(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", f.Name(), info.Mode().Perm())
		}
	}
	if strings.Join(names, " ") != "codes.key log.key mandates.json" {
		t.Errorf("the folder holds %s", names)
	}
}

// Behind a proxy that was not named, limits by address count all visitors as
// one: the start says so, and only then.
func TestAnUnnamedProxyIsSaidAtStart(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		base, proxies string
		warned        bool
	}{
		{"https://relais.example", "", true},
		{"https://relais.example", "10.0.0.0/8", false},
		{"http://localhost:8080", "", false},
	} {
		config, err := ReadConfig(environment(map[string]string{"RELAIS_BASE_URL": x.base, "RELAIS_TRUSTED_PROXIES": x.proxies}))
		must(t, err)
		var out bytes.Buffer
		h := &House{Config: config, Logger: slog.New(slog.NewTextHandler(&out, nil))}
		h.warn(t.Context())
		if got := strings.Contains(out.String(), "level=WARN") && strings.Contains(out.String(), "RELAIS_TRUSTED_PROXIES"); got != x.warned {
			t.Errorf("%s with proxies %q: warned %t: %s", x.base, x.proxies, got, out.String())
		}
	}
}
