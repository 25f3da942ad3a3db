package linux

import (
	"strconv"
	"strings"

	"muster/internal/event"
)

// Message ids of systemd (sd-messages.h).
const (
	unitFailed   = "d9b373ed55a64feb8242e02dbe79a49c"
	coredump     = "fc2e22bc6ee647b6b90729ab34a250b1"
	oomdKill     = "d989611b15e44c9dbf31e3c81256e4ed"
	shutdown     = "98268866d1d54a499c4e98921d93bc40"
	sleepStart   = "6bbd95ee977941e497c48be27c254128"
	sleepStop    = "8811e6df2a8e40f58a94cea26f8ebf14"
	sessionStart = "8d45620c1a4348dbb17410da57c60c66"
	sessionStop  = "3354939424b4456d9802ca8333ed424a"
	timeChange   = "c7a787079b354eaaa9e77b371893cd27"

	// JournalStopped is the last that a journal says before the machine stops,
	// or before journald is started anew.
	JournalStopped = "d93fb3c9c24d451a97cea615ce59c00b"
)

// Fields lists the fields of a record of the journal that Of asks for beside
// its text, identifier and message id.
func Fields() []string {
	return []string{
		"UNIT",
		"UNIT_RESULT",
		"COREDUMP_COMM",
		"COREDUMP_SIGNAL",
		"COREDUMP_SIGNAL_NAME",
		"COREDUMP_PID",
		"SESSION_ID",
		"USER_ID",
	}
}

func message(r Record) (Event, bool) {
	switch r.MessageID {
	case unitFailed:
		unit := r.field("UNIT")
		if !strings.HasSuffix(unit, ".service") { // units of users have USER_UNIT
			return Event{}, false
		}
		return Event{Kind: event.ServiceFailed, Attributes: attributes("service", unit, "result", r.field("UNIT_RESULT"))}, true
	case coredump:
		return dumped(r)
	case oomdKill:
		unit := r.field("UNIT")
		if unit == "" {
			return Event{}, false
		}
		return Event{Kind: event.OOMKill, Attributes: attributes("program", file(unit), "scope", "group")}, true
	case shutdown:
		action := "off"
		if strings.Contains(r.Text, "reboot") || strings.Contains(r.Text, "kexec") {
			action = "restart"
		}
		return Event{Kind: event.CleanStop, Attributes: attributes("action", action), Burst: "stop", Span: dumpTime}, true
	case sleepStart:
		return Event{Kind: event.Sleep, Burst: "sleep", Span: moment}, true
	case sleepStop:
		return Event{Kind: event.Resume, Burst: "resume", Span: moment}, true
	case sessionStart:
		return session(event.UserLogon, r)
	case sessionStop:
		return session(event.UserLogoff, r)
	case timeChange:
		return Event{Kind: event.TimeChanged, Attributes: attributes("program", "systemd-timedated"), Burst: "time", Span: moment}, true
	}
	return program(r)
}

// dumped: the module is that of the uppermost frame, "#0  0x… n/a (libvcl.so +
// 0x12)".
func dumped(r Record) (Event, bool) {
	name, pid := r.field("COREDUMP_COMM"), r.field("COREDUMP_PID")
	signal := r.field("COREDUMP_SIGNAL_NAME")
	if signal == "" {
		signal = signalName(r.field("COREDUMP_SIGNAL"))
	}
	module := ""
	if _, frame, ok := strings.Cut(r.Text, "#0 "); ok {
		frame, _, _ = strings.Cut(frame, "\n")
		module = file(between(frame, "(", " + 0x"))
	}
	e, ok := crash(name, pid, module, signal)
	e.Rank = 1
	return e, ok
}

// signalName gives the signals that write dumps by default, signal(7).
func signalName(n string) string {
	i, err := strconv.Atoi(n)
	if err != nil {
		return ""
	}
	switch i {
	case 3:
		return "SIGQUIT"
	case 4:
		return "SIGILL"
	case 5:
		return "SIGTRAP"
	case 6:
		return "SIGABRT"
	case 7:
		return "SIGBUS"
	case 8:
		return "SIGFPE"
	case 11:
		return "SIGSEGV"
	case 24:
		return "SIGXCPU"
	case 25:
		return "SIGXFSZ"
	case 31:
		return "SIGSYS"
	}
	return n
}

// session tells of people: the sign-in screens of display managers have
// sessions too.
func session(kind string, r Record) (Event, bool) {
	user, id := r.field("USER_ID"), r.field("SESSION_ID")
	if user == "" || Greeter(user) {
		return Event{}, false
	}
	if !name(id) || strings.ContainsAny(id, "/.") {
		id = ""
	}
	return Event{Kind: kind, Attributes: attributes("user", user), Session: id}, true
}

// Greeter says whether an account is one under which a sign-in screen runs.
func Greeter(user string) bool {
	switch user {
	case "gdm", "Debian-gdm", "gdm-greeter", "lightdm", "sddm", "lxdm", "greeter", "greetd", "cosmic-greeter", "plasma-login":
		return true
	}
	return strings.HasPrefix(user, "gdm-greeter-")
}
