package form

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Required is the value of a field that must be there; code names the error
// when it is empty.
func (f *Form) Required(name, code string) string {
	v := f.Value(name)
	if v == "" {
		f.Fail(name, code)
	}
	return v
}

// AtMost is the value of a field, refused beyond most characters.
func (f *Form) AtMost(name string, most int) string {
	v := f.Value(name)
	if utf8.RuneCountInString(v) > most {
		f.Fail(name, "too_long", "Most", most)
	}
	return v
}

// OneOf is the value of a choice; anything outside of allowed is as if nothing
// was chosen.
func (f *Form) OneOf(name, code string, allowed ...string) string {
	v := f.Value(name)
	for _, a := range allowed {
		if v == a && v != "" {
			return v
		}
	}
	f.Fail(name, code)
	return ""
}

// Int is a whole number between least and most.
func (f *Form) Int(name string, least, most int) int {
	n, err := strconv.Atoi(strings.ReplaceAll(f.Value(name), " ", ""))
	if err != nil {
		f.Fail(name, "number")
		return 0
	}
	if n < least || n > most {
		f.Fail(name, "number_range", "Least", least, "Most", most)
		return 0
	}
	return n
}

// The three boxes of a date, after the name of the field.
const (
	DayBox   = "-day"
	MonthBox = "-month"
	YearBox  = "-year"
)

// SetDate fills the three boxes of a date; the zero time leaves them empty.
func (f *Form) SetDate(name string, t time.Time) *Form {
	if t.IsZero() {
		return f
	}
	f.Set(name+DayBox, strconv.Itoa(t.Day()))
	f.Set(name+MonthBox, strconv.Itoa(int(t.Month())))
	return f.Set(name+YearBox, strconv.Itoa(t.Year()))
}

// Date reads the three boxes of a date as midnight UTC of that day: a calendar
// day, which the caller places in a time zone if it needs an instant. It fails
// with "date_missing", "date_part" or "date_real", linking to the box to mend.
// ok is false when there is no date.
func (f *Form) Date(name string) (day time.Time, ok bool) {
	boxes := []string{DayBox, MonthBox, YearBox}
	parts := make([]int, len(boxes))
	empty := 0
	for i, box := range boxes {
		v := f.Value(name + box)
		n, err := strconv.Atoi(v)
		switch {
		case v == "":
			empty++
			f.pointAt(name, box)
		case err != nil || n < 1:
			f.pointAt(name, box)
			f.Fail(name, "date_real")
		}
		parts[i] = n
	}
	switch {
	case empty == len(boxes):
		f.first[name] = ID(name + DayBox)
		f.Fail(name, "date_missing")
		return time.Time{}, false
	case empty > 0:
		f.Fail(name, "date_part")
		return time.Time{}, false
	case f.Has(name):
		return time.Time{}, false
	}
	const earliest, latest = 1880, 2200 // four digits, and no typing slip
	t := time.Date(parts[2], time.Month(parts[1]), parts[0], 0, 0, 0, 0, time.UTC)
	if t.Day() != parts[0] || int(t.Month()) != parts[1] || parts[2] < earliest || parts[2] > latest {
		f.first[name] = ID(name + DayBox)
		f.Fail(name, "date_real")
		return time.Time{}, false
	}
	return t, true
}

// OptionalDate is Date for a date that may be left out.
func (f *Form) OptionalDate(name string) (day time.Time, ok bool) {
	if f.Value(name+DayBox)+f.Value(name+MonthBox)+f.Value(name+YearBox) == "" {
		return time.Time{}, false
	}
	return f.Date(name)
}

// pointAt makes the summary link to the first box at fault.
func (f *Form) pointAt(name, box string) {
	if _, ok := f.first[name]; !ok {
		f.first[name] = ID(name + box)
	}
}
