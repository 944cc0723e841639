package templates

import "github.com/a-h/templ"

func alertRole(a AlertBox) templ.Attributes {
	if a.Status {
		return templ.Attributes{"role": "status"}
	}
	return nil
}

func submitAttrs(b Submit) templ.Attributes {
	out := templ.Attributes{}
	if b.Name != "" {
		out["name"] = b.Name
		out["value"] = b.Value
	}
	if b.Action != "" {
		out["formaction"] = b.Action
	}
	return out
}

func timeAttrs(m Moment) templ.Attributes {
	if m.DateTime != "" {
		return templ.Attributes{"datetime": m.DateTime}
	}
	return nil
}

func stepCurrent(g Progress, i int) string {
	if i+1 == g.Step {
		return "step"
	}
	return "false"
}
