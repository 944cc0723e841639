package mandates

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image/png"
	"net/http"

	"github.com/google/uuid"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
)

// Limits of what is handed in as evidence.
const (
	maxStrokes   = 256 << 10
	maxPNG       = 512 << 10
	maxPixels    = 4 << 20
	maxScan      = 8 << 20
	minPoints    = 8
	maxPointsAll = 20000
)

// evidence checks what was handed in, by its method. Adding a method is adding
// a case here and its checks below.
func (s *Service) evidence(tx *command.Tx, h held, b beneficiaries.Beneficiary, in Signature, witness uuid.UUID) (newEvidence, error) {
	ev := newEvidence{id: tx.NewID(), collectedBy: tx.Actor().Account, witness: witness}
	given := 0
	for _, set := range []bool{in.Drawn != nil, in.Scan != nil, in.PhoneCode != "", witness != uuid.Nil} {
		if set {
			given++
		}
	}
	if given != 1 {
		return ev, problem.Invalid(problem.At("method", "choose_one_signature"))
	}
	if h.Draft.Representative != "" && in.PhoneCode != "" {
		return ev, problem.Invalid(problem.At("method", "representative_signs_too"))
	}
	switch {
	case in.Drawn != nil:
		ev.method, ev.mediaType = MethodDrawn, "image/png"
		ev.content, ev.strokes = in.Drawn.PNG, in.Drawn.Strokes
		if err := in.Drawn.check(); err != nil {
			return ev, err
		}
		spelled, err := spelling(in.Drawn.Strokes)
		if err != nil {
			return ev, err
		}
		ev.hash = digest(append(spelled, in.Drawn.PNG...))
	case in.Scan != nil:
		media, err := in.Scan.check()
		if err != nil {
			return ev, err
		}
		ev.method, ev.mediaType, ev.content, ev.hash = MethodScan, media, in.Scan.Content, digest(in.Scan.Content)
	case witness != uuid.Nil:
		ev.method = MethodWitness
		ev.hash = digest([]byte("relais/witness/v1\x00" + witness.String() + "\x00" + hex.EncodeToString(h.PayloadHash)))
	default:
		return s.codeEvidence(tx, h, b, in.PhoneCode, ev)
	}
	return ev, nil
}

func (s *Service) codeEvidence(tx *command.Tx, h held, b beneficiaries.Beneficiary, typed string, ev newEvidence) (newEvidence, error) {
	if h.State != Awaiting || h.Method != MethodCode {
		return ev, tx.Refuse(problem.Invalid(problem.At("code", "phone_code_over")), h.about())
	}
	used, err := s.people.CheckConsentCode(tx, b, h.ID, typed)
	if err != nil {
		return ev, err
	}
	ev.method, ev.phoneCode = MethodCode, used
	ev.hash = digest([]byte("relais/phone_code/v1\x00" + used.String() + "\x00" + hex.EncodeToString(h.PayloadHash)))
	return ev, nil
}

// spelling writes JSON in the one way that can be had again from what the
// database keeps of it, so that the hash of an evidence can be checked later:
// keys sorted, no space.
func spelling(raw []byte) ([]byte, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func digest(content []byte) []byte {
	sum := sha256.Sum256(content)
	return sum[:]
}

type point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	T float64 `json:"t"`
}

// check refuses an empty pad, a dot, and what is not a picture of strokes.
func (d Drawn) check() error {
	bad := problem.Invalid(problem.At("signature", "signature_unreadable"))
	if len(d.Strokes) > maxStrokes || len(d.PNG) > maxPNG {
		return problem.Invalid(problem.At("signature", "file_too_large"))
	}
	var strokes [][]point
	if err := json.Unmarshal(d.Strokes, &strokes); err != nil {
		return bad.Because(err)
	}
	points := 0
	for _, s := range strokes {
		points += len(s)
	}
	if points < minPoints {
		return problem.Invalid(problem.At("signature", "signature_missing"))
	}
	if points > maxPointsAll {
		return bad
	}
	cfg, err := png.DecodeConfig(bytes.NewReader(d.PNG))
	if err != nil {
		return bad.Because(err)
	}
	if cfg.Width*cfg.Height > maxPixels || cfg.Width < 50 || cfg.Height < 20 {
		return bad
	}
	if _, err := png.Decode(bytes.NewReader(d.PNG)); err != nil {
		return bad.Because(err)
	}
	return nil
}

var errNotAScan = problem.Invalid(problem.At("scan", "scan_not_a_picture"))

// check tells the type by the content, never by the name.
func (s Scan) check() (string, error) {
	switch {
	case len(s.Content) == 0:
		return "", problem.Invalid(problem.At("scan", "scan_missing"))
	case len(s.Content) > maxScan:
		return "", problem.Invalid(problem.At("scan", "file_too_large"))
	}
	media := http.DetectContentType(s.Content)
	switch media {
	case "application/pdf", "image/jpeg", "image/png":
		return media, nil
	}
	return "", errNotAScan.Because(errors.New(media))
}
