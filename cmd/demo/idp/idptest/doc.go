// Package idptest starts the demonstration identity provider for one test and
// walks a person through its pages over HTTP, as a browser would.
//
// It owns nothing after the test: the server stops with it. Production code
// never imports it.
package idptest
