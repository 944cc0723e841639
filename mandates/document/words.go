package document

import "time"

// PDFWords are the sentences of the mandate in one language, translated and
// filled in by the caller. Names, scope, actions, end date and consent text are
// not here: they are printed from the signed bytes.
type PDFWords struct {
	// Language is a BCP 47 tag; it also decides the writing direction.
	Language string
	// Title heads the page: "Mandate to help me with my papers".
	Title string
	// Reference names the mandate: "Mandate M-7K4P-2XQH, text 1".
	Reference string
	// Lead is the mandate in one sentence, with the names of the person, the
	// mediator and the organisation.
	Lead string
	// UntilLabel goes over the end date: "Valid until the end of".
	UntilLabel string
	// Period says when it starts and how long it lasts.
	Period string

	WhoHeading                                         string
	BeneficiaryLabel, MediatorLabel, OrganisationLabel string
	// Born gives date and place of birth in words.
	Born string

	ScopeHeading string
	// ActionsLabel goes before the list of actions: "May:". ListSeparator stands
	// between them; a comma and a space when empty.
	ActionsLabel, ListSeparator string
	// SensitiveLabel warns over a grant that moves letters or money.
	SensitiveLabel string

	// Never lists what the mediator may not do, in short sentences; optional.
	NeverHeading string
	Never        []string

	ConsentHeading string
	// Method says how consent is given; Interpreter and Witness name them in a
	// sentence, empty when there is none.
	Method, Interpreter, Witness string

	// Stop lists the ways to end the mandate, the easiest first.
	StopHeading string
	Stop        []string

	SignatureHeading string
	// SignHere is printed in an empty signature box.
	SignHere string
	// SignatureAlt describes a signature to who cannot see it.
	SignatureAlt string

	CheckHeading string
	// Check says how to verify the document with the QR code or the code.
	Check                                 string
	CodeLabel, FingerprintLabel, KeyLabel string
	// QRAlt describes the QR code to who cannot see it.
	QRAlt string
}

// MandatePaper is what PDF needs.
type MandatePaper struct {
	// Payload is the stored bytes. Every fact printed is read from them.
	Payload []byte
	// JWS signs exactly those bytes; it is attached to the file. Empty for a
	// mandate printed to be signed by hand, which then shows no code.
	JWS string
	// Code is the verification code, grouped as people type it; VerifyURL is what
	// the QR code opens. Both empty together with JWS.
	Code, VerifyURL string
	// Signatures in the order they stand on the page.
	Signatures []Signature
	// Words in the person's language and in the administration's. When both
	// Language fields are the same the page has one column.
	Words, Administration PDFWords
	// MadeAt is the creation date written in the file.
	MadeAt time.Time
}

// Signature is one box at the foot of the mandate.
type Signature struct {
	// Image is a PNG or JPEG; empty draws an empty box to sign in, unless Text
	// stands for it ("Confirmed by a code sent to 06 •• •• •• 12").
	Image []byte
	Text  Both
	// Who signed, by name; When and how, in words.
	Who  string
	When Both
}

// CardWords are the sentences of the card, in the person's language.
type CardWords struct {
	Language string
	// Title heads the card: "My mandate card".
	Title string
	// Name is the first name and an initial, never more: the card may be lost.
	Name string
	// Scope is one plain sentence: "Maison France Services may help me with my
	// housing and my family benefits."
	Scope string
	// Period is "From 31 January to 3 March 2027".
	Period string
	// Organisation and its telephone, as people dial it.
	Organisation, Phone string
	// CodeLabel goes over the code; ScanLabel under the QR code.
	CodeLabel, ScanLabel string
	// Stop begins with the words that say how to stop: "To stop: call … or …".
	Stop string
	// QRAlt describes the QR code to who cannot see it.
	QRAlt string
}

// CardPaper is what Card needs.
type CardPaper struct {
	Words CardWords
	// Code opens the person's space and ends the mandate; it is grouped.
	Code string
	// URL is what the QR code opens: the person's space.
	URL    string
	MadeAt time.Time
}

// LetterWords are the sentences of a letter, in the person's language.
type LetterWords struct {
	Language string
	// Sender is the organisation's name and address, one line each.
	Sender []string
	// Recipient is the name and address, one line each, as the post wants it.
	Recipient []string
	// Date is the place and date in words.
	Date string
	// Title is what the letter is about, in a few words.
	Title      string
	Paragraphs []string
	// CodeLabel goes over Code, if the letter carries one.
	CodeLabel string
	// Closing lines: who signs, how to reach them.
	Closing []string
	// QRAlt describes the QR code to who cannot see it.
	QRAlt string
}

// LetterPaper is what Letter needs.
type LetterPaper struct {
	Words LetterWords
	// WindowLeft puts the address where envelopes of the country have their
	// window on the left (DIN 5008, Spain); false is on the right (France).
	WindowLeft bool
	// Code and URL (as a QR code) are optional.
	Code, URL string
	MadeAt    time.Time
}
