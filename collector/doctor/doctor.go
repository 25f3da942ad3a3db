// Package doctor is the form of what muster doctor finds: what was looked at,
// how it is, and what to do about it. It owns the judgement of a running
// collector by what its API tells. It must not know how files are looked at,
// nor how findings are shown.
package doctor

import (
	"fmt"
	"strings"
	"time"

	"muster/collector/api"
)

// State is how something is.
type State string

// The states, the better first.
const (
	OK   State = "ok"
	Warn State = "warn" // it works, and somebody should look
	Bad  State = "bad"  // it does not work, or soon will not
)

// Check is one thing that was looked at.
type Check struct {
	Subject string `json:"subject"`
	State   State  `json:"state"`
	Found   string `json:"found"`
	Do      string `json:"do,omitempty"`
}

// Worst is the worst state of a list.
func Worst(list []Check) State {
	worst := OK
	for _, c := range list {
		if c.State == Bad || c.State == Warn && worst == OK {
			worst = c.State
		}
	}
	return worst
}

// Order is what is to be looked at in a data folder.
type Order struct {
	Data string
	Deep bool // read all of it
	// Running says that a collector runs there, whose files change while they
	// are looked at.
	Running bool
	// Reserve is the free space in bytes below which reports are put off, as the
	// settings, or the running collector, have it; 0: by default.
	Reserve int64
	// Web and WebKey are the files of web.certificate and web.key; empty: none.
	Web, WebKey string
	Now         time.Time
}

// Live is what a running collector tells of itself.
type Live struct {
	Status  api.Status
	Notices api.NoticeList
	Targets api.TargetList
	CA      api.CA
	Program string // version of the program that asks
	// Untold is why one of "notices", "targets" and "CA" is not known.
	Untold map[string]error
}

const (
	// laggingWarn and laggingBad are how old the oldest record on its way may
	// be: a minute is a slow moment, a quarter of an hour no moment any more.
	laggingWarn = time.Minute
	laggingBad  = 15 * time.Minute
	// WebSoon and CASoon are how long before a certificate ends somebody should
	// look: the CA's life is ten years, and a rotation takes months.
	WebSoon = 30 * 24 * time.Hour
	CASoon  = 365 * 24 * time.Hour
	// verySoon is before any certificate ends.
	verySoon = 7 * 24 * time.Hour
)

// Expiry is how a certificate is that ends at a time.
func Expiry(ends, now time.Time, soon time.Duration) State {
	switch left := ends.Sub(now); {
	case left < verySoon:
		return Bad
	case left < soon:
		return Warn
	}
	return OK
}

// Judge judges a running collector.
func Judge(l *Live, now time.Time) []Check {
	s := &l.Status
	var out []Check
	add := func(subject string, state State, do, format string, args ...any) {
		if state == OK {
			do = ""
		}
		out = append(out, Check{subject, state, fmt.Sprintf(format, args...), do})
	}
	version := OK
	if s.Build.Version != l.Program {
		version = Warn
	}
	add("versions", version, "restart the collector, or use the program that it runs", "the collector runs %s, this is %s", s.Build.Version, l.Program)
	switch r := s.Series; {
	case r.Problem != "":
		add("series", Bad, "mend what it says; samples wait in the outbox meanwhile, and are written once it works", "%s: %s", r.Server, r.Problem)
	case r.Ready < 1:
		add("series", Warn, "wait: numbers can be asked for once it is done", "still being opened, %d %%", int(s.Series.Ready*100))
	case r.Server != "":
		add("series", OK, "", "%s, %d series", r.Server, r.Series)
	default:
		add("series", OK, "", "open, %d series", r.Series)
	}
	for _, a := range s.Series.Abilities {
		add("series, "+a.Name, OK, "", "%s", a.Found)
	}
	for _, w := range s.Series.Warnings {
		add("series store", Warn, "as it says; the collector looks again every ten minutes", "%s", w)
	}
	lag := time.Duration(s.Outbox.LagSeconds * float64(time.Second)).Round(time.Second)
	lagging := OK
	switch {
	case lag > laggingBad:
		lagging = Bad
	case lag > laggingWarn:
		lagging = Warn
	}
	add("outbox", lagging, "nothing is lost; muster outbox list tells why the series store is behind, and until when", "%d records on their way, %s behind", s.Outbox.Records, lag)
	fill, full := s.Outbox.Fill, OK
	if fill >= 0.8 {
		full = Warn
	}
	add("outbox room", full, "from four fifths that are still wanted, agents are put off: see outbox, or give it more with outbox.size", "%d %% are still wanted", int(fill*100))
	if s.Outbox.Kept > 0 {
		add("records put aside", Warn, "muster outbox list --aside tells why; once it is mended muster outbox retry --all, or drop", "%d records that the series store refuses", s.Outbox.Kept)
	}
	for _, p := range s.Problems {
		add("status", Bad, "muster status shows it in its place", "%s", p)
	}
	for _, what := range []string{"notices", "targets", "CA"} {
		if err := l.Untold[what]; err != nil {
			add(what, Bad, "see the database above; else look at the collector's log", "%v", err)
		}
	}
	failed, waiting := 0, l.Notices.Pending
	var channels []string
	for _, c := range l.Notices.Channels {
		waiting += c.Waiting + c.Unsent
		if c.Failed > 0 {
			failed += c.Failed
			channels = append(channels, c.Channel)
		}
	}
	notices := OK
	if failed > 0 {
		notices = Bad
	}
	in := ""
	if failed > 0 {
		in = " (" + strings.Join(channels, ", ") + ")"
	}
	if l.Untold["notices"] == nil {
		add("notices", notices, "muster notice list tells why, muster channel test NAME tries one; then muster notice retry ID", "%d wait, %d given up%s", waiting, failed, in)
	}
	bad := map[string]int{}
	total := 0
	for _, t := range l.Targets.Targets {
		switch t.State {
		case "dead", "wrong_credential", "silent", "lying":
			bad[t.State]++
			total++
		}
	}
	targets := OK
	if total > 0 {
		targets = Warn
	}
	if l.Untold["targets"] == nil {
		add("targets", targets, "muster target list --state dead,wrong_credential,silent,lying", "%d of %d cannot be polled as they should", total, len(l.Targets.Targets))
	}
	for _, c := range l.CA.Authorities {
		if c.State != "current" {
			continue
		}
		add("CA", Expiry(c.NotAfter, now, CASoon), "muster ca rotate", "good until %s", c.NotAfter.Format(time.DateOnly))
	}
	for _, c := range s.Certificates {
		add("certificate of "+c.Name, Expiry(c.NotAfter, now, WebSoon), "renew web.certificate and restart the collector", "good until %s", c.NotAfter.Format(time.DateOnly))
	}
	return out
}
