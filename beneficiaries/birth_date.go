package beneficiaries

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dates as people type them: the day first, or the year first.
var (
	dayFirst    = regexp.MustCompile(`(?:^|\s)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s|$)`)
	yearFirst   = regexp.MustCompile(`(?:^|\s)(\d{4})-(\d{1,2})-(\d{1,2})(?:\s|$)`)
	withSpaces  = regexp.MustCompile(`^(\d{1,2}) (\d{1,2}) (\d{4})$`)
	dayPosition = map[*regexp.Regexp][3]int{dayFirst: {1, 2, 3}, withSpaces: {1, 2, 3}, yearFirst: {3, 2, 1}}
)

// BirthDateIn finds a date in what was typed to look for somebody, and gives
// the rest: name and date of birth share one box.
func BirthDateIn(typed string) (born time.Time, rest string, ok bool) {
	for _, shape := range []*regexp.Regexp{dayFirst, withSpaces, yearFirst} {
		m := shape.FindStringSubmatch(typed)
		if m == nil {
			continue
		}
		at := dayPosition[shape]
		if born, ok = realDay(m[at[0]], m[at[1]], m[at[2]]); ok {
			return born, strings.TrimSpace(shape.ReplaceAllString(typed, " ")), true
		}
	}
	return time.Time{}, typed, false
}

func realDay(day, month, year string) (time.Time, bool) {
	d, _ := strconv.Atoi(day) // digits only, by the expression
	m, _ := strconv.Atoi(month)
	y, _ := strconv.Atoi(year)
	born := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return born, born.Day() == d && int(born.Month()) == m
}
