package packs

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How a password is announced, in the languages of the interface and Arabic.
var passwordWord = regexp.MustCompile(`(?i)(?:(?:^|[^\p{L}])(?:mots? de passe?|mdp|password|passwd|passcode|passphrase|pwd|` +
	`contrase(?:ñ|n)as?|clave de acceso|clave (?:secreta|permanente)|code (?:secret|confidentiel|pin)|` +
	`c(?:ó|o)digo (?:secreto|pin)|pin code|pin)\b|كلمة السر|كلمة المرور)`)

var (
	// "…: x", "… d'Ameli = x"
	passwordMark = regexp.MustCompile(`^[\p{L}\d'’ @()-]{0,40}?(?:[:=→]|->|=>)+ *`)
	// "… est x", "… de la CAF is x", "… x"
	passwordVerb = regexp.MustCompile(`(?i)^(?:[\p{L}'’ ]{0,40}? (?:est|c'est|is|was|es|era))? +`)
	// What stands after the word when nothing secret is told.
	passwordStory = regexp.MustCompile(`(?i)^(?:oubli|perdu|chang|modifi|r[ée]initialis|inconnu|aucun|lost|forgot|reset|renew|updated|` +
		`none|unknown|missing|olvidad|perdid|cambiad|ningun|restablec|desconocid|done|fait|hecho|hecha)`)
	dateOrTime = regexp.MustCompile(`(?i)^\d{1,4}([/.-]\d{1,2}){1,2}([/.-]\d{2,4})?$|^\d{1,2}[h:]\d{0,2}$`)
)

// passwordIn finds a password announced as one: the word, then a token. After a
// colon any lone word counts; otherwise only what looks made up, so that "mot
// de passe oublié" and "password reset at the desk" stay writable.
func passwordIn(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		for _, at := range passwordWord.FindAllStringIndex(line, -1) {
			if announcesPassword(line[at[1]:]) {
				return true
			}
		}
	}
	return false
}

func announcesPassword(rest string) bool {
	if m := passwordMark.FindStringIndex(rest); m != nil {
		token, alone := firstToken(rest[m[1]:])
		if looksMadeUp(token) || alone && utf8.RuneCountInString(token) >= 4 && !passwordStory.MatchString(token) {
			return true
		}
	}
	if m := passwordVerb.FindStringIndex(rest); m != nil {
		token, _ := firstToken(rest[m[1]:])
		return looksMadeUp(token)
	}
	return false
}

// firstToken is the first word without its quotes and final points, and whether
// the sentence ends after it.
func firstToken(rest string) (token string, alone bool) {
	rest = strings.TrimLeft(rest, ` "'«»“”‘’([`)
	token, after, _ := strings.Cut(rest, " ")
	alone = strings.TrimSpace(after) == "" || strings.ContainsAny(token[max(0, len(token)-1):], ",;.)]»\"")
	return strings.Trim(token, `"'«»“”‘’()[],;.:`), alone
}

// looksMadeUp: four characters or more with a digit or a symbol no word has. A
// last mark does not count: services are called "FranceConnect+".
func looksMadeUp(token string) bool {
	if utf8.RuneCountInString(token) < 4 || dateOrTime.MatchString(token) {
		return false
	}
	trimmed := strings.TrimRight(token, "!?+*")
	return strings.ContainsFunc(trimmed, func(r rune) bool {
		return unicode.IsDigit(r) || strings.ContainsRune("@#$%&*+!?_^~=", r)
	})
}
