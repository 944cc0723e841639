package main

import (
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
	"github.com/relais-org/relais/translog/verify"
)

// benchEntries is RELAIS_BENCH_ENTRIES, or a number that is quick to write.
func benchEntries(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("RELAIS_BENCH_ENTRIES"))
	if err != nil {
		return 100_000
	}
	return n
}

// BenchmarkCatchUpAndVerify integrates a backlog, then verifies it: both as
// entries a second, beside the rate of hashing alone on one core.
func BenchmarkCatchUpAndVerify(b *testing.B) {
	n := benchEntries(b)
	l := &bundle{store: storetest.NewWithEnv(b, store.SystemEnv()), person: uuid.New()}
	secret, err := translog.GenerateKey(rand.Reader, "log.example/relais")
	if err != nil {
		b.Fatal(err)
	}
	if l.key, err = translog.ParseKey(secret); err != nil {
		b.Fatal(err)
	}
	columns := strings.Split(strings.ReplaceAll(ledger.InsertColumns, " ", ""), ",")
	i := 0
	_, err = l.store.Pool().CopyFrom(b.Context(), pgx.Identifier{"events"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if i == n {
			return nil, nil
		}
		row, err := ledger.Prepare(l.store.Env(), l.store.Now(), l.event(i*3))
		i++
		return row.Args(), err
	}))
	if err != nil {
		b.Fatal(err)
	}
	s, err := ledger.NewSequencer(ledger.Deps{Store: l.store, Key: l.key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	began, before := time.Now(), processor()
	done, err := s.SequenceOnce(b.Context())
	if err != nil || done != n {
		b.Fatalf("%d of %d integrated, %v", done, n, err)
	}
	caughtUp, caughtUpProcessor := time.Since(began), processor()-before
	key, err := l.key.Verifier()
	if err != nil {
		b.Fatal(err)
	}
	var verifying, verifyingProcessor, hashing time.Duration
	runs := 0
	for b.Loop() {
		hashing += hashAlone(l, n)
		db, err := openDatabase(b.Context(), storetest.AppURL(b, l.store))
		if err != nil {
			b.Fatal(err)
		}
		before, began := processor(), time.Now()
		r, err := verify.Run(db, verify.Options{Keys: []note.Verifier{key}})
		if err != nil || !r.Green() || r.Entries != int64(n) {
			b.Fatalf("%+v, %v", r, err)
		}
		verifying, verifyingProcessor, runs = verifying+time.Since(began), verifyingProcessor+processor()-before, runs+1
		db.close(b.Context())
	}
	all := float64(n * runs)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/caughtUp.Seconds(), "integrated/s")
	b.ReportMetric(caughtUpProcessor.Seconds()*1e6/float64(n), "cpu-µs/integrated")
	b.ReportMetric(all/verifying.Seconds(), "verified/s")
	b.ReportMetric(verifyingProcessor.Seconds()*1e6/all, "cpu-µs/verified")
	b.ReportMetric(all/hashing.Seconds(), "hashed/s")
	b.ReportMetric(hashing.Seconds()/verifying.Seconds(), "verified/hashed")
}

// hashAlone does the hashing of so many entries on one core, and nothing else:
// the leaf, both commitments, and a node of the tree.
func hashAlone(l *bundle, n int) time.Duration {
	sealed, err := translog.Seal(l.event(0), uuid.New(), time.Now(), rand.Reader)
	if err != nil {
		panic(err)
	}
	began := time.Now()
	var node [65]byte
	for range n {
		translog.LeafHash(sealed.Leaf)
		translog.CommitFacts(sealed.FactsSalt, sealed.Facts)
		translog.CommitPersonal(sealed.PersonalSalt, sealed.Personal)
		sha256.Sum256(node[:])
	}
	return time.Since(began)
}

// processor is the time that this process, without the server, has computed.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
