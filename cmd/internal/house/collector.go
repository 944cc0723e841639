package house

import (
	"os"
	"runtime/debug"
)

// collectAt is the growth of the heap, in percent, after which the collector
// runs. What lives between requests is a few megabytes, so the usual 100 would
// have it run many times a second under load, for a tenth of the processor.
const collectAt = 400

// spareCollector sets it, unless the operator chose (GOGC, GOMEMLIMIT).
func spareCollector() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
	}
}
