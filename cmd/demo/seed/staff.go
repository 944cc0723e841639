package seed

import "github.com/relais-org/relais/cmd/demo/idp"

// member is one of the demonstration staff.
type member struct {
	subject, name string
	hint          map[string]string
	unverified    bool
}

func (m member) email() string { return m.subject + "@demo.example" }

// staff is everybody who can sign in, in every state there is.
var staff = []member{
	{subject: "sofia.benali", name: "Sofia Benali", hint: hint("Médiatrice au centre social, peut agir", "Mediator at the social centre, may act", "Mediadora en el centro social, puede actuar")},
	{subject: "julien.moreau", name: "Julien Moreau", hint: hint("Médiateur au centre social, peut agir ; témoin pour Sofia", "Mediator at the social centre, may act; witness for Sofia", "Mediador en el centro social, puede actuar; testigo de Sofía")},
	{subject: "martine.lefevre", name: "Martine Lefèvre", hint: hint("Référente du centre social", "Referent of the social centre", "Referente del centro social")},
	{subject: "carmen.alvarez", name: "Carmen Álvarez", hint: hint("Référente de l’association d’Oviedo", "Referent of the association in Oviedo", "Referente de la asociación de Oviedo")},
	{subject: "pablo.suarez", name: "Pablo Suárez", hint: hint("Médiateur à Oviedo et au centre social", "Mediator in Oviedo and at the social centre", "Mediador en Oviedo y en el centro social")},
	{subject: "ines.haddad", name: "Inès Haddad", hint: hint("Supervise le Loiret et Oviedo", "Supervises the Loiret and Oviedo", "Supervisa el Loiret y Oviedo")},
	{subject: "camille.durand", name: "Camille Durand", hint: hint("Opératrice de la plateforme", "Runs the platform", "Opera la plataforma")},
	{subject: "lucas.petit", name: "Lucas Petit", hint: hint("Médiateur, pas encore formé", "Mediator, not trained yet", "Mediador, aún sin formación")},
	{subject: "nadia.rossi", name: "Nadia Rossi", hint: hint("Médiatrice, formation expirée", "Mediator, training expired", "Mediadora, formación caducada")},
	{subject: "hugo.blanc", name: "Hugo Blanc", hint: hint("Médiateur suspendu", "Suspended mediator", "Mediador suspendido")},
	{subject: "awa.diop", name: "Awa Diop", hint: hint("Invitée, jamais connectée", "Invited, never signed in", "Invitada, nunca ha iniciado sesión")},
	{subject: "paul.girard", name: "Paul Girard", hint: hint("Référent d’une association suspendue", "Referent of a suspended association", "Referente de una asociación suspendida")},
	{subject: "emma.roy", name: "Emma Roy", hint: hint("Médiatrice d’une association suspendue", "Mediator of a suspended association", "Mediadora de una asociación suspendida")},
	{subject: "inconnu", name: "Personne Inconnue", hint: hint("N’est invitée nulle part", "Invited nowhere", "No está invitada en ningún sitio")},
	{subject: "non.verifie", name: "Adresse Nonvérifiée", unverified: true, hint: hint("Adresse non vérifiée : doit être refusée", "Unverified address: must be refused", "Dirección sin verificar: debe ser rechazada")},
}

func hint(fr, en, es string) map[string]string {
	return map[string]string{"fr": fr, "en": en, "es": es}
}

// People are the demonstration identities for the provider.
func People() []idp.Person {
	out := make([]idp.Person, 0, len(staff)+1)
	for _, m := range staff {
		out = append(out, idp.Person{Subject: m.subject, Name: m.name, Email: m.email(), EmailVerified: !m.unverified, Hint: m.hint, Audience: idp.AudienceStaff})
	}
	return append(out, idp.Person{Subject: "fatima.haddad", Name: "Fatima Haddad", Audience: idp.AudiencePerson,
		Hint: hint("Personne accompagnée par le centre social", "A person helped by the social centre", "Persona acompañada por el centro social")})
}
