package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// requests has no label that says anything about a person: routes, not paths.
var requests = promauto.NewHistogramVec(prometheus.HistogramOpts{Name: "relais_http_seconds", Help: "Time to answer, by route and status.",
	Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"method", "route", "status"})

// Measure times every answer by its route.
func Measure() gin.HandlerFunc {
	return func(c *gin.Context) {
		began := time.Now() //nolint:forbidigo // a duration, not a fact
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		requests.WithLabelValues(method(c.Request.Method), route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(began).Seconds()) //nolint:forbidigo // a duration
	}
}

// method bounds the label: a client may send any word as its method.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodHead:
		return m
	}
	return "other"
}

// Trace sends spans to an OTLP endpoint; with none it does nothing. A span says
// the route, the method and the status. It is written here rather than taken
// from a library because those also send paths, addresses and queries, and a
// query of ours may hold a supervisor's purpose.
func Trace(ctx context.Context, endpoint string) (gin.HandlerFunc, func(context.Context) error, error) {
	if endpoint == "" {
		return func(c *gin.Context) { c.Next() }, func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("tracing: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "relais"))))
	tracer := provider.Tracer("relais")
	return func(c *gin.Context) {
		if c.FullPath() == "/metrics" || c.FullPath() == "/healthz" || c.FullPath() == "/readyz" {
			c.Next()
			return
		}
		under, span := tracer.Start(c.Request.Context(), method(c.Request.Method)+" "+c.FullPath(), trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		c.Request = c.Request.WithContext(under)
		c.Next()
		span.SetAttributes(attribute.Int("http.response.status_code", c.Writer.Status()))
	}, provider.Shutdown, nil
}
