package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
)

// theme is src/theme.json: per scheme, per colour, its 16 steps.
type theme struct {
	Comment string                       `json:"comment"`
	Light   map[string]string            `json:"light"`
	Dark    map[string]string            `json:"dark"`
	Extra   map[string]map[string]string `json:"extra"`
}

// steps are the names the vendor's components use, in the order of the theme.
var steps = []string{
	"background-default", "background-tinted",
	"surface-default", "surface-tinted", "surface-hover", "surface-active",
	"border-subtle", "border-default", "border-strong",
	"text-subtle", "text-default",
	"base-default", "base-hover", "base-active", "base-contrast-subtle", "base-contrast-default",
}

// Contrasts asked of a theme: WCAG 2.2 AAA for text, AA for what is drawn.
const (
	forText  = 7.0
	forBase  = 4.5
	forShape = 3.0
)

// pairs are the contrasts checked for every colour: foreground, background,
// least ratio.
var pairs = []struct {
	fore, back string
	least      float64
}{
	{"text-default", "background-default", forText},
	{"text-default", "surface-tinted", forText},
	{"text-default", "surface-hover", forText},
	{"text-subtle", "background-default", forText},
	{"text-subtle", "background-tinted", forText},
	{"text-subtle", "surface-default", forText},
	{"text-subtle", "surface-tinted", forBase},
	{"base-contrast-default", "base-default", forText},
	{"base-contrast-default", "base-hover", forBase},
	{"base-contrast-default", "base-active", forBase},
	{"border-default", "surface-default", forShape},
	{"border-default", "background-default", forShape},
	{"border-strong", "surface-tinted", forBase},
}

// themeCSS checks a theme and writes it as custom properties.
func themeCSS(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var t theme
	if err := json.Unmarshal(raw, &t); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	light, err := scheme("light", t.Light, t.Extra["light"])
	if err != nil {
		return "", err
	}
	dark, err := scheme("dark", t.Dark, t.Extra["dark"])
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, ":root,[data-color-scheme=light]{%s}\n", light)
	fmt.Fprintf(&b, "[data-color-scheme=dark]{%s}\n", dark)
	fmt.Fprintf(&b, "@media screen and (prefers-color-scheme:dark){[data-color-scheme=auto]{%s}}\n", dark)
	fmt.Fprintf(&b, "@media print{[data-color-scheme]{%s}}\n", light)
	for _, color := range sorted(t.Light) {
		selector := "[data-color=" + color + "]"
		if color == "accent" {
			selector = ":root,[data-color-scheme]," + selector
		}
		b.WriteString(selector + "{")
		for _, s := range steps {
			fmt.Fprintf(&b, "--ds-color-%s:var(--ds-color-%s-%s);", s, color, s)
		}
		b.WriteString("}\n")
	}
	return b.String(), nil
}

// scheme writes the declarations of one scheme.
func scheme(name string, colors, extra map[string]string) (string, error) {
	var b strings.Builder
	for _, color := range sorted(colors) {
		values := strings.Fields(colors[color])
		if len(values) != len(steps) {
			return "", fmt.Errorf("theme %s %s: %d steps, want %d", name, color, len(values), len(steps))
		}
		by := make(map[string]string, len(steps))
		for i, s := range steps {
			by[s] = values[i]
			fmt.Fprintf(&b, "--ds-color-%s-%s:%s;", color, s, values[i])
		}
		for _, p := range pairs {
			if got := contrast(by[p.fore], by[p.back]); !(got >= p.least) { // a colour that cannot be read gives NaN
				return "", fmt.Errorf("theme %s %s: %s on %s is %.2f, want %.1f", name, color, p.fore, p.back, got, p.least)
			}
		}
	}
	for _, k := range sorted(extra) {
		fmt.Fprintf(&b, "--relais-%s:%s;", k, extra[k])
	}
	neutral := strings.Fields(colors["neutral"])
	fmt.Fprintf(&b, "--ds-color-focus-inner:%s;--ds-color-focus-outer:%s;--ds-link-color-visited:%s;color-scheme:%s", neutral[0], neutral[10], extra["visited"], name)
	return b.String(), nil
}

// contrast is the WCAG 2 ratio of two colours "#rrggbb".
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	weights := []float64{0.2126, 0.7152, 0.0722}
	sum := 0.0
	for i, w := range weights {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return math.NaN() // any comparison fails, and the pair is reported
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += w * c
	}
	return sum
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
