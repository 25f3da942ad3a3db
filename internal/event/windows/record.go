// Package windows says what records of Windows' event log mean: which kind of
// the catalogue a record tells of, with which attributes, and which records
// speak of one event. It is pure, so that the agent's live reader and tests
// over saved logs share it.
//
// It must not know how a log is read (agent/gather, internal/event/evtx), how
// an event travels (internal/report), or what a serial number is behind the
// number of a drive: the live reader looks that up.
package windows

import (
	"strconv"
	"strings"
	"time"
)

// Record is what is used of one record.
type Record struct {
	ID       uint64    // EventRecordID: the order of writing
	Time     time.Time // TimeCreated
	Channel  string
	Provider string
	EventID  int
	Level    int // 1 critical, 2 error, 3 warning, 4 and 0 information, 5 verbose
	Computer string
	User     string // SID of Security/@UserID; empty when there is none

	// Data are the texts of EventData in their order, or the leaves of
	// UserData, named by their path below its element with slashes between.
	Data []Value
	// Binary is EventData/Binary.
	Binary []byte
}

// Value is one text of a record; many providers give it no name.
type Value struct {
	Name, Text string
}

// text finds a text by any of its names, or else by its place when the text
// there has no name. Providers named their data only in later versions of
// Windows, in the same order.
func (r Record) text(place int, names ...string) string {
	for _, name := range names {
		for _, v := range r.Data {
			if strings.EqualFold(v.Name, name) {
				return clean(v.Text)
			}
		}
	}
	if place >= 0 && place < len(r.Data) && (r.Data[place].Name == "" || numbered(r.Data[place].Name)) {
		return clean(r.Data[place].Text)
	}
	return ""
}

// ending finds the first text whose path ends so.
func (r Record) ending(path string) string {
	for _, v := range r.Data {
		if v.Name == path || strings.HasSuffix(v.Name, "/"+path) {
			return clean(v.Text)
		}
	}
	return ""
}

// numbered tells param1 and the like, which say no more than the place.
func numbered(name string) bool {
	n, ok := strings.CutPrefix(name, "param")
	if !ok {
		return false
	}
	_, err := strconv.Atoi(n)
	return err == nil
}

// number reads a decimal number, or a hexadecimal one with 0x.
func number(text string) (int64, bool) {
	if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 64)
		return int64(n), err == nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// longest is how much of a text is taken.
const longest = 256

// clean takes away what is no text: control characters, the marks that
// Windows puts around dates, space at the ends.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x200e || r == 0x200f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	return cut(strings.TrimSpace(s))
}

func cut(s string) string {
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

// file is the name of a program's file without its path; paths can name a
// person. What stands in brackets behind it is the machine.
func file(s string) string {
	if i := strings.LastIndex(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	return s[strings.LastIndexAny(s, `\/`)+1:]
}
