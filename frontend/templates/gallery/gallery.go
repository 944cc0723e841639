package gallery

import (
	"net/url"
	"time"

	"github.com/a-h/templ"

	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/problem"
)

// Sheet is one page of the gallery.
type Sheet struct {
	Name string
	Make func(p t.Page) templ.Component
}

// Sheets are all pages of the gallery.
func Sheets() []Sheet {
	return []Sheet{
		{"home", home},
		{"doors", doors},
		{"person", person},
		{"wizard", func(p t.Page) templ.Component { return wizard(signedIn(p, 1), blank(p)) }},
		{"errors", func(p t.Page) templ.Component { return wizard(signedIn(p, 1), wrong(p)) }},
		{"scope", func(p t.Page) templ.Component { return scope(signedIn(p, 1), blank(p)) }},
		{"sign", func(p t.Page) templ.Component { return sign(signedIn(p, 1), blank(p)) }},
		{"paper", func(p t.Page) templ.Component { return paper(signedIn(p, 1)) }},
		{"revoke", func(p t.Page) templ.Component { return revoke(signedIn(p, 1)) }},
		{"list", func(p t.Page) templ.Component { return list(signedIn(p, 1), blank(p)) }},
		{"empty", func(p t.Page) templ.Component { return empty(signedIn(p, 1)) }},
		{"mine", mine},
		{"parts", func(p t.Page) templ.Component { return parts(signedIn(p, 0)) }},
		{"long", func(p t.Page) templ.Component { return long(p) }},
		{"not-found", func(p t.Page) templ.Component {
			return t.FailurePage(p, t.Failure{Problem: problem.NotFound(), Status: 404})
		}},
		{"refused", func(p t.Page) templ.Component {
			return t.FailurePage(signedIn(p, 0), t.Failure{Problem: problem.Forbidden("unknown"), Status: 403})
		}},
		{"broken", func(p t.Page) templ.Component {
			p.RequestID = "5f2ab01c77de9034"
			return t.FailurePage(p, t.Failure{Problem: problem.As(errBroken), Status: 500})
		}},
	}
}

var errBroken = problem.New(problem.KindInternal, "internal")

// noon is the one day of the gallery.
var noon = time.Date(2027, 3, 3, 12, 5, 0, 0, time.UTC)

func signedIn(p t.Page, current int) t.Page {
	p.Viewer = &t.Viewer{Name: "Inès Ferrand", Role: "médiatrice", Organisation: "Maison France services de Saint-Girons", SwitchHref: "#", SignOutAction: "/sign-out"}
	p.Nav = []t.NavLink{{Text: "Accueil", Href: "/home"}, {Text: "Personnes", Href: "/people"}, {Text: "Mandats", Href: "/mandates", Count: 3}, {Text: "Mon organisation", Href: "/organisation"}, {Text: "Ma formation", Href: "/my-authority"}}
	p.Nav[current].Current = true
	return p
}

func blank(p t.Page) *form.Form { return form.New(p.Printer) }

func wrong(p t.Page) *form.Form {
	f := form.FromValues(p.Printer, url.Values{
		"given": {"Marguerite"}, "born-day": {"31"}, "born-month": {"2"}, "born-year": {"1946"}, "language": {"es"}, "note": {"À rappeler le matin."},
	})
	f.Required("family", "required")
	f.Date("born")
	f.Fail("phone", "required")
	f.OneOf("contact", "choose", "sms")
	f.Fail("themes", "choose")
	f.Fail("read", "choose")
	f.Fail("proof", "file_too_large")
	return f
}

func banner() *t.PersonBanner {
	return &t.PersonBanner{Name: "Marguerite Álvarez-Lacombe", Facts: []string{"née le 27 mars 1946", "Saint-Girons"}, Href: "#", Label: "Personne aidée", Tags: []t.Tag{{Text: "2 mandats en cours", Tone: t.Success}}}
}

func themes() []t.Option {
	return []t.Option{
		{Value: "house", Label: "Logement", Hint: "Aide au logement, logement social", Icon: t.IconHouse},
		{Value: "money", Label: "Argent et impôts", Hint: "Déclarer, payer, demander un délai", Icon: t.IconEuro},
		{Value: "health", Label: "Santé", Hint: "Carte, remboursements, complémentaire", Icon: t.IconHeart},
		{Value: "papers", Label: "Papiers et citoyenneté", Hint: "Carte d’identité, titre de séjour", Icon: t.IconPaper},
		{Value: "work", Label: "Travail et formation", Icon: t.IconWork},
		{Value: "car", Label: "Transports", Icon: t.IconCar},
		{Value: "justice", Label: "Justice", Icon: t.IconJustice},
		{Value: "abroad", Label: "Étranger", Icon: t.IconGlobe},
		{Value: "leisure", Label: "Loisirs", Icon: t.IconLeaf},
	}
}

func durations() []t.Option {
	return []t.Option{
		{Value: "1", Label: "1 jour", Hint: "Jusqu’à ce soir, mercredi 3 mars 2027"},
		{Value: "31", Label: "1 mois", Hint: "Jusqu’au samedi 3 avril 2027"},
		{Value: "182", Label: "6 mois", Hint: "Jusqu’au mercredi 1er septembre 2027"},
		{Value: "365", Label: "1 an", Hint: "Jusqu’au vendredi 3 mars 2028"},
	}
}

func moments(p t.Page) []t.Moment {
	return []t.Moment{
		{When: p.DateTime(noon), DateTime: noon.Format(time.RFC3339), Title: "Demande d’aide au logement envoyée", Href: "#", Text: "Caisse d’allocations familiales, dossier 4471. Réponse attendue avant le 3 mai 2027.", Who: "Inès Ferrand", Tone: t.Success, Tag: t.Tag{Text: "Envoyée", Tone: t.Success}},
		{When: p.DateTime(noon.Add(-2 * time.Hour)), Title: "Changement de compte bancaire refusé", Text: "Ce mandat ne permet pas de changer le compte où l’argent est versé.", Who: "Inès Ferrand", Tone: t.Danger, Tag: t.Tag{Text: "Refusée", Tone: t.Danger}},
		{When: p.DateTime(noon.AddDate(0, 0, -3)), Title: "Dossier consulté par une superviseuse", Text: "Contrôle de qualité.", Icon: t.IconEye, Tone: t.Info},
		{When: p.DateTime(noon.AddDate(0, 0, -30)), Title: "Mandat signé", Icon: t.IconPen, Who: "Marguerite Álvarez-Lacombe"},
	}
}

func people() t.Table {
	return t.Table{
		Caption: "Personnes aidées",
		Columns: []t.Column{{Title: "Personne"}, {Title: "Mandats"}, {Title: "Prochaine échéance"}, {Title: "Dossiers", Numeric: true}},
		Rows: [][]t.Cell{
			{{Text: "Marguerite Álvarez-Lacombe", Href: "#", Small: "née le 27 mars 1946"}, {Tags: []t.Tag{{Text: "Logement", Tone: t.Success}, {Text: "Santé", Tone: t.Success}}}, {Text: "samedi 3 avril 2027"}, {Text: "2"}},
			{{Text: "يوسف بن عمر", Href: "#", Small: "né le 2 mai 1971"}, {Tags: []t.Tag{{Text: "Papiers", Tone: t.Warning, Icon: t.IconClock}}}, {Text: "jeudi 11 mars 2027", Small: "dans 8 jours"}, {Text: "1"}},
			{{Text: "Jean-Baptiste Emmanuel Zorg de la Tour du Pin Montferrand-Sainte-Hermine", Href: "#", Small: "né le 14 juillet 1939"}, {Tags: []t.Tag{{Text: "Suspendu", Tone: t.Neutral, Icon: t.IconPause}}}, {Text: "—"}, {Text: "0"}},
		},
	}
}

func flashed(p t.Page) t.Page {
	p.Flash = "Le mandat est signé. Marguerite a reçu un SMS."
	return p
}

func person1(p t.Page) t.Page {
	p.Viewer = &t.Viewer{Name: "Marguerite Álvarez-Lacombe", SignOutAction: "/sign-out"}
	p.Nav = []t.NavLink{{Text: "Mes mandats", Href: "/mine", Current: true}, {Text: "Ce qui a été fait", Href: "/mine/history"}, {Text: "Mes papiers", Href: "/mine/papers"}, {Text: "Me prévenir", Href: "/mine/contact"}}
	return p
}

func longPage(p t.Page) t.Page {
	p = signedIn(p, 2)
	p.Viewer.Organisation = "Communauté de communes des Portes d’Ariège-Pyrénées et de la Vallée du Salat, antenne de Saint-Lizier"
	p.Viewer.Name = "Jean-Baptiste Emmanuel Zorg de la Tour du Pin Montferrand-Sainte-Hermine"
	return p
}
