// Command server: see main.go. It holds no rule: house builds, main parses,
// starts, waits and stops.
package main
