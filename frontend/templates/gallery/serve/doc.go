// Command serve shows the gallery of components in a browser, through the same
// middleware as the product:
//
//	go run ./frontend/templates/gallery/serve
//
// It holds nothing about anybody and is part of no release.
package main
