package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// ownerRole owns the database; the application never uses it.
	ownerRole = "relais_owner"
	// appRole is store.AppRole, which this package does not import.
	appRole  = "relais_app"
	database = "relais"
	// socketPort is only a part of the socket's file name: no port is opened.
	socketPort = "5432"

	startWithin = 60 * time.Second
	stopWithin  = 20 * time.Second
)

// Options say where, and how safe.
type Options struct {
	// Dir keeps the data, or remembers where it is kept. Made if absent.
	Dir string
	// Durable keeps what was committed through a power cut. Off for tests.
	Durable bool
	// Logger gets what the server says, at debug level; nil is slog.Default.
	Logger *slog.Logger
}

// Instance is a private server under way.
type Instance struct {
	place   place
	durable bool
	process *os.Process
	said    *tail
	exited  chan struct{}
	stop    sync.Once
}

// Start starts the server on o.Dir, making its data on the first time, and
// returns when it answers. The data of the last time is found again.
func Start(ctx context.Context, o Options) (*Instance, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p, err := prepare(o)
	if err != nil {
		return nil, err
	}
	inst := &Instance{place: p, durable: o.Durable, said: &tail{log: o.Logger}, exited: make(chan struct{})}
	if err := inst.start(ctx); err != nil {
		p.release()
		return nil, err
	}
	return inst, nil
}

func (i *Instance) start(ctx context.Context) error {
	bin, err := findBinaries(ctx, i.place)
	if err != nil {
		return err
	}
	if err := i.place.initialise(ctx, bin, i.durable); err != nil {
		return err
	}
	if err := i.place.clearLeftOver(ctx); err != nil {
		return err
	}
	if err := i.launch(filepath.Join(bin, "postgres")); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := i.waitReady(ready); err != nil {
		i.end()
		return err
	}
	return nil
}

// OwnerURL is the database as its owner, for migrations only.
func (i *Instance) OwnerURL() string { return i.url(ownerRole) }

// AppURL is the database as the application; usable once migrated.
func (i *Instance) AppURL() string { return i.url(appRole) }

// Dir is where the data is kept, which is not always where it was asked for.
func (i *Instance) Dir() string { return i.place.home }

// Asked is the folder Start was given, absolute: the one to give to Remove.
func (i *Instance) Asked() string { return i.place.asked }

// Exited is closed when the server has ended, asked to or not.
func (i *Instance) Exited() <-chan struct{} { return i.exited }

// Stop ends the server, waits for it, and lets the folder go.
func (i *Instance) Stop() {
	i.stop.Do(func() {
		i.end()
		if filepath.Dir(i.place.socket) != i.place.home {
			_ = os.Remove(i.place.socket) // empty by now; made again at the next start
		}
		i.place.release()
	})
}

func (i *Instance) url(role string) string {
	query := url.Values{"host": {i.place.socket}, "port": {socketPort}, "user": {role}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

// settings of the server, as -c options.
func (i *Instance) settings() []string {
	s := []string{
		"listen_addresses=",
		"port=" + socketPort,
		"unix_socket_directories=" + i.place.socket,
		"unix_socket_permissions=0700",
		"timezone=UTC", "log_timezone=UTC",
		"jit=off",
		// Neither statements nor the values of a refused row reach the log.
		"log_min_error_statement=panic", "log_error_verbosity=terse",
	}
	if i.durable {
		return append(s, "fsync=on", "synchronous_commit=on", "max_connections=200")
	}
	return append(s, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
		"max_wal_senders=0", "autovacuum=off", "max_wal_size=4GB", "max_connections=500")
}

// launch starts the process. The kernel ties a child's death signal to the
// thread that started it, so one goroutine keeps that thread until the end.
func (i *Instance) launch(postgres string) error {
	args := []string{"-D", i.place.data()}
	for _, s := range i.settings() {
		args = append(args, "-c", s)
	}
	// The server outlives any one context: Stop and the death signal end it.
	cmd := exec.Command(postgres, args...) //nolint:gosec,noctx // our own binary and settings; ended by Stop
	cmd.Dir = i.place.home
	cmd.Env = i.place.environment()
	cmd.Stdout, cmd.Stderr = i.said, i.said
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = i.place.attributes()
	cmd.SysProcAttr.Pdeathsig = i.stopSignal()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // what it said tells more than its exit code
			close(i.exited)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", postgres, err)
	}
	i.process = cmd.Process
	return nil
}

// stopSignal: fast shutdown writes everything down; immediate drops it.
func (i *Instance) stopSignal() syscall.Signal {
	if i.durable {
		return syscall.SIGINT
	}
	return syscall.SIGQUIT
}

func (i *Instance) end() {
	if i.process == nil {
		return
	}
	_ = i.process.Signal(i.stopSignal()) // it may have ended already
	select {
	case <-i.exited:
		return
	case <-time.After(stopWithin):
	}
	_ = i.process.Signal(syscall.SIGQUIT)
	select {
	case <-i.exited:
	case <-time.After(stopWithin):
		_ = i.process.Kill()
		<-i.exited
	}
}

// waitReady returns when the server answers and the database is there.
func (i *Instance) waitReady(ctx context.Context) error {
	for {
		err := i.ensureDatabase(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-i.exited:
			return fmt.Errorf("the private PostgreSQL in %s did not start: %s", i.place.home, i.said.lines())
		case <-ctx.Done():
			return fmt.Errorf("the private PostgreSQL in %s did not answer: %w: %s", i.place.home, errors.Join(ctx.Err(), err), i.said.lines())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func (i *Instance) ensureDatabase(ctx context.Context) error {
	cfg, err := pgx.ParseConfig(i.OwnerURL())
	if err != nil {
		return err
	}
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&there); err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+database)
	return err
}

// Remove deletes what Start keeps for this folder. It refuses while a server
// runs on it.
func Remove(dir string) error {
	p, err := locate(dir)
	if err != nil {
		return err
	}
	defer p.release()
	if p.home != p.asked {
		if err := os.RemoveAll(p.home); err != nil {
			return fmt.Errorf("remove %s: %w", p.home, err)
		}
	}
	return os.RemoveAll(p.asked)
}

// runningCopy names the process that holds a folder.
func runningCopy(dir string, pid int) error {
	who := ""
	if pid > 0 {
		who = " (process " + strconv.Itoa(pid) + ")"
	}
	return fmt.Errorf("another copy of Relais is running on %s%s: stop it first", dir, who)
}
