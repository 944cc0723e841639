package portal

import t "github.com/relais-org/relais/frontend/templates"

// sendText is the first sending or another.
func (v codeView) sendText(p t.Page) string {
	if v.Sent {
		return p.T("portal.code.again")
	}
	return p.T("portal.code.send")
}

func (v codeView) sendKind() t.ButtonKind {
	if v.Sent {
		return t.Secondary
	}
	return t.Primary
}

// newest leads back to the first page, when this is not it.
func (v historyView) newest() string {
	if v.First {
		return ""
	}
	return historyPath
}

func (v stepView) noteOr(p t.Page) string {
	if v.Note == "" {
		return p.T("portal.disagree.no_note")
	}
	return v.Note
}
