package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// floor is the least that a Go service over HTTP could be: a form read, the
// control's one statement through pgx, an answer; or a page's own reads, and as
// many bytes as the page has. No session, no law, no log, nothing made of what was
// read. What lies between it and pgbench is HTTP and the driver; what lies between
// it and Relais is the product.
type floor struct {
	address string
	pool    *pgxpool.Pool
	server  *http.Server
	last    atomic.Int64 // its rows are taken in turn
	reads   []string     // of the page
	body    []byte
}

func (f *field) newFloor(ctx context.Context) (*floor, error) {
	config, err := pgxpool.ParseConfig(f.house.Config.OwnerURL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = f.house.Store.Pool().Config().MaxConns
	out := &floor{}
	if out.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cases/{case}/steps", out.step)
	mux.HandleFunc("GET /", out.page)
	out.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		out.pool.Close()
		return nil, err
	}
	out.address = l.Addr().String()
	go func() { _ = out.server.Serve(l) }() // ends with Close
	return out, nil
}

var floorStatement = strings.TrimSuffix(strings.TrimSpace(strings.ReplaceAll(strings.SplitN(singleScript, "\n", 2)[1], ":m", "$1")), ";")

func (o *floor) step(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("action") != "view" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, err := o.pool.Exec(r.Context(), floorStatement, 1+o.last.Add(1)%1000); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Location", "/cases")
	w.WriteHeader(http.StatusSeeOther)
}

// shows makes it answer a page of so many bytes after these reads, a line each.
func (o *floor) shows(reads string, bytes int) {
	o.reads = nil
	for _, q := range strings.Split(reads, "\n") {
		if q = strings.TrimSuffix(strings.TrimSpace(q), ";"); q != "" {
			o.reads = append(o.reads, q)
		}
	}
	o.body = []byte(strings.Repeat("x", bytes))
}

func (o *floor) page(w http.ResponseWriter, r *http.Request) {
	for _, q := range o.reads {
		rows, err := o.pool.Query(r.Context(), q)
		if err == nil {
			for rows.Next() {
				_ = rows.RawValues() // nothing is made of it
			}
			err = rows.Err()
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write(o.body) // the load generator counts what came
}

func (o *floor) close() {
	_ = o.server.Close() // the measurements are over
	o.pool.Close()
}
