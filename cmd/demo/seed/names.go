package seed

import "github.com/relais-org/relais/beneficiaries"

// Names as they are met at a French and an Asturian counter, in their scripts.
var given = []string{
	"Fatima", "Mohamed", "Marie-Thérèse", "Jean-Pierre", "Nguyễn Thị", "Ioana", "Ahmed", "Lucienne", "Oksana", "Yusuf",
	"María del Carmen", "José Luis", "Zoé", "Ömer", "Đorđe", "Þóra", "Siobhán", "Aminata", "Błażej", "Chiara",
	"Raymonde", "Ernestine", "Kévin", "Souad", "Mercedes", "Covadonga", "Pelayo", "Xosé", "Aïcha", "Gérard",
	"فاطمة", "محمد", "Олена", "Иван", "Ελένη", "አበበ", "נועה", "Marcelle", "Bernadette", "Idrissa",
}

var family = []string{
	"Haddad", "Lefebvre", "Nguyễn", "Popescu", "Traoré", "Müller", "García Fernández", "Álvarez Menéndez", "O’Connor", "Wiśniewski",
	"Benkirane", "Da Silva", "N’Diaye", "Le Goff", "Yılmaz", "Petrović", "Sørensen", "Díaz-Canel", "Kowalczyk", "d’Hérouville",
	"Mbemba", "Suárez Llaneza", "Ben Abdallah", "Saint-Exupère", "Çelik", "الحداد", "بن علي", "Шевченко", "Кузнецова", "Παπαδόπουλος",
	"ተስፋዬ", "כהן", "Lemoine", "Ravalomanana", "Güneş", "Iglesias", "Vázquez de Prada", "Bouzid", "Cissé", "Martin",
}

var places = []string{"Orléans", "Oran", "Oviedo", "Kyiv", "Gijón", "Bamako", "Hué", "Timișoara", "Paris 14e", "Athènes", "أسفي", "Addis-Abeba"}

// born are the codes that go with the places.
var born = map[string]beneficiaries.Codes{
	"Orléans": {BirthPlace: "45234"}, "Paris 14e": {BirthPlace: "75114"}, "Oran": {Country: "99352"}, "Oviedo": {Country: "99134"},
	"Gijón": {Country: "99134"}, "Kyiv": {Country: "99155"}, "Bamako": {Country: "99335"}, "Hué": {Country: "99243"},
	"Timișoara": {Country: "99114"}, "Athènes": {Country: "99126"}, "أسفي": {Country: "99350"}, "Addis-Abeba": {Country: "99315"},
}

// languages go with the packs' consent texts.
var languages = map[string][]string{"fr": {"fr", "fr", "fr", "fr", "ar", "en"}, "es-as": {"es", "es", "es", "fr", "en"}}
