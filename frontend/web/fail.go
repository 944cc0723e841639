package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/problem"
)

// Handle is the one adaptor of handlers that return an error.
func Handle(h func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			fail(c, err)
			c.Abort()
		}
	}
}

// fail answers an error: a redirect to sign in, or the error page.
func fail(c *gin.Context, err error) {
	s := stateOf(c)
	p := read(err)
	status := Status(p)
	s.log(c.Request.Context(), c, p, status, err)
	if c.Writer.Written() {
		return // a file was being sent: cut short is all that is left
	}
	signIn := s.signInPath(p) + "?next=" + url.QueryEscape(next(c))
	if p.Kind == problem.KindNeedsStepUp || (p.Kind == problem.KindUnauthenticated && c.Request.Method == http.MethodGet) {
		c.Redirect(http.StatusSeeOther, signIn)
		return
	}
	facts := templates.Failure{Problem: p, Status: status, SignInHref: signIn, ForPerson: s.signIn != "" && s.signIn != s.web.cfg.SignInPath}
	if rerr := Render(c, status, templates.FailurePage(PageOf(c), facts)); rerr != nil {
		s.web.cfg.Log.ErrorContext(c.Request.Context(), "error page", slog.Any("error", rerr))
		c.Status(http.StatusInternalServerError)
	}
}

// read finds the problem in an error; a body above the limit is the sender's.
func read(err error) *problem.Error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return problem.New(problem.KindTooMany, "too_large").Because(err)
	}
	return problem.As(err)
}

func (s *state) signInPath(p *problem.Error) string {
	switch {
	case p.Kind == problem.KindNeedsStepUp:
		return s.web.cfg.StepUpPath
	case s.signIn != "":
		return s.signIn
	default:
		return s.web.cfg.SignInPath
	}
}

// log keeps our own faults with their cause, and refusals without.
func (s *state) log(ctx context.Context, c *gin.Context, p *problem.Error, status int, err error) {
	attrs := []any{slog.String("request", s.page.RequestID), slog.String("route", c.FullPath()), slog.String("code", p.Code), slog.Int("status", status)}
	switch {
	case errors.Is(err, context.Canceled):
		s.web.cfg.Log.InfoContext(ctx, "left before the answer", attrs...)
	case status >= http.StatusInternalServerError:
		s.web.cfg.Log.ErrorContext(ctx, "failed", append(attrs, slog.Any("error", err))...)
	default:
		s.web.cfg.Log.InfoContext(ctx, "refused", attrs...)
	}
}

// Status is the HTTP status of a problem: the one place where browser-facing
// pages map kinds to numbers.
func Status(p *problem.Error) int {
	if p.Code == "too_large" {
		return http.StatusRequestEntityTooLarge
	}
	switch p.Kind {
	case problem.KindInvalid:
		return http.StatusBadRequest
	case problem.KindUnauthenticated, problem.KindNeedsStepUp:
		return http.StatusUnauthorized
	case problem.KindForbidden:
		return http.StatusForbidden
	case problem.KindNotFound:
		return http.StatusNotFound
	case problem.KindConflict:
		return http.StatusConflict
	case problem.KindTooMany:
		return http.StatusTooManyRequests
	case problem.KindUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
