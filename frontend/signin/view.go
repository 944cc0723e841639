package signin

import (
	"net/url"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
)

// kindOf makes the first provider the one thing to do.
func kindOf(i int) t.ButtonKind {
	if i == 0 {
		return t.Primary
	}
	return t.Secondary
}

// outKind: where the provider may still know somebody, signing in again is not
// the thing to do.
func outKind(everywhere bool) t.ButtonKind {
	if everywhere {
		return t.Primary
	}
	return t.Secondary
}

// signInHref is the door, and where to go after it.
func signInHref(next string) string {
	if next == "" || next == "/" {
		return "/sign-in"
	}
	return "/sign-in?" + url.Values{"next": {next}}.Encode()
}

// anotherField asks the provider to let somebody choose another account.
const anotherField = "another"

// anotherHref is the door for who came with an account that opens nothing.
func anotherHref(next string) string {
	v := url.Values{anotherField: {"1"}}
	if next != "" && next != "/" {
		v.Set("next", next)
	}
	return "/sign-in?" + v.Encode()
}

// notInView is why an identity that the provider vouched for opens nothing.
type notInView struct {
	Why, Email string
	Next       string
	// Another account may open it; Unverified: this one's address was not vouched for.
	Another, Unverified bool
}

// choices are the actor's organisations, one line each.
func choices(a authz.Actor) []authz.Membership {
	seen := map[uuid.UUID]bool{}
	var out []authz.Membership
	for _, m := range a.Memberships {
		if !seen[m.Organisation] {
			seen[m.Organisation] = true
			out = append(out, m)
		}
	}
	return out
}

// switchNow says, to those who do not see which button is the strong one, that
// one acts there already.
func switchNow(p t.Page, a authz.Actor, m authz.Membership) string {
	if m.Organisation == a.Organisation {
		return p.T("signin.switch.now")
	}
	return ""
}

func switchKind(a authz.Actor, m authz.Membership) t.ButtonKind {
	if m.Organisation == a.Organisation {
		return t.Primary
	}
	return t.Secondary
}
