package queue

import (
	"errors"
	"reflect"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, faults, err := fromRegistry(t.Context(), h)
		r, bad := gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "print_queue", "windows."+name, r, err)
	})
	if _, _, _, err := fromRegistry(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestPorts(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Print\Monitors\Standard TCP/IP Port\Ports\IP_1]
"HostName"="10.0.0.9"
"Protocol"=dword:00000002
"Queue"="lp"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Print\Monitors\WSD Port\Ports\WSD-1]
"Printer UUID"="uuid-1"
`))
	usb := map[string]string{"USB001": "SER1"}
	for port, want := range map[string]inventory.PrintQueue{
		"IP_1":                         {Kind: "network", Address: "10.0.0.9", Uri: "lpd://10.0.0.9/lp"},
		"WSD-1":                        {Kind: "network", Uri: "wsd:uuid-1"},
		"USB001":                       {Kind: "usb", Uri: "usb:USB001", Serial: "SER1"},
		"LPT1:":                        {Uri: "lpt1"},
		"FILE:":                        {Kind: "virtual"},
		`\\print01\hall`:               {Kind: "shared", Server: "print01", Address: "print01", Uri: "smb://print01/hall"},
		"http://user:pw@10.0.0.8/ipp/": {Kind: "network", Address: "10.0.0.8", Uri: "http://10.0.0.8/ipp/"},
		"what is this":                 {},
		"":                             {},
	} {
		var q inventory.PrintQueue
		if printsTo(h, &q, port, usb); !reflect.DeepEqual(q, want) {
			t.Errorf("%s is %+v", port, q)
		}
	}
}

func TestStateOfWindows(t *testing.T) {
	for _, c := range []struct {
		status, attributes uint64
		want               string
	}{{0, 0, "idle"}, {0, attrOffline, "offline"}, {0x80 | 0x400, 0, "offline"}, {0x10, 0, "error"}, {1, 0, "stopped"}, {0x400, 0, "printing"}, {0x20000, 0, "idle"}} {
		if got := stateOfWindows(c.status, c.attributes); got != c.want {
			t.Errorf("%x %x is %s, want %s", c.status, c.attributes, got, c.want)
		}
	}
}

func FuzzSpooled(f *testing.F) {
	f.Add("Floor 2\t131216\t3\n\t1\t1\nx\ty\tz\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, s := range parseSpooled(text) {
			if name == "" || s.jobs < 0 {
				t.Errorf("%q %+v", name, s)
			}
			_, _ = stateOfWindows(s.status, 0), reasons(s.status)
		}
	})
}
