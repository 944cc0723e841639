package house

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/relais-org/relais/translog/ledger"
)

// Figures of the process. No label ever holds anything about a person.
var (
	logSize    = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_size", Help: "Entries under the last signed checkpoint."})
	logLag     = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_lag_seconds", Help: "Age of the oldest entry without a place."})
	logLeads   = promauto.NewGauge(prometheus.GaugeOpts{Name: "relais_log_leading", Help: "1 if this process sequences the log."})
	logEntries = promauto.NewCounter(prometheus.CounterOpts{Name: "relais_log_entries_total", Help: "Entries given a place by this process."})
	logFaults  = promauto.NewCounter(prometheus.CounterOpts{Name: "relais_log_faults_total", Help: "Steps of the sequencer that failed."})
	jobFaults  = promauto.NewCounterVec(prometheus.CounterOpts{Name: "relais_job_faults_total", Help: "Periodic jobs that failed."}, []string{"job"})
)

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
