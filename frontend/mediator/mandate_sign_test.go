package mediator_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/mandates"
)

// pad is what the signature pad posts: strokes of [x, y, ms, pressure].
func pad(t testing.TB, page answer) url.Values {
	t.Helper()
	var stroke [][4]float64
	for i := range 40 {
		stroke = append(stroke, [4]float64{float64(10 + 4*i), float64(20 + i), float64(i), 0.5})
	}
	strokes, err := json.Marshal([][][4]float64{stroke})
	must(t, err)
	return url.Values{"version": {page.hidden("version")}, "hash": {page.hidden("hash")}, "do": {"drawn"}, "signature_strokes": {string(strokes)},
		"signature_png": {"data:image/png;base64," + base64.StdEncoding.EncodeToString(drawn(t).PNG)}}
}

// upload posts a form with one file.
func (b *browser) upload(path string, fields url.Values, name string, content []byte) answer {
	b.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range fields {
		must(b.h.t, w.WriteField(k, vs[0]))
	}
	part, err := w.CreateFormFile(name, "mandat.png")
	must(b.h.t, err)
	_, err = part.Write(content)
	must(b.h.t, err)
	must(b.h.t, w.Close())
	r := httptest.NewRequestWithContext(b.h.t.Context(), http.MethodPost, baseURL+path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Accept-Language", b.lang)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "__Host-relais", Value: b.token})
	rec := httptest.NewRecorder()
	b.h.engine.ServeHTTP(rec, r)
	return answer{b: b, status: rec.Code, location: rec.Header().Get("Location"), body: rec.Body.String()}
}

// CO-01: an empty pad, a file that is no picture, no choice: said at the field.
func TestWhatIsNoSignature(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	base := url.Values{"version": {page.hidden("version")}, "hash": {page.hidden("hash")}}
	b.post(path+"/sign", plus(base, "do", "drawn")).is(http.StatusUnprocessableEntity).failed("signature").says("error.signature_missing")
	b.post(path+"/sign", plus(base, "do", "scan")).is(http.StatusUnprocessableEntity).failed("scan").says("error.scan_missing").
		shows(`value="scan" checked`)
	b.upload(path+"/sign", plus(base, "do", "scan"), "scan", []byte("<script>alert(1)</script>")).is(http.StatusUnprocessableEntity).failed("scan").says("error.scan_not_a_picture")
	b.upload(path+"/sign", plus(base, "do", "scan"), "scan", bytes.Repeat([]byte{1}, 9<<20)).is(http.StatusUnprocessableEntity).failed("scan").says("error.file_too_large")
	b.post(path+"/sign", base).is(http.StatusUnprocessableEntity).failed("method").says("error.choose_one_signature")
	if m := h.mandateAt(path); m.State != mandates.Presented {
		t.Errorf("the mandate is %s", m.State)
	}
}

// CO-01: a long signature, as a tablet's pen sends it, is one too.
func TestLongSignature(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	const most = 6000 // as the pad stops
	var stroke [][4]float64
	for i := range most {
		stroke = append(stroke, [4]float64{float64(i%999) + 0.1, float64(i%359) + 0.1, float64(i * 10), 0.5})
	}
	strokes, err := json.Marshal([][][4]float64{stroke})
	must(t, err)
	b.upload(path+"/sign", plus(pad(t, page), "signature_strokes", string(strokes)), "scan", nil).is(http.StatusOK).says("mandate.signed.title")
	if n := h.count(`SELECT jsonb_array_length(strokes->0) FROM evidences`); n != most {
		t.Errorf("kept %d points", n)
	}
}

// CO-01: the signed paper, kept as evidence and shown without running anything.
func TestSignedPaper(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	if sheet := b.get(path + "/document.pdf").is(http.StatusOK); !strings.HasPrefix(sheet.body, "%PDF-") {
		t.Errorf("the sheet to sign is %.40q", sheet.body)
	}
	b.upload(path+"/sign", url.Values{"version": {page.hidden("version")}, "hash": {page.hidden("hash")}, "do": {"scan"}}, "scan", drawn(t).PNG).
		is(http.StatusOK).says("mandate.signed.title")
	m := h.mandateAt(path)
	evidence := path + "/evidence/" + m.Evidences[0].ID.String()
	b.get(path).shows(`href="` + evidence + `"`).says("method.scan")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, baseURL+evidence, nil)
	r.AddCookie(&http.Cookie{Name: "__Host-relais", Value: b.token})
	rec := httptest.NewRecorder()
	h.engine.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/png" || rec.Header().Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(rec.Header().Get("Content-Security-Policy"), "sandbox") || !bytes.Equal(rec.Body.Bytes(), drawn(t).PNG) {
		t.Errorf("evidence: %d %v", rec.Code, rec.Header())
	}
	b.get(path + "/evidence/" + uuid.NewString()).is(http.StatusNotFound)
}

// CO-01: a code to the person's own phone, typed by the person; no page ever
// shows it.
func TestCodeToThePersonsPhone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	base := url.Values{"version": {page.hidden("version")}, "hash": {page.hidden("hash")}}
	b.post(path+"/sign", plus(base, "do", "phone_code")).goes(path + "/sign")
	var body string
	must(t, h.store.Pool().QueryRow(t.Context(), `SELECT body FROM messages WHERE kind = 'consent_code'`).Scan(&body))
	code := regexp.MustCompile(`\d{6}`).FindString(body)
	waiting := b.get(path+"/sign").is(http.StatusOK).says("mandate.wait.code_title", "Name", "Fatima Haddad").hides(code)
	fields := url.Values{"version": {waiting.hidden("version")}, "hash": {waiting.hidden("hash")}, "method": {"answer_code"}}
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	b.post(path+"/sign", plus(fields, "code", wrong)).is(http.StatusUnprocessableEntity).failed("code").says("error.phone_code_wrong").hides(code)
	b.post(path+"/sign", plus(fields, "code", "")).is(http.StatusUnprocessableEntity).failed("code")
	b.post(path+"/sign", plus(fields, "code", code[:3]+" "+code[3:])).is(http.StatusOK).says("mandate.signed.title")
	if m := h.mandateAt(path); m.Evidences[0].Method != mandates.MethodCode {
		t.Errorf("signed by %s", m.Evidences[0].Method)
	}
}

// CO-04: somebody who cannot sign: a colleague witnesses from their own
// session; the mediator may not.
func TestWitness(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	colleague := h.browse(h.colleague)
	path, page := h.toSign(b, who)
	page.witnesses()
	colleague.get(path + "/witness").is(http.StatusOK).says("mandate.witness.not_asked")
	b.post(path+"/sign", url.Values{"version": {page.hidden("version")}, "hash": {page.hidden("hash")}, "do": {"witness"}}).goes(path + "/sign")
	b.get(path+"/sign").is(http.StatusOK).says("mandate.wait.witness_title").shows(baseURL+path+"/witness", `data-live="`+path+`/waiting"`)
	b.get(path + "/witness").is(http.StatusOK).says("mandate.witness.self").hides(`action="` + path + `/witness"`)

	asked := colleague.get(path+"/witness").is(http.StatusOK).shows("Aide au logement (APL, ALF, ALS)", "Claire Martin")
	fields := url.Values{"version": {asked.hidden("version")}, "hash": {asked.hidden("hash")}}
	b.post(path+"/witness", plus(fields, "saw", "1")).is(http.StatusForbidden).says("reason.not_on_yourself")
	colleague.post(path+"/witness", fields).is(http.StatusUnprocessableEntity).failed("saw").says("error.witness_saw")
	colleague.post(path+"/witness", plus(fields, "saw", "1")).is(http.StatusOK).says("mandate.signed.title")
	m := h.mandateAt(path)
	if m.State != mandates.Active || m.Evidences[0].WitnessName != "Hugo Leroy" {
		t.Errorf("%s, %+v", m.State, m.Evidences)
	}
	b.get(path + "/waiting").is(http.StatusOK)
	b.get(path).is(http.StatusOK).says("mandate.show.witness", "Name", "Hugo Leroy")
}

// witnesses demands that the page names those who may witness, and not the
// mediator.
func (a answer) witnesses() {
	m := regexp.MustCompile(`Peuvent être témoins.{0,3}: ([^.<]+)\.`).FindStringSubmatch(a.body)
	if m == nil {
		a.b.h.t.Fatalf("nobody is named\n%s", a.main())
	}
	if strings.Contains(m[1], "Claire Martin") || !strings.Contains(m[1], "Hugo Leroy") {
		a.b.h.t.Errorf("may witness: %s", m[1])
	}
}

// AU-08: a session that is not fresh is asked before anything is drawn.
func TestSignatureAsksForAFreshSignIn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	fields := pad(t, page)
	h.clock.Advance(11 * time.Minute)
	if to := b.get(path + "/sign").is(http.StatusSeeOther).location; !strings.HasPrefix(to, "/step-up") {
		t.Errorf("goes to %q", to)
	}
	h.clock.Advance(5 * time.Minute)
	if to := b.post(path+"/sign", fields).is(http.StatusSeeOther).location; !strings.HasPrefix(to, "/step-up") {
		t.Errorf("goes to %q", to)
	}
}
