package web

import "strings"

const policyHeader = "Content-Security-Policy"

// policy is sent with every answer. There is no inline script, style or third
// party anywhere, so it needs no nonce. Where forms may end changes with what
// identity providers say of themselves, so it is asked for each time.
func (w *Web) policy() string {
	const before = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " + ownForms
	const after = "; frame-ancestors 'none'; base-uri 'none'"
	var b strings.Builder
	b.WriteString(before)
	for _, origin := range w.cfg.IdentityOrigins() {
		b.WriteByte(' ')
		b.WriteString(origin)
	}
	b.WriteString(after)
	return b.String()
}

// securityHeaders are the rest, the same with every answer.
func securityHeaders(secure bool) [][2]string {
	out := [][2]string{
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"},
		{"Referrer-Policy", "same-origin"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Cache-Control", "no-store"},
		{"Vary", "Cookie, Accept-Language"},
	}
	if secure {
		out = append(out, [2]string{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"})
	}
	return out
}
