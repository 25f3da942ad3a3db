// Package linux says what lines of Linux' logs mean: which kind of the
// catalogue a line of the kernel, a record of systemd's journal or a line of
// syslog tells of, and with which attributes. It is pure, so that the agent's
// live readers and tests over saved logs share it.
//
// It must not know how a log is read (agent/watch), how an event travels
// (internal/report), or which drive is behind a name of the kernel: the live
// reader looks that up.
//
// The texts are those that the kernel, systemd, OpenSSH, util-linux, shadow,
// sudo and Linux-PAM write; they were written down from those programs'
// sources and manuals. Message ids are those of systemd's sd-messages.h.
package linux

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Record is what is used of one line or record.
type Record struct {
	At time.Time

	// Kernel says that the kernel wrote it. Otherwise Program is who says to
	// have done so: the syslog identifier, as it stands before the number of
	// the process.
	Kernel  bool
	Program string

	// MessageID is 32 hexadecimal digits, or empty. Field finds a field of a
	// record of the journal; nil for others.
	MessageID string
	Field     func(name string) string

	Text string // one line, without time, host and program
}

func (r Record) field(name string) string {
	if r.Field == nil {
		return ""
	}
	return clean(r.Field(name))
}

// Event is something that happened, of a kind of the catalogue, as far as one
// line tells. One happening often makes several lines: those that share Burst
// and Disk within Span of the first are one.
type Event struct {
	Kind       string
	At         time.Time
	Attributes map[string]string // as the catalogue names them; only what is told

	Count int64 // how many the line tells of; 0 means 1

	// Disk is a name of the kernel for a drive or what lies on it: sda, sda1,
	// dm-0, nvme0, or a port, ata3.00. The reader of the log finds the drive.
	Disk string

	Burst string
	Span  time.Duration

	// Rank says how much a line knows of the cause: of one burst the highest
	// decides over attributes, lower ones only add what is missing.
	Rank int

	// Part is a line that only adds to a burst and is nothing alone. A Kind
	// replaces that of the burst.
	Part bool

	// Session is the number of a session of logind, whose state says more.
	Session string
}

// The spans of bursts: what one failed request makes of lines, and how long a
// dump of a crashed program takes to be written.
const (
	moment   = 5 * time.Second
	dumpTime = time.Minute
)

// Of says what one line tells, if anything. It knows nothing of other lines.
func Of(r Record) (Event, bool) {
	var e Event
	var ok bool
	switch {
	case r.Kernel:
		e, ok = kernel(r.Text)
	case r.MessageID != "":
		e, ok = message(r)
	default:
		e, ok = program(r)
	}
	if !ok {
		return Event{}, false
	}
	e.At = r.At
	for name, text := range e.Attributes {
		if text == "" {
			delete(e.Attributes, name)
		}
	}
	return e, true
}

// teller reads a line of the kernel that holds a literal.
type teller struct {
	literal string
	tell    func(text string) (Event, bool)
}

var tellers = sync.OnceValue(func() []teller {
	return slices.Concat(storageLines(), machineLines(), programLines())
})

// longestLine is how much of a line is looked at.
const longestLine = 1024

func kernel(text string) (Event, bool) {
	if len(text) > longestLine {
		text = text[:longestLine]
	}
	for _, t := range tellers() {
		if strings.Contains(text, t.literal) {
			if e, ok := t.tell(text); ok {
				return e, true
			}
		}
	}
	return Event{}, false
}

// attributes makes a map of pairs; empty texts are left out.
func attributes(pairs ...string) map[string]string {
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if t := clean(pairs[i+1]); t != "" {
			m[pairs[i]] = t
		}
	}
	return m
}

// longest is how much of a text is taken.
const longest = 128

// clean takes away what is no text: control characters, broken UTF-8, space
// at the ends.
func clean(s string) string {
	if len(s) > 4*longest {
		s = s[:4*longest]
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

// between is the text behind the first a, up to the next b.
func between(s, a, b string) string {
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	s, _, ok = strings.Cut(s, b)
	if !ok {
		return ""
	}
	return s
}

// after is the word behind the first a, without marks at its end.
func after(s, a string) string {
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	return strings.TrimRight(word(s), ",.:;")
}

// word is the text up to the first space.
func word(s string) string {
	s = strings.TrimLeft(s, " ")
	if i := strings.IndexByte(s, ' '); i >= 0 {
		s = s[:i]
	}
	return s
}

// digits is the number that a text begins with, as text.
func digits(s string) string {
	n := 0
	for n < len(s) && n < 18 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// name says whether a text looks like a name of the kernel, such as sda1.
func name(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:!/", c) {
			return false
		}
	}
	return true
}

// Cares says whether a record that the kernel did not write can mean anything,
// by who wrote it and its message id: most need not be read further.
func Cares(program, messageID string) bool {
	switch messageID {
	case unitFailed, coredump, oomdKill, shutdown, sleepStart, sleepStop, sessionStart, sessionStop, timeChange:
		return true
	}
	switch program {
	case "sshd", "sshd-session", "sshd-auth", "login", "sudo", "su", "su-l", "gdm-password]", "gdm-password", "lightdm",
		"sddm-helper", "lxdm", "kcheckpass", "kscreenlocker_greet", "xfce4-screensaver":
		return true
	}
	return false
}

// OfAnybody says whether a record counts though another account than root
// wrote it: comm is the name of the process that did.
func OfAnybody(program, messageID, comm string) bool {
	if messageID == coredump {
		return strings.HasPrefix(comm, "systemd-coredum") // cut to 15 bytes by the kernel
	}
	switch program {
	case "sudo", "su", "su-l", "kcheckpass", "kscreenlocker_greet", "xfce4-screensaver":
		return messageID == ""
	}
	return false
}
