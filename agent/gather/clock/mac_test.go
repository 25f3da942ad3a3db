package clock

import (
	"testing"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	r, err := ReadMac(t.Context(), h)
	recorded.Golden(t, h, "clock", "macbook", r, err)
}

func TestSystemsetup(t *testing.T) {
	for out, want := range map[string]string{
		"Network Time: On\n":  "on",
		"Network Time: Off\n": "off",
		"NETWORK: On":         "",
		"":                    "",
		"Network Time: maybe": "",
		"You need administrator access to run this tool... exiting!\n": "",
	} {
		got := ""
		if v := parseNetworkTime(out); v != nil && *v {
			got = "on"
		} else if v != nil {
			got = "off"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", out, got, want)
		}
	}
	for out, want := range map[string]string{"Network Time Server: ntp.example.org\n": "ntp.example.org", "Network Time Server: (null)\n": "", "Network Time Server: a b\n": "", "": ""} {
		if got := parseTimeServer(out); got != want {
			t.Errorf("%q is %q, want %q", out, got, want)
		}
	}
}

func FuzzSystemsetup(f *testing.F) {
	f.Add("Network Time: On\nNetwork Time Server: time.apple.com\n")
	f.Fuzz(func(t *testing.T, out string) {
		parseNetworkTime(out)
		if s := parseTimeServer(out); len(s) > 253 {
			t.Errorf("a name of %d bytes", len(s))
		}
	})
}
