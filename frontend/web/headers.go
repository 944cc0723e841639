package web

import "strings"

// securityHeaders are sent with every answer. There is no inline script, style
// or third party anywhere, so the policy needs no nonce.
func securityHeaders(secure bool, identityOrigins []string) [][2]string {
	formAction := strings.Join(append([]string{"'self'"}, identityOrigins...), " ")
	policy := strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self' data:",
		"font-src 'self'", "connect-src 'self'", "form-action " + formAction,
		"frame-ancestors 'none'", "base-uri 'none'",
	}, "; ")
	out := [][2]string{
		{"Content-Security-Policy", policy},
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
