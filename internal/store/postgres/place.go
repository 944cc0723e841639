package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// longestSocket is what sockaddr_un holds, less the closing zero.
const longestSocket = 107

// place is where a server lives, and as whom.
type place struct {
	asked   string              // the folder asked for, absolute; holds "lock" and "location"
	home    string              // the folder used: asked, or one the account can reach
	socket  string              // the folder of the socket
	account *syscall.Credential // nil: as ourselves
	lock    *os.File
}

// prepare makes the folders and takes the lock.
func prepare(o Options) (place, error) {
	p, err := locate(o.Dir)
	if err != nil {
		return place{}, err
	}
	if err := p.settle(o.Durable); err != nil {
		p.release()
		return place{}, err
	}
	return p, nil
}

// locate takes the lock on a folder and reads where its data is kept.
func locate(dir string) (place, error) {
	asked, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	if err := os.MkdirAll(asked, 0o755); err != nil { //nolint:gosec // the server's account passes through it
		return place{}, fmt.Errorf("make %s: %w", asked, err)
	}
	p := place{asked: asked, home: asked}
	if p.lock, err = takeLock(asked); err != nil {
		return place{}, err
	}
	if kept, err := os.ReadFile(filepath.Join(asked, "location")); err == nil {
		p.home = strings.TrimSpace(string(kept))
	}
	return p, nil
}

func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		held := make([]byte, 20)
		n, _ := f.Read(held) // only for the message
		pid, _ := strconv.Atoi(strings.TrimSpace(string(held[:n])))
		_ = f.Close()
		return nil, runningCopy(dir, pid)
	}
	if err := errors.Join(f.Truncate(0), write(f, strconv.Itoa(os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the lock of %s: %w", dir, err)
	}
	return f, nil
}

func write(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func (p place) release() {
	if p.lock != nil {
		_ = p.lock.Close() // closing gives the lock up
	}
}

func (p place) data() string { return filepath.Join(p.home, "data") }

// settle chooses the account and folders it can reach, and makes them.
func (p *place) settle(durable bool) error {
	if os.Geteuid() == 0 {
		if err := p.drop(durable); err != nil {
			return err
		}
	}
	p.socket = filepath.Join(p.home, "socket")
	if len(filepath.Join(p.socket, ".s.PGSQL."+socketPort)) > longestSocket {
		p.socket = filepath.Join(os.TempDir(), "relais-"+digest(p.home))
	}
	return p.private(p.socket)
}

// drop chooses whom to become, as PostgreSQL refuses to run as root: the owner
// of the data that is there, else "postgres", else "nobody".
func (p *place) drop(durable bool) error {
	uid, gid, err := lesserAccount()
	if err != nil {
		return err
	}
	p.account = &syscall.Credential{Uid: uid, Gid: gid}
	if p.home == p.asked && !reachable(p.asked, uid, gid) {
		p.home = filepath.Join("/var/lib", "relais-"+digest(p.asked))
		if !durable {
			p.home = filepath.Join(os.TempDir(), "relais-"+digest(p.asked))
		}
		if err := os.WriteFile(filepath.Join(p.asked, "location"), []byte(p.home+"\n"), 0o600); err != nil {
			return fmt.Errorf("remember where the data is: %w", err)
		}
	}
	if info, err := os.Stat(p.data()); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			p.account = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
		}
	}
	if p.home == p.asked {
		return nil
	}
	return p.private(p.home)
}

func lesserAccount() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, errID := strconv.ParseUint(u.Uid, 10, 32)
		group, errGroup := strconv.ParseUint(u.Gid, 10, 32)
		if errID == nil && errGroup == nil {
			return uint32(id), uint32(group), nil
		}
	}
	return 0, 0, errors.New("PostgreSQL does not run as root, and there is no account postgres or nobody to run it as")
}

// reachable says whether an account may pass through every folder of a path.
func reachable(path string, uid, gid uint32) bool {
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return false
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		pass := info.Mode()&0o001 != 0
		switch {
		case owner.Uid == uid:
			pass = info.Mode()&0o100 != 0
		case owner.Gid == gid:
			pass = info.Mode()&0o010 != 0
		}
		if !pass {
			return false
		}
		if path == "/" {
			return true
		}
	}
}

// private makes a folder that only the server's account may enter. One that
// somebody else made first, under a name that can be guessed, is refused.
func (p place) private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	uid := uint32(os.Geteuid())
	mine := ok && (owner.Uid == uid || (p.account != nil && owner.Uid == p.account.Uid))
	if !info.IsDir() || !mine {
		return fmt.Errorf("%s belongs to somebody else: remove it", dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder must be entered by its owner
		return err
	}
	if p.account != nil {
		return os.Chown(dir, int(p.account.Uid), int(p.account.Gid))
	}
	return nil
}

func digest(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:5])
}

// attributes: its own process group, so that Ctrl-C reaches only us and the
// server ends after those who use it; as the lesser account when root.
func (p place) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: p.account}
}

func (p place) environment() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + p.home, "TMPDIR=" + os.TempDir()}
}

// initialise makes the data on the first time: beside, then in place, so that
// an interrupted first start leaves nothing half made.
func (p place) initialise(ctx context.Context, bin string, durable bool) error {
	if _, err := os.Stat(filepath.Join(p.data(), "PG_VERSION")); err == nil {
		return nil
	}
	fresh := p.data() + ".new"
	if err := errors.Join(os.RemoveAll(fresh), p.private(fresh)); err != nil {
		return fmt.Errorf("make %s: %w", fresh, err)
	}
	args := []string{"-D", fresh, "-U", ownerRole, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"}
	if !durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...) //nolint:gosec // our own binary and folders
	cmd.Dir = p.home
	cmd.Env = p.environment()
	cmd.SysProcAttr = p.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make the private PostgreSQL in %s: %w: %s", p.home, err, strings.TrimSpace(string(out)))
	}
	return os.Rename(fresh, p.data())
}
