// Package form is the one form system: it reads what a browser posted, keeps
// what was typed when something does not hold, and says what and where in the
// language of the page.
//
// A page does:
//
//	f, err := form.Parse(c.Writer, c.Request, page.Printer)   // err: too big or malformed
//	given := f.Required("given_name", "given_name_missing")
//	born, _ := f.Date("born")
//	if f.Valid() {
//		err = people.Register(ctx, actor, …)
//	}
//	if ok, err := f.Accept(err); !ok { return err or render again with f, status 422 }
//
// Invariants:
//   - what was typed MUST survive an error, secrets and files excepted (the
//     page decides by not passing the form to such a field);
//   - every error MUST have a text ("error.<code>") and an element it links to;
//   - sizes MUST be bounded before anything is read.
//
// It holds no business rule: those come from the domain as problem.Fields.
package form
