package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// clientArgument makes the program a load generator and nothing else, as
// pgbench is for the controls: a process of its own, whose processor time is
// counted apart from the server's.
const clientArgument = "load-client"

// loadOrder is what the load generator is told, on its standard input.
type loadOrder struct {
	Address string
	Clients int
	Length  time.Duration
	// Requests are taken by the clients in turn, one each.
	Requests []request
	Want     int // the status of a good answer
	// Tokens makes the clients one service instead.
	Tokens *tokenOrder
}

// request is one HTTP request, whole, as bytes.
type request struct {
	Bytes []byte
	// Fresh: the last 36 bytes are a new idempotency key each time.
	Fresh bool
}

// loadAnswer is what the load generator says, on its standard output.
type loadAnswer struct {
	Elapsed  time.Duration
	Answered int
	Bytes    int // of bodies
	P50, P99 time.Duration
	Last99   time.Duration // of the last request of each flow
}

// take counts what was answered, and how fast.
func (a *loadAnswer) take(took []time.Duration) {
	if a.Answered = len(took); a.Answered > 0 {
		slices.Sort(took)
		a.P50, a.P99 = took[len(took)/2], took[len(took)*99/100]
	}
}

func runClient(ctx context.Context) error {
	var order loadOrder
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	work := runRequests
	if order.Tokens != nil {
		work = runService
	}
	answer, err := work(ctx, order)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func runRequests(ctx context.Context, order loadOrder) (loadAnswer, error) {
	clients := make([]*client, order.Clients)
	for i := range clients {
		c, err := newClient(ctx, order, order.Requests[i%len(order.Requests)])
		if err != nil {
			return loadAnswer{}, err
		}
		clients[i] = c
		if err := c.one(); err != nil { // warm up: connections, prepared statements
			return loadAnswer{}, err
		}
	}
	began := time.Now()
	errs := make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() { errs[i] = c.run(began, order.Length) })
	}
	all.Wait()
	answer := loadAnswer{Elapsed: time.Since(began)}
	if err := errors.Join(errs...); err != nil {
		return loadAnswer{}, err
	}
	var took []time.Duration
	for _, c := range clients {
		took, answer.Bytes = append(took, c.took...), answer.Bytes+c.read
	}
	answer.take(took)
	return answer, nil
}

// client is one kept connection that asks and waits, without pause. It reads as
// little of HTTP as it must: pgbench does no more of PostgreSQL's protocol.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	request
	want string
	took []time.Duration
	read int
}

func newClient(ctx context.Context, order loadOrder, r request) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", order.Address)
	if err != nil {
		return nil, err
	}
	r.Bytes = slices.Clone(r.Bytes)
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 32<<10), request: r, want: strconv.Itoa(order.Want)}, nil
}

func (c *client) run(began time.Time, length time.Duration) error {
	defer func() { _ = c.conn.Close() }() // all was read
	c.read = 0
	for time.Since(began) < length {
		at := time.Now()
		if err := c.one(); err != nil {
			return err
		}
		c.took = append(c.took, time.Since(at))
	}
	return nil
}

func (c *client) one() error {
	if c.Fresh {
		key := uuid.New()
		copy(c.Bytes[len(c.Bytes)-36:], key.String())
	}
	if _, err := c.conn.Write(c.Bytes); err != nil {
		return err
	}
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	good := len(status) > 12 && string(status[9:12]) == c.want
	got := string(status)
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if v, ok := header(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(v) // zero is found out below: the next answer is unreadable
		} else if v, ok := header(line, "Transfer-Encoding: "); ok && v == "chunked" {
			length = -1
		}
	}
	if !good {
		return fmt.Errorf("%w: %s", errAnswer, got)
	}
	return c.body(length)
}

func header(line []byte, name string) (string, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return "", false
	}
	return string(line[len(name):]), true
}

// body reads to the end of an answer; -1 is in chunks.
func (c *client) body(length int) error {
	if length >= 0 {
		n, err := c.in.Discard(length)
		c.read += n
		return err
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		n, err := io.CopyN(io.Discard, c.in, size+2)
		if c.read += int(n); err != nil || size == 0 {
			return err
		}
	}
}
