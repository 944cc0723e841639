// Package web is the plumbing between gin and the pages: what a page knows of
// its request, the one way to answer, the one way to fail, and the headers that
// keep a browser honest.
//
// A surface is mounted once:
//
//	w, err := web.New(web.Config{BaseURL: cfg.BaseURL, IdentityOrigins: login.FormOrigins})
//	w.Mount(engine)                        // middleware, static files, 404
//	engine.GET("/people/:id", web.Handle(people.show))
//
// and a handler reads, calls one command, answers:
//
//	func (h *Pages) show(c *gin.Context) error {
//		page := web.PageOf(c)
//		person, err := h.people.Find(c.Request.Context(), actor, c.Param("id"))
//		if err != nil {
//			return err
//		}
//		return web.Render(c, http.StatusOK, personPage(page, person))
//	}
//
// Invariants:
//   - every answer MUST carry the headers of headers.go; pages are never cached
//     by anything, static files for ever (their names hold their hash);
//   - every error and panic MUST end in fail: one status per kind, one page, and
//     a page never shows a cause;
//   - not_found MUST be one page, whoever asks and whatever was asked for;
//   - a page is rendered whole before its first byte is sent;
//   - a cookie MUST be HttpOnly, SameSite=Lax, and __Host- over TLS; none of
//     those set here holds anything about a person.
//
// It never decides who may do what: that is authz, in the commands.
package web
