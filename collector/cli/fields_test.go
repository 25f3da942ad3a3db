package cli

import (
	"io"
	"strings"
	"testing"

	"muster/collector/api"
)

// Fields of requests are told as what was typed; what a command does not have
// is told as the collector says it.
func TestFieldsAreWrittenAsFlags(t *testing.T) {
	for _, c := range []struct{ command, field, want string }{
		{"incident note", "text", "TEXT"},
		{"incident resolve", "text", "--note"},
		{"incident show", "number", "NUMBER"},
		{"incident list", "severities", "--severity"},
		{"incident list", "statuses", "--status"},
		{"incident list", "families", "--family"},
		{"incident list", "from", "--since"},
		{"incident list", "filter", "FILTER"},
		{"maintenance add", "filter", "--filter"},
		{"maintenance add", "minutes", "--for"},
		{"maintenance add", "from", "--from"},
		{"maintenance add", "to", "--until"},
		{"maintenance add", "all", "--all-rules"},
		{"route set", "hours.from", "--hours"},
		{"route set", "hours.days", "--days"},
		{"route set", "digest.days", "--digest-days"},
		{"route set", "digest.at", "--digest"},
		{"route set", "wait_seconds", "--wait"},
		{"route set", "only_digest", "--only-digest"},
		{"channel set", "brake.period_seconds", "--brake-time"},
		{"channel set", "settings.host", "--host"},
		{"channel set", "url", "--url-file or MUSTER_CHANNEL_URL"},
		{"incident note", "undo", ""},
	} {
		cmd, _, err := tree(io.Discard).Find(strings.Fields(c.command))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := written(cmd, c.field); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %s is written %q, want %q", c.command, c.field, got, c.want)
		}
	}
}

// Sentences of the collector that begin with a field begin with the flag; others
// stay as they are.
func TestSentencesBeginWithFlags(t *testing.T) {
	for _, c := range []struct{ command, said, want string }{
		{"maintenance add", "minutes is missing: up to a day", "--for is missing: up to a day"},
		{"maintenance add", "zone: \"Mars\" is not known", "--zone: \"Mars\" is not known"},
		{"maintenance add", "it ends at 9: that has passed", "it ends at 9: that has passed"},
		{"maintenance add", "maintenance cannot be for user: everybody would learn it", "maintenance cannot be for user: everybody would learn it"},
		{"channel set", "channel desk: port 70000: 1 to 65535 is expected", "--port 70000: 1 to 65535 is expected"},
		{"channel set", "channel desk: host \"\": a name is expected", "--host is missing: a name is expected"},
		{"channel set", "channel desk is of kind mail: make another one", "channel desk is of kind mail: make another one"},
		{"route set", "route DESK: time zone \"x\" is not known", "time zone \"x\" is not known"},
		{"incident snooze", "until: 2026-11-01T00:00:00Z has passed already", "--until: 2026-11-01T00:00:00Z has passed already"},
	} {
		cmd, _, err := tree(io.Discard).Find(strings.Fields(c.command))
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags([]string{"desk"}); err != nil {
			t.Fatal(err)
		}
		if got := inWords(cmd, api.NewProblem("invalid", "%s", c.said)).Error(); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.command, c.said, got, c.want)
		}
	}
}

func TestOneKindOfTrouble(t *testing.T) {
	for in, want := range map[string]string{
		"1 other kinds of trouble": "1 other kind of trouble", "2 other kinds of trouble": "2 other kinds of trouble", "11 other kinds of trouble": "11 other kinds of trouble",
	} {
		if got := singular(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// That all is well is said of the whole only.
func TestAnEmptyListNamesWhatWasChosen(t *testing.T) {
	for _, c := range []struct {
		args []string
		none bool
		want string
	}{
		{nil, false, "all is well"},
		{[]string{"--limit", "5"}, false, "all is well"},
		{[]string{"--backlog", "--hygiene"}, false, "nothing fits --backlog --hygiene"},
		{[]string{"--assignee", "no body", "os:linux"}, false, "nothing fits os:linux --assignee \"no body\""},
		{[]string{"--severity", "act,watch", "--mine=false"}, false, "nothing fits --severity act,watch"},
		{[]string{"name:gone", "--site", "a/b", "--mine"}, true, "no device fits name:gone --site a/b: muster device list shows what there is"},
	} {
		cmd, _, err := tree(io.Discard).Find([]string{"incident", "list"})
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		if got := nothing(cmd, cmd.Flags().Args(), c.none, "all is well"); got != c.want {
			t.Errorf("%v: %q, want %q", c.args, got, c.want)
		}
	}
}

// Texts are cut before a column goes; those that stay go last, those that tell
// rows apart never.
func TestNarrowTables(t *testing.T) {
	g := newGrid("number", "what", "place", "machine", "who").staying("machine")
	g.columns[1].key = true
	g.add(1042, strings.Repeat("w", 60), strings.Repeat("p", 20), strings.Repeat("m", 20), "sam")
	s := &session{now: noon}
	for _, c := range []struct {
		width int
		want  string
		cut   bool
	}{
		{200, "number what place machine who", false},
		{100, "number what place machine who", true},
		{77, "number what place machine who", true},
		{76, "number what place machine", true},
		{62, "number what machine who", true},
		{54, "number what machine", true},
		{53, "number what who", true},
		{30, "number what", true},
	} {
		l := s.layout(g)
		keep, cutAny := l.fit(c.width)
		var names []string
		total := gap * (len(keep) - 1)
		for _, j := range keep {
			names = append(names, l.names[j])
			total += l.widths[j]
		}
		if got := strings.Join(names, " "); got != c.want || l.widths[1] < leastKey || total > max(c.width, 36) || c.cut != cutAny {
			t.Errorf("%d columns: %q, %d wide, what %d", c.width, got, total, l.widths[1])
		}
	}
}
