package main

import (
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
		logger(c.log, &b).Info("shown", "device", "pc-1")
		if got := b.String(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q", c.log, got)
		}
	}
}
