package authz

// Permits reports whether any role the actor holds has a line for this
// permission at all, whatever the facts: enough to show or hide a page, never
// enough to act. The command decides on the facts.
func (e *Enforcer) Permits(actor Actor, p Permission) bool {
	law, ok := e.kinds[p.Kind]
	if !ok || actor.SuspendedAccount {
		return false
	}
	for _, role := range actor.Roles() {
		if len(law.table[roleAction{role, p.Action}]) > 0 {
			return true
		}
	}
	return false
}
