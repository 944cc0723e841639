package organisations

import (
	"errors"
	"sync"
	"time"
)

// zones keeps time zones that were read: each is a file, and reading one costs
// more than the rest of an authority together.
var zones sync.Map

// Zone finds an IANA time zone by name, as organisations name theirs. "Local"
// and "" would be the server's.
func Zone(name string) (*time.Location, error) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, errors.New("organisations: an organisation names its time zone")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	zones.Store(name, loc) // only names that exist, so it stays small
	return loc, nil
}
