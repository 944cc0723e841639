package mandates_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog"
)

// kept is an evidence as the database has it.
type kept struct {
	method, media               string
	payloadHash, hash, content  []byte
	strokes, witness, phoneCode string
	collectedBy                 uuid.UUID
}

func (b *bundle) evidence(t *testing.T, mandate uuid.UUID) kept {
	t.Helper()
	var k kept
	must(t, b.store.Pool().QueryRow(context.Background(), `SELECT method, media_type, payload_hash, hash, content, coalesce(strokes::text, ''),
		coalesce(witness_id::text, ''), coalesce(phone_code_id::text, ''), collected_by FROM evidences WHERE mandate_id = $1`, mandate).
		Scan(&k.method, &k.media, &k.payloadHash, &k.hash, &k.content, &k.strokes, &k.witness, &k.phoneCode, &k.collectedBy))
	return k
}

// hashed is the SHA-256 of parts put together.
func hashed(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return sum[:]
}

// CO-01: a signature drawn on the screen. Its hash can be made again from what
// is kept, and the log holds it.
func TestConsentDrawn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	d := signature(t)
	e := b.adds(translog.MandateSigned, func() error { _, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, d)); return err })
	k := b.evidence(t, m.ID)
	var strokes any
	must(t, json.Unmarshal([]byte(k.strokes), &strokes))
	spelled, err := json.Marshal(strokes)
	must(t, err)
	if k.method != "drawn" || k.media != "image/png" || !bytes.Equal(k.content, d.PNG) || !bytes.Equal(k.payloadHash, m.PayloadHash) ||
		!bytes.Equal(k.hash, hashed(spelled, k.content)) || e.Detail["evidence"] != hex.EncodeToString(k.hash) || k.collectedBy != b.mediator {
		t.Errorf("evidence %+v, event %v", k, e.Detail)
	}
	got := b.fresh(t, m.ID)
	media, content, err := b.EvidenceContent(t.Context(), b.as(b.colleague), m.ID, got.Evidences[0].ID)
	if err != nil || media != "image/png" || !bytes.Equal(content, d.PNG) {
		t.Errorf("read back as %s, %v", media, err)
	}
}

// CO-01: the signed paper, photographed or scanned; its type by its content.
func TestConsentScanned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	scan := func(content []byte) func() error {
		return func() error {
			_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, mandates.Signature{PayloadHash: m.PayloadHash, Scan: &mandates.Scan{Content: content}})
			return err
		}
	}
	b.faults("scan", "scan_missing", scan(nil))
	b.faults("scan", "scan_not_a_picture", scan([]byte("<html><script>alert(1)</script>")))
	b.faults("scan", "scan_not_a_picture", scan([]byte("GIF89a.......")))
	b.faults("scan", "file_too_large", scan(append([]byte("%PDF-1.7\n"), make([]byte, 8<<20)...)))
	b.faults("method", "choose_one_signature", func() error {
		_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, mandates.Signature{PayloadHash: m.PayloadHash})
		return err
	})
	b.faults("method", "choose_one_signature", func() error {
		in := sign(m, signature(t))
		in.Scan = &mandates.Scan{Content: []byte("%PDF-1.7")}
		_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, in)
		return err
	})
	paper := []byte("%PDF-1.7\n% signed by hand\n")
	e := b.adds(translog.MandateSigned, scan(paper))
	if k := b.evidence(t, m.ID); k.method != "scan" || k.media != "application/pdf" || !bytes.Equal(k.content, paper) || !bytes.Equal(k.hash, hashed(paper)) ||
		e.Detail["evidence"] != hex.EncodeToString(k.hash) || e.Detail["method"] != "scan" {
		t.Errorf("evidence %+v", k)
	}
}

// A pad left empty, a dot, and what is no picture are asked for again.
func TestUnreadableSignatures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	good := signature(t)
	for code, d := range map[string]*mandates.Drawn{
		"signature_missing":    {Strokes: json.RawMessage(`[]`), PNG: good.PNG},
		"signature_unreadable": {Strokes: json.RawMessage(`{"x":1}`), PNG: good.PNG},
		"file_too_large":       {Strokes: json.RawMessage("[" + strings.Repeat(" ", 300<<10) + "]"), PNG: good.PNG},
	} {
		b.faults("signature", code, func() error { _, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, d)); return err })
	}
	b.faults("signature", "signature_unreadable", func() error {
		_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, &mandates.Drawn{Strokes: good.Strokes, PNG: good.PNG[:60]}))
		return err
	})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// texted is the code last sent to the person's telephone.
func (b *bundle) texted(t *testing.T) string {
	t.Helper()
	var body, recipient string
	must(t, b.store.Pool().QueryRow(context.Background(), `SELECT body, recipient FROM messages WHERE channel = 'sms' ORDER BY created_at DESC, id DESC LIMIT 1`).Scan(&body, &recipient))
	if recipient != "+33612345678" {
		t.Errorf("sent to %s", recipient)
	}
	return sixDigits.FindString(body)
}

// CO-01: a code sent to the person's own telephone. The mediator never sees it,
// a wrong one counts, five end it, one used signs nothing else.
func TestConsentByCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	with := func(code string) func() error {
		return func() error {
			_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, mandates.Signature{PayloadHash: m.PayloadHash, PhoneCode: code})
			return err
		}
	}
	if e := b.refuses("invalid", with("123456")); e.reasons()[0] != "invalid" {
		t.Errorf("a code before any was sent: %v", e.reasons())
	}
	b.adds(translog.MandateAwaiting, func() error { return b.AwaitCode(t.Context(), b.as(b.mediator), m.ID) })
	code := b.texted(t)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	b.refuses("invalid", with(wrong))
	if b.count(`SELECT failures FROM phone_codes`) != 1 {
		t.Error("a wrong code was not counted")
	}
	e := b.adds(translog.MandateSigned, with(code[:3]+" "+code[3:]))
	k := b.evidence(t, m.ID)
	want := hashed([]byte("relais/phone_code/v1\x00" + k.phoneCode + "\x00" + hex.EncodeToString(m.PayloadHash)))
	if k.method != "phone_code" || k.phoneCode == "" || !bytes.Equal(k.hash, want) || e.Detail["evidence"] != hex.EncodeToString(k.hash) || len(k.content) != 0 {
		t.Errorf("evidence %+v", k)
	}
	for _, e := range b.events() {
		if strings.Contains(e.raw, code) {
			t.Errorf("%s holds the code", e.Kind)
		}
	}
	if n := b.count(`SELECT count(*) FROM phone_codes WHERE position(convert_to($1, 'UTF8') in code_hash) > 0`, code); n != 0 {
		t.Error("the code is kept in clear")
	}
	next := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	must(t, b.AwaitCode(t.Context(), b.as(b.mediator), next.ID))
	_, err := b.Sign(t.Context(), b.as(b.mediator), next.ID, mandates.Signature{PayloadHash: next.PayloadHash, PhoneCode: code})
	if b.texted(t) != code && err == nil {
		t.Error("a used code signed another mandate")
	}
}

// CO-01: five wrong codes end it, and half an hour does too; another is sent.
func TestConsentCodeEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	with := func(code string) error {
		_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, mandates.Signature{PayloadHash: m.PayloadHash, PhoneCode: code})
		return err
	}
	await := func() error { return b.AwaitCode(t.Context(), b.as(b.mediator), m.ID) }
	must(t, await())
	code := b.texted(t)
	for i := range 5 {
		wrong := string(rune('0'+(int(code[0]-'0')+1+i)%10)) + code[1:]
		if err := with(wrong); problem.As(err).Kind != problem.KindInvalid {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	if with(code) == nil {
		t.Fatal("the right code after five wrong ones")
	}
	b.clock.Advance(time.Second)
	must(t, await())
	b.clock.Advance(31 * time.Minute)
	if with(b.texted(t)) == nil {
		t.Fatal("an old code signed")
	}
	must(t, await())
	b.adds(translog.MandateSigned, func() error { return with(b.texted(t)) })
}

// CO-04: somebody who cannot sign: another member of staff saw and heard them
// agree, and says so from their own session. The mediator may not be that one,
// nor anybody who was not asked.
func TestConsentWitnessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	witness := func(account uuid.UUID, org ...uuid.UUID) func() error {
		return func() error {
			_, err := b.SignAsWitness(ctx, b.as(account, org...), m.ID, mandates.Signature{PayloadHash: m.PayloadHash})
			return err
		}
	}
	b.refuses("witness_not_asked", witness(b.colleague))
	b.adds(translog.MandateAwaiting, func() error { return b.AwaitWitness(ctx, b.as(b.mediator), m.ID) })
	if e := b.refuses("forbidden", witness(b.mediator)); !e.because(authz.ReasonSelf) {
		t.Errorf("the mediator witnessing: %v", e.reasons())
	}
	other := b.newOrganisation("Autre Maison")
	stranger := b.newMediator(other, b.newReferent(other, "Rita Costa"), "Mia Lopez")
	b.refuses("not_found", witness(stranger, other))
	b.refuses("text_changed", func() error {
		_, err := b.SignAsWitness(ctx, b.as(b.colleague), m.ID, mandates.Signature{PayloadHash: hashed(m.PayloadHash)})
		return err
	})
	e := b.adds(translog.MandateSigned, witness(b.colleague))
	k := b.evidence(t, m.ID)
	want := hashed([]byte("relais/witness/v1\x00" + b.colleague.String() + "\x00" + hex.EncodeToString(m.PayloadHash)))
	if k.method != "witness" || k.witness != b.colleague.String() || !bytes.Equal(k.hash, want) || k.collectedBy != b.colleague ||
		e.Detail["witness"] != b.colleague.String() || e.Actor != b.colleague {
		t.Errorf("evidence %+v, event %+v", k, e)
	}
	if got := b.fresh(t, m.ID); got.Mediator != b.mediator || got.Evidences[0].WitnessName != "Hugo Leroy" {
		t.Errorf("%+v", got)
	}
}

// CO-07 and CO-08: the text says which version was read, in which language,
// with which interpreter; the log says so, and what tie there is.
func TestWhatWasRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	m, err := b.Begin(ctx, by, b.person, uuid.NewString())
	must(t, err)
	m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, mandates.Draft{Grants: housing, DurationDays: 31, Language: "en",
		Interpreter: "  Karim   Haddad ", ProtectionAnswer: "none", ConflictAnswer: "neighbour"})
	must(t, err)
	e := b.adds(translog.MandatePresented, func() error { m, err = b.Present(ctx, by, m.ID, m.Version); return err })
	p, err := document.Parse(m.Payload)
	must(t, err)
	text, _ := b.pack.Consent(b.pack.ConsentVersion(), "en")
	official, _ := b.pack.Consent(b.pack.ConsentVersion(), "fr")
	if p.Consent.Version != b.pack.ConsentVersion() || p.Languages.Person != "en" || p.Languages.Administration != "fr" || p.Consent.Interpreter != "Karim Haddad" ||
		strings.Join(p.Consent.Read, "") != strings.Join(text.Paragraphs, "") || strings.Join(p.Consent.Administration, "") != strings.Join(official.Paragraphs, "") ||
		p.EndsInWords.Person != "Thursday 24 December 2026" || p.EndsInWords.Administration != "jeudi 24 décembre 2026" {
		t.Errorf("the text is %+v", p)
	}
	if e.Detail["consent"] != b.pack.ConsentVersion() || e.Detail["language"] != "en" || e.Detail["conflict"] != "neighbour" || strings.Contains(e.raw, "Karim") {
		t.Errorf("the log says %v", e.Detail)
	}
	if m.ConsentVersion != b.pack.ConsentVersion() || m.CatalogueVersion != b.pack.Version {
		t.Errorf("%s, %s", m.ConsentVersion, m.CatalogueVersion)
	}
}

// es256 checks a compact JWS with the standard library alone (RFC 7515, RFC
// 7518 section 3.4), from the published keys.
func es256(t *testing.T, published []byte, jws string) bool {
	t.Helper()
	var set struct {
		Keys []struct{ Kid, Kty, Crv, X, Y string } `json:"keys"`
	}
	must(t, json.Unmarshal(published, &set))
	parts := strings.Split(jws, ".")
	raw := func(s string) []byte { out, err := base64.RawURLEncoding.DecodeString(s); must(t, err); return out }
	var header struct{ Alg, Kid, Typ string }
	must(t, json.Unmarshal(raw(parts[0]), &header))
	sum, signature := sha256.Sum256([]byte(parts[0]+"."+parts[1])), raw(parts[2])
	for _, k := range set.Keys {
		if k.Kid == header.Kid && header.Alg == "ES256" && k.Kty == "EC" && k.Crv == "P-256" && len(signature) == 64 {
			key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, raw(k.X), raw(k.Y)))
			must(t, err)
			return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}
	}
	return false
}

// DO-01: what is stored verifies with somebody else's program from the
// published keys, over exactly the bytes that were read; one byte changed fails.
func TestStoredSignatureVerifies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing", "money"}, 365)
	published, err := b.PublicKeys()
	must(t, err)
	if bytes.Contains(published, []byte(`"d"`)) {
		t.Fatal("a private key is published")
	}
	var stored string
	must(t, b.store.Pool().QueryRow(context.Background(), `SELECT jws FROM mandates WHERE id = $1`, m.ID).Scan(&stored))
	if !es256(t, published, stored) {
		t.Fatal("the stored signature does not verify")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(stored, ".")[1])
	must(t, err)
	if !bytes.Equal(payload, m.Payload) || !bytes.Equal(hashed(payload), m.PayloadHash) {
		t.Error("other bytes are signed than were read")
	}
	parts := strings.Split(stored, ".")
	for _, i := range []int{0, len(m.Payload) / 2, len(m.Payload) - 1} {
		changed := bytes.Clone(m.Payload)
		changed[i] ^= 1
		if es256(t, published, parts[0]+"."+base64.RawURLEncoding.EncodeToString(changed)+"."+parts[2]) {
			t.Errorf("byte %d changed and it verifies", i)
		}
	}
}
