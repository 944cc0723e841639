package mediator

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// maxScanFile leaves room for the rest of the form under the limit of a body.
const maxScanFile = 7 << 20

// What the page may ask for beside the methods of consent.
const answerCode = "answer_code" // the person typed the code they received

// signView is the fifth page.
type signView struct {
	stepView
	Hash           string
	Phone          string // masked; empty when there is none
	Colleagues     []string
	Representative string
	Waiting        string // "", phone_code or witness
	WitnessHref    string
	// Hand is said to the person, in their language.
	Hand     string
	HandLang string
}

// sign asks how the person signs. What is drawn cannot wait for a new sign-in,
// so a session that is not fresh is asked for one first.
func (s *Surface) sign(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	switch d.next() {
	case "":
		return web.SeeOther(c, d.href(""))
	case stepWhat, stepHowLong:
		return web.SeeOther(c, d.href(d.next()))
	}
	if len(d.m.Payload) == 0 {
		return web.SeeOther(c, d.href(stepRead))
	}
	if !d.fresh() {
		return errStepUp
	}
	return s.showSign(c, d, form.New(d.page.Printer), stepAnswer{})
}

// signNow takes the signature, or the choice of a way that takes longer.
func (s *Surface) signNow(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.next() == "" {
		return d.moved(c)
	}
	f, err := form.ParseFiles(c.Writer, c.Request, d.page.Printer, maxScanFile)
	if problem.Is(err, "too_large") {
		f = form.New(d.page.Printer)
		f.Fail("scan", "file_too_large")
		f.Set("method", mandates.MethodScan)
		return s.showSign(c, d, f, stepAnswer{})
	}
	if err != nil {
		return err
	}
	method := f.Value("do")
	if method == "" {
		method = f.Value("method")
	}
	f.Set("method", method)
	switch method {
	case mandates.MethodCode:
		return s.await(c, d, f, s.Mandates.AwaitCode(c.Request.Context(), actor, d.m.ID))
	case mandates.MethodWitness:
		return s.await(c, d, f, s.Mandates.AwaitWitness(c.Request.Context(), actor, d.m.ID))
	}
	return s.signWith(c, d, f, signatureIn(f, method))
}

// await goes to the page that waits.
func (s *Surface) await(c *gin.Context, d deal, f *form.Form, err error) error {
	answer, err := s.answerOf(c, &d, f, err)
	switch {
	case err != nil:
		return err
	case answer.ok:
		return web.SeeOther(c, d.href(stepSign))
	}
	return s.showSign(c, d, f, answer)
}

// signWith signs and shows the card's code, this once.
func (s *Surface) signWith(c *gin.Context, d deal, f *form.Form, in mandates.Signature) error {
	if !f.Valid() {
		return s.showSign(c, d, f, stepAnswer{})
	}
	signed, err := s.Mandates.Sign(c.Request.Context(), d.actor, d.m.ID, in)
	if err == nil {
		d.m = signed.Mandate
		return s.showSigned(c, d, signed)
	}
	if problem.Is(err, "mandate_already_active") || problem.Is(err, "mandate_already_ended") {
		return d.moved(c)
	}
	answer, err := s.answerOf(c, &d, f, err)
	if err != nil {
		return err
	}
	return s.showSign(c, d, f, answer)
}

// signatureIn reads what was handed in.
func signatureIn(f *form.Form, method string) mandates.Signature {
	hash, _ := hex.DecodeString(f.Value("hash"))
	in := mandates.Signature{Version: versionOf(f), PayloadHash: hash}
	switch method {
	case mandates.MethodDrawn:
		in.Drawn = drawnIn(f)
	case mandates.MethodScan:
		file, _ := f.File("scan")
		in.Scan = &mandates.Scan{Content: file.Content}
	case answerCode:
		in.PhoneCode = f.Required("code", "phone_code_wrong")
	default:
		f.Fail("method", "choose_one_signature")
	}
	return in
}

// drawnIn reads the pad: strokes of [x, y, ms, pressure], and a data address
// of the picture. An empty pad is one without strokes, which the command says.
func drawnIn(f *form.Form) *mandates.Drawn {
	out := &mandates.Drawn{Strokes: json.RawMessage("[]")}
	type point struct {
		X float64 `json:"x"`
		Y float64 `json:"y"`
		T float64 `json:"t"`
		P float64 `json:"p"`
	}
	var sent [][][4]float64
	if err := json.Unmarshal([]byte(f.Value("signature_strokes")), &sent); err != nil {
		return out
	}
	strokes := make([][]point, len(sent))
	for i, stroke := range sent {
		for _, p := range stroke {
			strokes[i] = append(strokes[i], point{p[0], p[1], p[2], p[3]})
		}
	}
	if raw, err := json.Marshal(strokes); err == nil {
		out.Strokes = raw
	}
	encoded, _ := strings.CutPrefix(f.Value("signature_png"), "data:image/png;base64,")
	out.PNG, _ = base64.StdEncoding.DecodeString(encoded)
	return out
}

func (s *Surface) showSign(c *gin.Context, d deal, f *form.Form, answer stepAnswer) error {
	if f.Value("method") == "" {
		f.Set("method", mandates.MethodDrawn)
	}
	v := signView{stepView: s.stepViewOf(c, d, f, answer, 5), Hash: hex.EncodeToString(d.m.PayloadHash), Phone: maskedPhone(d.person.Phone),
		Representative: d.m.Draft.Representative, WitnessHref: s.BaseURL + d.href("/witness")}
	colleagues, err := s.Organisations.Colleagues(c.Request.Context(), d.actor)
	if err != nil {
		return err
	}
	for _, x := range colleagues {
		if x.Account != d.m.Mediator {
			v.Colleagues = append(v.Colleagues, x.Name)
		}
	}
	if d.m.State == mandates.Awaiting {
		v.Waiting = d.m.Method
	}
	v.Hand, v.HandLang = d.toPerson("mandate.sign.hand", "Organisation", d.org.Name)
	code := status(f, answer.refused, answer.stale)
	if v.Waiting != "" {
		return web.Render(c, code, waitingPage(d.page, v))
	}
	return web.Render(c, code, signPage(d.page, v, v.methods()))
}

// methods are the ways to sign, the quickest first. A representative signs
// too, which a code to one telephone cannot show.
func (v signView) methods() []t.Option {
	p := v.Form.Printer()
	out := []t.Option{
		{Value: mandates.MethodDrawn, Label: p.T("mandate.sign.drawn"), Icon: t.IconPen, Body: drawnMethod(v)},
		{Value: mandates.MethodScan, Label: p.T("mandate.sign.scan"), Icon: t.IconPaper, Body: scanMethod(v)},
	}
	if v.Phone != "" && v.Representative == "" {
		out = append(out, t.Option{Value: mandates.MethodCode, Label: p.T("mandate.sign.phone_code", "Phone", v.Phone), Icon: t.IconPhone, Body: codeMethod(v)})
	}
	if len(v.Colleagues) > 0 {
		out = append(out, t.Option{Value: mandates.MethodWitness, Label: p.T("mandate.sign.witness"), Icon: t.IconPeople, Body: witnessMethod(v)})
	}
	return out
}

// maskedPhone shows the end of a number: enough to know whose it is.
func maskedPhone(phone string) string {
	const shown = 2
	if len(phone) <= shown {
		return ""
	}
	return "••\u00a0••\u00a0" + phone[len(phone)-shown:]
}

// waiting is the part of the waiting page that is asked for again and again:
// it moves on once the witness has signed.
func (s *Surface) waiting(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.m.State != mandates.Awaiting {
		c.Header("X-Relais-Location", d.href(""))
	}
	return web.Render(c, http.StatusOK, stillWaiting(d.page))
}
