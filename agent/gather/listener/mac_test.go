package listener

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	rows, asked, faults, err := fromLsof(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	recorded.Golden(t, h, "listening_port", "macbook", r, err)
}

func TestLsofAddress(t *testing.T) {
	for s, want := range map[string]string{"*:22": "0.0.0.0:22", "127.0.0.1:631": "127.0.0.1:631", "[::1]:631": "[::1]:631", "[fe80::1%lo0]:88": "[fe80::1]:88",
		"*:*": "", "10.0.0.1:5000->10.0.0.2:443": "", "x:99999": "", "": ""} {
		a, ok := lsofAddress(s, false)
		if got := a.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s %v, want %q", s, got, ok, want)
		}
	}
	if a, ok := lsofAddress("*:22", true); !ok || a.String() != "[::]:22" {
		t.Errorf("over IPv6: %s", a)
	}
}

func FuzzLsof(f *testing.F) {
	f.Add("p77\ncsshd\nLroot\nf3\ntIPv6\nPTCP\nn*:22\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, _ := parseLsof(text)
		for _, r := range rows {
			if r.Port < 1 || r.Port > 65535 || r.Protocol != "tcp" && r.Protocol != "udp" {
				t.Errorf("%+v", r)
			}
		}
	})
}
