package house

import (
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/relais-org/relais/translog/ledger"
)

// Figures of the process. No label ever holds anything about a person.
var (
	requests = promauto.NewHistogramVec(prometheus.HistogramOpts{Name: "relais_http_seconds", Help: "Time to answer, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"method", "route", "status"})
	logSize    = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_size", Help: "Entries under the last signed checkpoint."})
	logLag     = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_lag_seconds", Help: "Age of the oldest entry without a place."})
	logLeads   = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_leading", Help: "1 if this process sequences the log."})
	logEntries = promauto.NewCounter(prometheus.CounterOpts{Name: "relais_log_entries_total", Help: "Entries given a place by this process."})
	logFaults  = promauto.NewCounter(prometheus.CounterOpts{Name: "relais_log_faults_total", Help: "Steps of the sequencer that failed."})
	jobFaults  = promauto.NewCounterVec(prometheus.CounterOpts{Name: "relais_job_faults_total", Help: "Periodic jobs that failed."}, []string{"job"})
)

// measure times every answer by its route, never by its path.
func (h *House) measure() gin.HandlerFunc {
	return func(c *gin.Context) {
		began := time.Now() //nolint:forbidigo // a duration, not a fact
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		requests.WithLabelValues(c.Request.Method, route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(began).Seconds())
	}
}

func logMetrics() ledger.Metrics {
	return ledger.Metrics{
		Integrated: func(n int, _ time.Duration) { logEntries.Add(float64(n)) },
		Signed:     func(size int64) { logSize.Set(float64(size)) },
		Lag:        func(d time.Duration) { logLag.Set(d.Seconds()) },
		Leading: func(yes bool) {
			logLeads.Set(0)
			if yes {
				logLeads.Set(1)
			}
		},
		Failed: logFaults.Inc,
	}
}

func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}

// passwordOf is the application role's password in its address, for the
// migration that creates the role.
func passwordOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return password
}
