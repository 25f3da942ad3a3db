package clock

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func kernel(synced bool) Reader {
	return Reader{Kernel: func() (Kernel, error) { return Kernel{Synced: synced, Error: 20 * time.Millisecond}, nil }}
}

func TestMachines(t *testing.T) {
	for name, files := range map[string]string{
		"chrony": `
-- /etc/adjtime --
0.0 0 0.0
0
UTC
-- /etc/chrony/chrony.conf --
# servers
pool 2.debian.pool.ntp.org iburst
server time.example.org iburst
-- /etc/chrony/sources.d/dhcp.sources --
server 192.0.2.123 iburst
-- /run/chrony/chronyd.pid --
812
-- /usr/bin/chronyc --
-- run chronyc --
C000027B,time.example.org,3,1717406940.113,-0.000113,0.000021,0.000310,-11.5,0.002,0.1,0.012,0.001,1037.2,Normal
-- /sys/devices/system/clocksource/clocksource0/current_clocksource --
tsc
`,
		"timesyncd": `
-- /etc/adjtime --
0.0 0 0.0
0
LOCAL
-- /etc/systemd/timesyncd.conf --
[Time]
#NTP=
FallbackNTP=a.example.org
-- /etc/systemd/timesyncd.conf.d/office.conf --
[Time]
NTP=time1.example.org time2.example.org
-- /etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service --
-- /run/systemd/timesync/synchronized @2024-06-03T09:12:00Z --
`,
		"none":   "-- /etc/adjtime --\n0.0 0 0.0\n",
		"silent": "-- /etc/runlevels/default/chronyd --\n-- /etc/chrony/chrony.conf --\nserver 192.0.2.1\n-- /usr/bin/chronyc --\n-- run chronyc --\n!506 Cannot talk to daemon\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(files))
			r, err := kernel(name == "chrony").Read(context.Background(), h)
			recorded.Golden(t, h, "clock", name, r, err)
		})
	}
	if _, err := (Reader{Kernel: func() (Kernel, error) { return Kernel{}, errors.ErrUnsupported }}).Read(context.Background(), recorded.Unpack(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("server time.example.org iburst\nNTP=a b\n", "C0,x,3,1717406940.1,-0.0001,0,0,0,0,0,0,0,0,Normal", "0\n0\nUTC\n")
	f.Fuzz(func(t *testing.T, servers, tracking, adjtime string) {
		if l := parseServers(strings.NewReader(servers)); len(l) > 64 {
			t.Error(len(l))
		}
		var r inventory.Clock
		parseTracking(tracking, &r)
		if r.Stratum != nil && *r.Stratum > 16 {
			t.Error(*r.Stratum)
		}
		parseAdjtime(adjtime)
	})
}
