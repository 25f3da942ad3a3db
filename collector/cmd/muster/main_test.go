package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"muster/collector"
	"muster/collector/cli"
	"muster/collector/config"
)

// The command line finds the collector by a name that both know.
func TestBothSidesNameTheSocketAlike(t *testing.T) {
	if cli.SocketName != collector.SocketName {
		t.Errorf("the command line looks for %s, the collector makes %s", cli.SocketName, collector.SocketName)
	}
}

func TestLogger(t *testing.T) {
	for _, c := range []struct {
		log  config.Log
		want string
	}{
		{config.Log{Level: "info", Format: "json"}, `"msg":"shown"`},
		{config.Log{Level: "warn", Format: "text"}, ""},
		{config.Log{Level: "debug", Format: "text"}, "msg=shown device=pc-1"},
	} {
		var b strings.Builder
		slog.New(newLogForm(c.log, &b)).Info("shown", "device", "pc-1")
		if got := b.String(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q", c.log, got)
		}
	}
}

// A logger that a part made long ago follows what the file says now; a file
// that is wrong changes nothing.
func TestTheLogFollowsItsSettings(t *testing.T) {
	var b strings.Builder
	form := newLogForm(config.Log{Level: "info", Format: "text"}, &b)
	part := slog.New(form).With("part", "outbox").WithGroup("x")
	said := func() string {
		s := b.String()
		b.Reset()
		return s
	}
	part.Debug("fine", "n", 1)
	if s := said(); s != "" {
		t.Errorf("debug at info: %q", s)
	}
	now := config.Config{Log: config.Log{Level: "debug", Format: "json"}}
	start := cli.Start{Again: func() (config.Config, error) { return now, nil }}
	reload(start, form, slog.New(form))
	said()
	part.Debug("fine", "n", 1)
	if s := said(); !strings.Contains(s, `"part":"outbox","x":{"n":1}`) {
		t.Errorf("after the change: %q", s)
	}
	start.Again = func() (config.Config, error) { return config.Config{}, errors.New("line 3: no") }
	reload(start, form, slog.New(form))
	if s := said(); !strings.Contains(s, "line 3: no") {
		t.Errorf("a wrong file: %q", s)
	}
	part.Debug("fine")
	if s := said(); !strings.HasPrefix(s, "{") {
		t.Errorf("a wrong file changed the log: %q", s)
	}
}
