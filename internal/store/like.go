package store

import "strings"

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// EscapeLike makes a text stand for itself in a LIKE pattern.
func EscapeLike(text string) string { return likeEscapes.Replace(text) }
