package wifi

import (
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/inventory"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	s := New()
	list, asked, err := s.fromMac(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	rows := []inventory.Wifi{}
	for _, l := range list {
		rows = append(rows, l.row(h.Now()))
	}
	r, err := gather.Rows(rows, asked...)
	recorded.Golden(t, h, "wifi", "macbook", r, err)
	h.Exec = nil // it is not asked again at once
	if again, _, err := s.fromMac(t.Context(), h); err != nil || len(again) != len(list) {
		t.Errorf("%v %v", again, err)
	}
}

func TestWdutil(t *testing.T) {
	if l := parseWdutil("WIFI\n    Interface Name       : en0\n    Power                : Off [Off]\n    SSID                 : None\n    RSSI                 : 0 dBm\n    Channel              : None\n"); len(l) != 1 || l[0].connected || l[0].signal != 0 {
		t.Errorf("a card that is off: %+v", l)
	}
	if l := parseWdutil("NETWORK\n    Interface Name       : en0\n"); len(l) != 0 {
		t.Errorf("a Mac without a card: %+v", l)
	}
	for text, want := range map[string]string{"WPA2 Personal": "wpa2", "WPA2/WPA3 Personal": "wpa2", "WPA3 Personal": "wpa3", "WPA/WPA2 Personal": "wpa",
		"WPA2 Enterprise": "wpa2_enterprise", "WPA3 Enterprise": "wpa3_enterprise", "None": "open", "": "", "Secret": "other", "WEP": "wep"} {
		if got := macSecurity(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]uint32{"2g6/20": 2437, "2g14/20": 2484, "5g36/80": 5180, "6g37/160": 6135, "7g1/20": 0} {
		band, c, _ := macChannel(text)
		if got := megahertz(band, c); got != want {
			t.Errorf("%s lies at %d MHz, want %d", text, got, want)
		}
	}
}

func FuzzWdutil(f *testing.F) {
	f.Add("WIFI\n Interface Name : en0\n SSID : x\n RSSI : -50 dBm\n Channel : 5g36/80\n Tx Rate : 1e9 Mbps\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range parseWdutil(text) {
			if l.name == "" || l.signal > 0 || l.tx.bits < 0 {
				t.Errorf("%+v", l)
			}
		}
	})
}
