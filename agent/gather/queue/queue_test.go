package queue

import (
	"strings"
	"testing"

	"muster/internal/inventory"
)

func TestReach(t *testing.T) {
	for in, want := range map[string]string{
		"usb://Maker/Laser%20M1?serial=VNB3K12345":               "usb||VNB3K12345|usb://Maker/Laser%20M1",
		"socket://10.4.2.30:9100":                                "network|10.4.2.30||socket://10.4.2.30:9100",
		"smb://AGENCY%5Ctom:secret@print1.agency.example/floor2": "shared|||smb://print1.agency.example/floor2",
		"hp:/net/Office_Jet?ip=10.4.2.31&pw=secret":              "network|10.4.2.31||hp:/net/Office_Jet",
		"hp:/usb/Office_Jet?serial=TH1":                          "usb||TH1|hp:/usb/Office_Jet",
		"ipps://srv.agency.example:631/printers/floor1":          "shared|||ipps://srv.agency.example:631/printers/floor1",
		"ipp://10.4.2.32/ipp/print":                              "network|10.4.2.32||ipp://10.4.2.32/ipp/print",
		"dnssd://Laser._ipp._tcp.local/?uuid=1":                  "network|||dnssd://Laser._ipp._tcp.local/",
		"cups-pdf:/":                                             "virtual|||cups-pdf:/",
		"%zz://user:secret@x":                                    "other|||",
	} {
		var q inventory.PrintQueue
		reach(&q, in)
		if got := strings.Join([]string{q.Kind, q.Address, q.Serial, q.Uri}, "|"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzPrinters(f *testing.F) {
	f.Add("<Printer a>\nDeviceURI socket://u:p@10.0.0.1\nState Idle\nReason none\n</Printer>\n<DefaultPrinter b>\n")
	f.Add("*NickName: \"X\"\n*FileVersion: \"1\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, q := range parsePrinters(strings.NewReader(text)) {
			if q.Name == "" || len(q.Reasons) > maxReasons || q.Status == "" {
				t.Errorf("%+v", q)
			}
			if _, rest, ok := strings.Cut(q.Uri, "://"); ok {
				if host, _, _ := strings.Cut(rest, "/"); strings.Contains(host, "@") {
					t.Errorf("%s tells a user", q.Uri)
				}
			}
		}
		parsePPD(strings.NewReader(text))
	})
}
