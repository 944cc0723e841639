package outbox

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
)

const style = `:root{color-scheme:light dark;font:18px/1.5 system-ui,sans-serif}body{max-width:44rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:.6rem;padding:1rem;margin:1rem 0}
h1{font-size:1.6rem}h2{font-size:1rem;margin:0 0 .5rem}p{margin:.25rem 0;white-space:pre-line;overflow-wrap:anywhere}`

var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

var page = template.Must(template.New("outbox").Parse(`<!doctype html><html lang="fr"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Messages de démonstration – Relais</title><style>{{.Style}}</style></head>
<body><main><h1>Messages de démonstration</h1><p>E-mails et SMS que Relais a envoyés, du plus récent au plus ancien. Rien ne part d’ici.</p>
{{range .Messages}}<article><h2>{{.Channel}} · {{.To}} · {{.At.Format "15:04:05"}}</h2>{{with .Subject}}<p><strong>{{.}}</strong></p>{{end}}<p>{{.Text}}</p></article>
{{else}}<p>Aucun message pour l’instant.</p>{{end}}</main></body></html>`))
