package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// leaderLock is held by the session of the leading sequencer.
	leaderLock = 0x52656c61_0002
	// candidacy is how often a follower tries to take over.
	candidacy = time.Second
	// answerTime bounds the leader's question whether its session still lives.
	answerTime = 2 * time.Second
	// lagEvery is how often the lag is measured.
	lagEvery = time.Second
)

// leaderSession makes the server notice a leader that vanished without a word
// (its machine lost power) in time for a takeover within five seconds.
var leaderSession = []string{
	`SET tcp_keepalives_idle = 1`, `SET tcp_keepalives_interval = 1`, `SET tcp_keepalives_count = 2`,
	`SET tcp_user_timeout = 3000`, `SET application_name = 'relais sequencer'`,
}

// Run sequences while it leads, and waits to take over while another does. It
// ends with ctx; no failure of a step ends it.
func (s *Sequencer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := s.campaign(ctx); err != nil && ctx.Err() == nil {
			s.d.Logger.ErrorContext(ctx, "log: the sequencer's session ended", "error", err)
		}
		pause(ctx, candidacy)
	}
	return nil
}

// campaign waits for the lead on a session of its own, outside the pool, and
// leads until the session or ctx ends.
func (s *Sequencer) campaign(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.d.Store.Pool().Config().ConnConfig.Copy())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, end := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
		defer end()
		_ = conn.Close(closing) // the lock goes with the session, however it ends
	}()
	for _, statement := range leaderSession {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("prepare the session: %w", err)
		}
	}
	for ctx.Err() == nil {
		var leading bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(leaderLock)).Scan(&leading); err != nil {
			return fmt.Errorf("ask for the lead: %w", err)
		}
		if leading {
			return s.lead(ctx, conn)
		}
		pause(ctx, candidacy)
	}
	return nil
}

// lead steps at each interval, and at once while batches are full.
func (s *Sequencer) lead(ctx context.Context, conn *pgx.Conn) error {
	s.leading(true)
	defer s.leading(false)
	s.d.Logger.InfoContext(ctx, "log: this process sequences")
	tick := time.NewTicker(s.d.Interval)
	defer tick.Stop()
	for {
		if err := alive(ctx, conn); err != nil {
			return err
		}
		more := s.attempt(ctx)
		s.measure(ctx)
		if more {
			if ctx.Err() != nil {
				return nil
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// attempt is one step; a failure is told and left to the next.
func (s *Sequencer) attempt(ctx context.Context) (more bool) {
	_, more, err := s.step(ctx, everything, false)
	if err == nil || ctx.Err() != nil {
		return more
	}
	s.d.Logger.ErrorContext(ctx, "log: a step of the sequencer failed", "error", err)
	if s.d.Metrics.Failed != nil {
		s.d.Metrics.Failed()
	}
	if errors.Is(err, ErrDiverged) || errors.Is(err, errRestored) {
		pause(ctx, 5*time.Second) // no haste: this needs a person
	} else {
		pause(ctx, s.d.Interval)
	}
	return false
}

// alive asks whether the session that holds the lead still lives.
func alive(ctx context.Context, conn *pgx.Conn) error {
	asking, end := context.WithTimeout(ctx, answerTime)
	defer end()
	if err := conn.Ping(asking); err != nil {
		return fmt.Errorf("the leading session is gone: %w", err)
	}
	return nil
}

func (s *Sequencer) measure(ctx context.Context) {
	if s.d.Metrics.Lag == nil || s.machine().Sub(s.laggedAt) < lagEvery {
		return
	}
	s.laggedAt = s.machine()
	lag, err := s.Lag(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.d.Logger.WarnContext(ctx, "log: the lag could not be measured", "error", err)
		}
		return
	}
	s.d.Metrics.Lag(lag)
}

func (s *Sequencer) leading(yes bool) {
	if s.d.Metrics.Leading != nil {
		s.d.Metrics.Leading(yes)
	}
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
