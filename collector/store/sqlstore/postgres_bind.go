package sqlstore

import (
	"bytes"
	"reflect"
	"strings"
	"unicode/utf8"
)

// numberList and textList are parameters that stand for lists: JSON in SQLite,
// arrays in PostgreSQL.
type (
	numberList []int64
	textList   []string
)

// bindPostgres makes parameters what pgx takes: yes and no are numbers here
// too, and texts have no byte that PostgreSQL refuses.
func bindPostgres(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = bound(a)
	}
	return out
}

// bound is one parameter as PostgreSQL takes it.
func bound(a any) any {
	switch v := a.(type) {
	case nil, int64, float64:
		return a
	case []byte:
		return bytes.Clone(v) // it may be sent later than it is changed
	case numberList:
		return append([]int64{}, v...)
	case textList:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = plainText(s)
		}
		return out
	case string:
		return plainText(v)
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.String:
		return plainText(v.String())
	case reflect.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return bound(v.Elem().Interface())
	}
	return a
}

// plainText is a text without what PostgreSQL's texts cannot hold: the byte 0,
// and what is no UTF-8.
func plainText(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
