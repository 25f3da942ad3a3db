package guest

import (
	"strings"
	"testing"
)

func TestParts(t *testing.T) {
	for in, want := range map[string]string{"http://ubuntu.com/ubuntu/22.04": "ubuntu 22.04", "": "", "x": "", "http://a/b": ""} {
		if got := systemName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if n := scaled("9223372036854775807", "GiB"); n != 0 {
		t.Error(n)
	}
	if n := qcowSize([]byte("QFI\xfb\x00\x00\x00\x03" + strings.Repeat("\x00", 16) + "\x00\x00\x00\x05\x00\x00\x00\x00")); n != 5<<32 {
		t.Error(n)
	}
	if device("scsihw", "scsi") || !device("scsi12", "scsi") {
		t.Error("devices are not told from settings")
	}
}

func FuzzDefinitions(f *testing.F) {
	f.Add("<domstatus state='running'><domain><name>a</name><memory unit='GiB'>4</memory></domain></domstatus>")
	f.Add("<domain><name>a</name><vcpu>2</vcpu><devices><disk device='disk'><source file='/a'/></disk></devices></domain>")
	f.Add("name: a\nmemory: 2048\nscsi0: x:y,size=32G\n[snap]\nname: b\n")
	f.Add(`<VirtualBox><Machine name="a" uuid="{x}"/></VirtualBox>`)
	f.Add(`[{"ip-address":"10.0.0.1","mac-address":"52:54:00:00:00:01","hostname":"h"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		check := func(d defined, ok bool) {
			if ok && (d.Name == "" || d.MemoryBytes < 0 || d.DiskBytes < 0 || len(d.Macs) > maxParts || len(d.Images) > maxParts) {
				t.Errorf("%+v", d)
			}
		}
		d, state, ok := parseDomain(strings.NewReader(text))
		check(d, ok)
		if stateOf(state) == "" {
			t.Errorf("%q is no state", state)
		}
		check(parseProxmox(strings.NewReader(text)))
		check(parseVBox(strings.NewReader(text)))
		parseLeases(strings.NewReader(text))
		qcowSize([]byte(text))
	})
}
