package ledger

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// ArrayPlaceholder is a typed placeholder for an array: "$4::uuid[]".
func ArrayPlaceholder(number int, kind string) string {
	return "$" + strconv.Itoa(number) + "::" + kind + "[]"
}

// InsertArrays is [InsertValues] for several entries at once: arrays, one for
// each of InsertColumns, for unnest.
func InsertArrays(first int) string {
	parts := make([]string, len(insertTypes))
	for i, t := range insertTypes {
		parts[i] = ArrayPlaceholder(first+i, t)
	}
	return strings.Join(parts, ", ")
}

// ArrayNames names the columns that unnest makes of InsertArrays: the prefix
// and a number each, in the order of InsertColumns.
func ArrayNames(prefix string) string {
	parts := make([]string, len(insertTypes))
	for i := range insertTypes {
		parts[i] = prefix + strconv.Itoa(i+1)
	}
	return strings.Join(parts, ", ")
}

// ArrayArgs are the values for InsertArrays, in the driver's own types.
func ArrayArgs(rows []Row) []any {
	n := len(rows)
	var ids [7][]pgtype.UUID
	var texts [5][]pgtype.Text
	var bytes [5][][]byte
	ats := make([]pgtype.Timestamptz, n)
	for i := range ids {
		ids[i] = make([]pgtype.UUID, n)
	}
	for i := range texts {
		texts[i], bytes[i] = make([]pgtype.Text, n), make([][]byte, n)
	}
	for i, r := range rows {
		e, s := r.event, r.sealed
		ats[i] = pgtype.Timestamptz{Time: s.At, Valid: true}
		for j, id := range [...]uuid.UUID{s.ID, e.Actor.ID, e.Organisation, e.Beneficiary, e.Mandate, e.Case, e.Step} {
			ids[j][i] = pgtype.UUID{Bytes: id, Valid: id != uuid.Nil}
		}
		for j, t := range [...]string{string(e.Kind), string(e.Actor.Role), e.Procedure, e.Action, e.StoredOutcome()} {
			texts[j][i] = pgtype.Text{String: t, Valid: t != ""}
		}
		for j, b := range [...][]byte{s.Leaf, s.Facts, s.FactsSalt, s.Personal, s.PersonalSalt} {
			bytes[j][i] = b
		}
	}
	return []any{
		ids[0], texts[0], ats, texts[1], ids[1], ids[2], ids[3],
		ids[4], ids[5], ids[6], texts[2], texts[3], texts[4],
		bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
	}
}
