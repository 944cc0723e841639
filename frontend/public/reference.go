package public

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// reference is the specification of the API, as a page shows it. Its words are
// English; those around it are the reader's.
type reference struct {
	Text     []paragraph
	Sections []refSection
	Objects  []refObject
}

type refSection struct {
	ID, Name, Text string
	Operations     []refOperation
}

type refOperation struct {
	ID, Method, Path, Summary string
	Text                      []paragraph
	Token                     string // whose, and with which scopes
	Parameters                []refField
	Body                      refType
	Answers                   []refAnswer
}

type refAnswer struct {
	Status, Text string
	Type         refType
}

type refObject struct {
	Name   string
	Fields []refField
	Values []string // of an enumeration
}

type refField struct {
	Name, Where, Text string
	Type              refType
	Required          bool
}

// refType is a type in words, and the object that it links to.
type refType struct{ Words, Object string }

// paragraph is text with its code and its stress.
type paragraph []span

type span struct {
	Text         string
	Code, Strong bool
}

// apiReference shows the specification.
func (s *Surface) apiReference(c *gin.Context, _ authz.Actor) error {
	if len(s.APISpec) == 0 {
		return problem.NotFound()
	}
	r, err := s.reference()
	if err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	return web.Render(c, http.StatusOK, referencePage(web.PageOf(c), r))
}

// readSpec makes the page's facts of the specification.
func readSpec(raw []byte) (reference, error) {
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return reference{}, err
	}
	out := reference{Text: paragraphs(doc.Info.Description)}
	for _, tag := range doc.Tags {
		out.Sections = append(out.Sections, refSection{ID: "tag-" + strings.ReplaceAll(strings.ToLower(tag.Name), " ", "-"), Name: tag.Name, Text: tag.Description,
			Operations: operationsOf(doc, tag.Name)})
	}
	names := make([]string, 0, len(doc.Components.Schemas))
	for name := range doc.Components.Schemas {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if o := objectOf(name, doc.Components.Schemas[name].Value); len(o.Fields)+len(o.Values) > 0 {
			out.Objects = append(out.Objects, o)
		}
	}
	return out, nil
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete}

func operationsOf(doc *openapi3.T, tag string) []refOperation {
	var out []refOperation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if slices.Contains(op.Tags, tag) {
				out = append(out, operationOf(method, path, item, op))
			}
		}
	}
	slices.SortFunc(out, func(a, b refOperation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), slices.Index(methods, a.Method)-slices.Index(methods, b.Method))
	})
	return out
}

func operationOf(method, path string, item *openapi3.PathItem, op *openapi3.Operation) refOperation {
	o := refOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Text: paragraphs(op.Description)}
	for _, requirement := range *op.Security {
		for scheme, scopes := range requirement {
			o.Token = strings.TrimSpace(scheme + " " + strings.Join(scopes, " "))
		}
	}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		o.Parameters = append(o.Parameters, refField{Name: p.Value.Name, Where: p.Value.In, Text: cmp.Or(p.Value.Description, p.Value.Schema.Value.Description),
			Type: typeOf(p.Value.Schema), Required: p.Value.Required})
	}
	if op.RequestBody != nil {
		o.Body = contentOf(op.RequestBody.Value.Content)
	}
	for _, status := range op.Responses.Keys() {
		r := op.Responses.Value(status).Value
		a := refAnswer{Status: status, Type: contentOf(r.Content)}
		if r.Description != nil {
			a.Text = *r.Description
		}
		o.Answers = append(o.Answers, a)
	}
	slices.SortFunc(o.Answers, func(a, b refAnswer) int { return cmp.Compare(a.Status, b.Status) })
	return o
}

func contentOf(content openapi3.Content) refType {
	for _, media := range content {
		return typeOf(media.Schema)
	}
	return refType{}
}

const schemaPrefix = "#/components/schemas/"

// typeOf says a schema in few words.
func typeOf(s *openapi3.SchemaRef) refType {
	v := s.Value
	name, named := strings.CutPrefix(s.Ref, schemaPrefix)
	switch {
	case named && (len(v.Properties) > 0 || len(v.Enum) > 0):
		return refType{Words: name, Object: name}
	case v.Type.Is("array"):
		of := typeOf(v.Items)
		return refType{Words: "list of " + of.Words, Object: of.Object}
	}
	words := strings.Join(v.Type.Slice(), " or ")
	if v.Format != "" {
		words = v.Format
	}
	switch {
	case len(v.Enum) > 0:
		words = strings.Join(valuesOf(v), ", ")
	case v.MaxLength != nil:
		words += fmt.Sprintf(", at most %d", *v.MaxLength)
	case v.Min != nil && v.Max != nil:
		words += fmt.Sprintf(", %g to %g", *v.Min, *v.Max)
	}
	return refType{Words: words}
}

func valuesOf(v *openapi3.Schema) []string {
	out := make([]string, len(v.Enum))
	for i, one := range v.Enum {
		out[i] = fmt.Sprint(one)
	}
	return out
}

// objectOf lists an object's fields, those required first.
func objectOf(name string, v *openapi3.Schema) refObject {
	o := refObject{Name: name, Values: valuesOf(v)}
	names := slices.Clone(v.Required)
	var others []string
	for field := range v.Properties {
		if !slices.Contains(names, field) {
			others = append(others, field)
		}
	}
	slices.Sort(others)
	for _, field := range append(names, others...) {
		p := v.Properties[field]
		o.Fields = append(o.Fields, refField{Name: field, Text: p.Value.Description, Type: typeOf(p), Required: slices.Contains(v.Required, field)})
	}
	return o
}

// paragraphs reads the little of Markdown that the specification uses.
func paragraphs(text string) []paragraph {
	var out []paragraph
	for _, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			out = append(out, spans(part))
		}
	}
	return out
}

// spans splits a paragraph at its code and its stress.
func spans(text string) paragraph {
	var out paragraph
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out = append(out, span{Text: part, Code: true})
			continue
		}
		for j, words := range strings.Split(part, "**") {
			if words != "" {
				out = append(out, span{Text: words, Strong: j%2 == 1})
			}
		}
	}
	return out
}

// fieldRows are the rows of a table of fields; where adds the column of
// parameters.
func fieldRows(p t.Page, fields []refField, where bool) [][]t.Cell {
	rows := make([][]t.Cell, len(fields))
	for i, f := range fields {
		name := t.Cell{Text: f.Name}
		if f.Required {
			name.Small = p.T("public.api.required")
		}
		rows[i] = []t.Cell{name, typeCell(f.Type), {Body: textOf(spans(cmp.Or(f.Text, "–")))}}
		if where {
			rows[i] = slices.Insert(rows[i], 1, t.Cell{Body: english(f.Where)})
		}
	}
	return rows
}

func typeCell(ty refType) t.Cell {
	c := t.Cell{Body: english(ty.Words)}
	if ty.Object != "" {
		c = t.Cell{Text: ty.Words, Href: "#object-" + ty.Object}
	}
	return c
}

func fieldColumns(p t.Page, where bool) []t.Column {
	out := []t.Column{{Title: p.T("public.api.field")}, {Title: p.T("public.api.type")}, {Title: p.T("public.api.meaning")}}
	if where {
		out = slices.Insert(out, 1, t.Column{Title: p.T("public.api.where")})
	}
	return out
}

func answerRows(answers []refAnswer) [][]t.Cell {
	rows := make([][]t.Cell, len(answers))
	for i, a := range answers {
		rows[i] = []t.Cell{{Text: a.Status}, {Body: textOf(spans(a.Text))}, typeCell(a.Type)}
	}
	return rows
}

// breakable lets a long address wrap at its slashes.
func breakable(path string) string { return strings.ReplaceAll(path, "/", "/\u200b") }
