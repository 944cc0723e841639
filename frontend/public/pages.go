package public

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// reviewed is when the accessibility statement was last checked against the
// pages, and the privacy notice against the program.
var reviewed = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

func (s *Surface) home(c *gin.Context, _ authz.Actor) error {
	return web.Render(c, http.StatusOK, homePage(web.PageOf(c)))
}

func (s *Surface) accessibility(c *gin.Context, _ authz.Actor) error {
	return web.Render(c, http.StatusOK, accessibilityPage(web.PageOf(c), s.Contact))
}

func (s *Surface) privacy(c *gin.Context, _ authz.Actor) error {
	return web.Render(c, http.StatusOK, privacyPage(web.PageOf(c), s.Contact))
}

func (s *Surface) terms(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, termsPage(page, charters(page, s.Packs)))
}

// charterView is one country's charter, in words.
type charterView struct {
	Country, Title, Version string
	Paragraphs              []string
}

// charters of every pack, that of the reader's language first.
func charters(p t.Page, set *packs.Set) []charterView {
	var first, rest []charterView
	lang := string(p.Lang())
	for _, pack := range set.All() {
		v := charterView{Country: pack.Name.In(lang), Title: pack.Charter.Title.In(lang), Version: pack.Charter.Version}
		for _, text := range pack.Charter.Paragraphs {
			v.Paragraphs = append(v.Paragraphs, text.In(lang))
		}
		if len(pack.Languages) > 0 && pack.Languages[0] == lang {
			first = append(first, v)
		} else {
			rest = append(rest, v)
		}
	}
	return append(first, rest...)
}

// statusView says how the service is.
type statusView struct {
	Up bool
	// Entries of the signed log, in words; empty when it is not known.
	Entries string
}

func (s *Surface) status(c *gin.Context, _ authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	v := statusView{Up: s.Store.Ping(ctx) == nil}
	if s.Log != nil && v.Up {
		note, err := s.Log.Checkpoint(ctx)
		if err != nil && problem.As(err).Kind != problem.KindNotFound {
			return err
		}
		if size, ok := sizeIn(note); ok {
			v.Entries = page.N("public.status.entries", size)
		}
	}
	code := http.StatusOK
	if !v.Up {
		code = http.StatusServiceUnavailable
	}
	return web.Render(c, code, statusPage(page, v))
}

// sizeIn reads the second line of a checkpoint (C2SP tlog-checkpoint): the
// number of entries.
func sizeIn(note string) (int, bool) {
	lines := strings.SplitN(note, "\n", 3)
	if len(lines) < 3 {
		return 0, false
	}
	size, err := strconv.Atoi(lines[1])
	return size, err == nil
}

// speak chooses the person's language for the pages that follow, unless the
// reader has chosen one already.
func (s *Surface) speak(c *gin.Context, language string) {
	const cookie, aYear = "lang", 365 * 24 * 60 * 60
	if s.Web != nil && i18n.Known(language) && s.Web.Cookie(c, cookie) == "" {
		s.Web.SetCookie(c, cookie, language, aYear)
	}
}
