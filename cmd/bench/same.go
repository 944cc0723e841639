package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// listener writes down, while it listens, the statements that pages make: the
// control that is "the same reads" is then exactly those, whatever they become.
type listener struct {
	mu        sync.Mutex
	listening bool
	writes    bool // those too
	heard     []string
	err       error
}

// TraceQueryStart implements pgx.QueryTracer.
func (l *listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listening && l.minds(q.SQL) {
		statement, err := literal(q.SQL, q.Args)
		l.heard = append(l.heard, statement)
		if err != nil {
			l.err = err
		}
	}
	return ctx
}

// minds says whether a statement is a page's or a flow's own: jobs and the log's
// sequencer go on meanwhile.
func (l *listener) minds(sql string) bool {
	if l.writes {
		return strings.Contains(sql, "acting_") || strings.Contains(sql, "delegations") || strings.Contains(sql, "FROM clients")
	}
	return strings.HasPrefix(strings.TrimSpace(sql), "SELECT") &&
		!strings.Contains(sql, "log_") && !strings.Contains(sql, "river_") && !strings.Contains(sql, "pg_")
}

// TraceQueryEnd implements pgx.QueryTracer.
func (l *listener) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// reads are the statements of one page, as a script.
func (f *field) reads(ctx context.Context, r request) (string, error) {
	return f.hear(false, func() error { return f.once(ctx, r) })
}

// hear writes down the statements that something makes, as a script.
func (f *field) hear(writes bool, of func() error) (string, error) {
	f.listener.mu.Lock()
	f.listener.heard, f.listener.err, f.listener.listening, f.listener.writes = nil, nil, true, writes
	f.listener.mu.Unlock()
	err := of()
	f.listener.mu.Lock()
	defer f.listener.mu.Unlock()
	f.listener.listening = false
	if err == nil {
		err = f.listener.err
	}
	return strings.Join(f.listener.heard, ";\n") + ";\n", err
}

func (f *field) once(ctx context.Context, r request) error {
	c, err := newClient(ctx, loadOrder{Address: f.address, Want: http.StatusOK}, r)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }() // all was read
	return c.one()
}

var (
	placeholder = regexp.MustCompile(`\$[0-9]+`)
	space       = regexp.MustCompile(`\s+`)
)

// literal puts the values into a statement, on one line.
func literal(sql string, args []any) (string, error) {
	for len(args) > 0 && isOption(args[0]) {
		args = args[1:]
	}
	if len(args) == 1 {
		if named, ok := args[0].(pgx.NamedArgs); ok {
			return byName(sql, named)
		}
	}
	var fault error
	sql = placeholder.ReplaceAllStringFunc(sql, func(p string) string {
		n, _ := strconv.Atoi(p[1:]) // digits, by the expression
		if n < 1 || n > len(args) {
			fault = fmt.Errorf("no value for %s of %q", p, sql)
			return p
		}
		text, err := quoted(args[n-1])
		if err != nil {
			fault = err
		}
		return text
	})
	return space.ReplaceAllString(sql, " "), fault
}

// isOption: what callers tell the driver, before the values.
func isOption(v any) bool {
	switch v.(type) {
	case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
		return true
	}
	return false
}

func byName(sql string, named pgx.NamedArgs) (string, error) {
	for name, v := range named {
		text, err := quoted(v)
		if err != nil {
			return "", err
		}
		sql = regexp.MustCompile(`@`+name+`\b`).ReplaceAllLiteralString(sql, text)
	}
	return space.ReplaceAllString(sql, " "), nil
}

func quoted(v any) (string, error) {
	text, err := plainText(v)
	if text == "NULL" {
		return text, err
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'", err
}

func plainText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case string, int, int32, int64, bool, uuid.UUID:
		return fmt.Sprint(v), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case []byte:
		return `\x` + hex.EncodeToString(v), nil
	case pgtype.UUID:
		if !v.Valid {
			return "NULL", nil
		}
		return uuid.UUID(v.Bytes).String(), nil
	case []string:
		return listOf(v)
	case []pgtype.UUID:
		return listOf(v)
	case []uuid.UUID:
		return listOf(v)
	case [][]byte:
		return listOf(v)
	case []pgtype.Text:
		return listOf(v)
	case pgtype.Text:
		if !v.Valid {
			return "NULL", nil
		}
		return v.String, nil
	}
	return "", fmt.Errorf("a value of type %T", v)
}

// listOf is an array as PostgreSQL reads it.
func listOf[T any](all []T) (string, error) {
	parts := make([]string, len(all))
	for i, v := range all {
		text, err := plainText(v)
		if err != nil {
			return "", err
		}
		if text == "NULL" {
			parts[i] = text
			continue
		}
		parts[i] = `"` + strings.ReplaceAll(text, `\`, `\\`) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}", nil
}
