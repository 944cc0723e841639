// Package outbox is where the demonstration's messages arrive: a real SMTP
// server, the other end of the SMS gateway, and a page that shows both. It
// keeps the last thousand in memory and sends nothing anywhere.
package outbox
