package document

import (
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// rtlLanguages are the primary subtags written from right to left.
var rtlLanguages = map[string]bool{
	"ar": true, "fa": true, "he": true, "ur": true, "ps": true, "ckb": true,
	"sd": true, "ug": true, "yi": true, "dv": true,
}

// rightToLeft says whether a language (BCP 47) is written from right to left.
func rightToLeft(language string) bool {
	primary, _, _ := strings.Cut(language, "-")
	return rtlLanguages[strings.ToLower(primary)]
}

// startsRightToLeft is the direction of the first letter that has one. Names and
// addresses are set in their own direction, whatever language surrounds them.
func startsRightToLeft(text string) bool {
	for _, r := range text {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

// holdsRightToLeft says whether reading order and drawing order may differ.
func holdsRightToLeft(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R || p.Class() == bidi.AL
	})
}

// visual puts one line of text in the order it is drawn, left to right. It is
// the bidirectional algorithm (UAX #9) without explicit embeddings, which a
// payload may not hold, and without paired brackets (rule N0): x/text orders
// runs but does not tell numbers inside right-to-left text from the text
// around, so levels are computed here over its character classes.
func visual(line string, rtl bool) string {
	runes := []rune(line)
	levels := resolve(classes(runes), index(rtl))
	highest := 0
	for i, r := range runes {
		highest = max(highest, levels[i])
		if levels[i]%2 == 1 {
			runes[i] = mirrored(r)
		}
	}
	// L2: from the highest level down, reverse what is at that level or above.
	for level := highest; level > 0; level-- {
		for i := 0; i < len(runes); {
			end := i
			for end < len(runes) && levels[end] >= level {
				end++
			}
			for a, b := i, end-1; a < b; a, b = a+1, b-1 {
				runes[a], runes[b] = runes[b], runes[a]
				levels[a], levels[b] = levels[b], levels[a]
			}
			i = max(end, i+1)
		}
	}
	return string(runes)
}

func classes(runes []rune) []bidi.Class {
	out := make([]bidi.Class, len(runes))
	for i, r := range runes {
		p, _ := bidi.LookupRune(r)
		out[i] = p.Class()
	}
	// One departure from UAX #9: the groups of a telephone number stay in order.
	// By the letter of the rules, "05 55" in an Arabic sentence is drawn "55 05".
	digit := func(i int) bool {
		return i >= 0 && i < len(runes) && (out[i] == bidi.EN || out[i] == bidi.AN)
	}
	for i, r := range runes {
		switch {
		case (r == ' ' || r == '\u00a0' || r == '\u202f' || r == '-') && digit(i-1) && digit(i+1):
			out[i] = bidi.CS
		case r == '+' && !digit(i-1) && digit(i+1):
			out[i] = bidi.EN
		}
	}
	return out
}

// resolve runs rules W1 to W7, N1, N2, I1, I2 and L1 over one line.
func resolve(c []bidi.Class, base int) []int {
	edge := bidi.L
	if base == 1 {
		edge = bidi.R
	}
	original := append([]bidi.Class(nil), c...)
	resolveWeak(c, edge)
	resolveNeutral(c, edge)
	levels := make([]int, len(c))
	for i, class := range c {
		switch class {
		case bidi.R:
			levels[i] = 1
		case bidi.L:
			levels[i] = 2 * base
		default: // numbers
			levels[i] = 2
		}
	}
	for i := len(c) - 1; i >= 0 && original[i] == bidi.WS; i-- {
		levels[i] = base // L1
	}
	return levels
}

func resolveWeak(c []bidi.Class, edge bidi.Class) {
	strong, before := edge, edge
	for i, class := range c {
		if class == bidi.NSM { // W1
			c[i] = before
		}
		switch c[i] {
		case bidi.L, bidi.R, bidi.AL:
			strong = c[i]
		case bidi.EN:
			if strong == bidi.AL { // W2
				c[i] = bidi.AN
			}
		}
		before = c[i]
	}
	for i := range c {
		if c[i] == bidi.AL { // W3
			c[i] = bidi.R
		}
		if i > 0 && i < len(c)-1 && separates(c[i-1], c[i], c[i+1]) { // W4
			c[i] = c[i-1]
		}
	}
	resolveTerminators(c)
	strong = edge
	for i, class := range c {
		switch class {
		case bidi.L, bidi.R:
			strong = class
		case bidi.EN:
			if strong == bidi.L { // W7
				c[i] = bidi.L
			}
		}
	}
}

// separates says whether a sign stands inside a number: 12.50, 31/01.
func separates(left, sign, right bidi.Class) bool {
	if left != right {
		return false
	}
	return left == bidi.EN && (sign == bidi.ES || sign == bidi.CS) || left == bidi.AN && sign == bidi.CS
}

// resolveTerminators is W5 (a sign beside a number goes with it) and W6.
func resolveTerminators(c []bidi.Class) {
	for i := 0; i < len(c); i++ {
		if c[i] != bidi.ET {
			continue
		}
		end := i
		for end < len(c) && c[end] == bidi.ET {
			end++
		}
		if (i > 0 && c[i-1] == bidi.EN) || (end < len(c) && c[end] == bidi.EN) {
			for j := i; j < end; j++ {
				c[j] = bidi.EN
			}
		}
		i = end - 1
	}
	for i, class := range c {
		if class == bidi.ES || class == bidi.ET || class == bidi.CS {
			c[i] = bidi.ON
		}
	}
}

// resolveNeutral is N1 and N2: what lies between two texts of one direction
// takes it, anything else takes the line's.
func resolveNeutral(c []bidi.Class, edge bidi.Class) {
	direction := func(class bidi.Class) bidi.Class {
		if class == bidi.EN || class == bidi.AN {
			return bidi.R
		}
		return class
	}
	settled := func(class bidi.Class) bool {
		return class == bidi.L || class == bidi.R || class == bidi.EN || class == bidi.AN
	}
	for i := 0; i < len(c); i++ {
		if settled(c[i]) {
			continue
		}
		end := i
		for end < len(c) && !settled(c[end]) {
			end++
		}
		left, right := edge, edge
		if i > 0 {
			left = direction(c[i-1])
		}
		if end < len(c) {
			right = direction(c[end])
		}
		to := edge
		if left == right {
			to = left
		}
		for j := i; j < end; j++ {
			c[j] = to
		}
		i = end - 1
	}
}

var mirrors = map[rune]rune{'(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«', '‹': '›', '›': '‹'}

func mirrored(r rune) rune {
	if m, ok := mirrors[r]; ok {
		return m
	}
	return r
}
