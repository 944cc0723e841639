package house

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// tracing sends spans to RELAIS_OTEL_ENDPOINT; without it there is no
// middleware at all. Spans carry addresses of pages, which hold ids of ours and
// nothing personal; never queries, bodies or codes.
func (h *House) tracing(ctx context.Context) (gin.HandlerFunc, func(context.Context) error, error) {
	if h.Config.OTelEndpoint == "" {
		return nil, func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(h.Config.OTelEndpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("tracing: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "relais"))))
	worthATrace := func(r *http.Request) bool {
		return r.URL.Path != "/metrics" && r.URL.Path != "/healthz" && r.URL.Path != "/readyz"
	}
	return otelgin.Middleware("relais", otelgin.WithTracerProvider(provider), otelgin.WithFilter(worthATrace)), provider.Shutdown, nil
}
