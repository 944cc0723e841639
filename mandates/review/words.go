package review

import (
	"strings"

	"github.com/relais-org/relais/translog"
)

// EventKey is the text of a kind for those who supervise.
func EventKey(k translog.Kind) string { return "event." + flat(string(k)) }

// StoryKey is the text of a kind for the person whom it is about.
func StoryKey(k translog.Kind) string { return "story." + flat(string(k)) }

// WhyKey is the text of a refusal's reason told by a third party: "reason.*"
// speaks to the one who was refused.
func WhyKey(reason string) string { return "why." + flat(reason) }

// TriedKey is the text of a command that was refused: what somebody tried.
func TriedKey(name string) string { return "tried." + flat(name) }

func flat(code string) string { return strings.ReplaceAll(code, ".", "_") }

// IsLook reports whether a kind is a look by those who watch or run the place.
func IsLook(k translog.Kind) bool {
	switch k {
	case translog.LogSearched, translog.LogViewed, translog.LogExported, translog.BeneficiaryViewed:
		return true
	default:
		return false
	}
}
