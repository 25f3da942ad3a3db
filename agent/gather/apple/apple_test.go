package apple

import (
	"strings"
	"testing"
)

const battery = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><array><dict>
<key>CycleCount</key><integer>112</integer>
<key>Amperage</key><integer>18446744073709550000</integer>
<key>IsCharging</key><false/>
<key>model</key><data>TWFjQm9va1BybzE4LDMA</data>
</dict></array></plist>`

func TestDecode(t *testing.T) {
	var list []struct {
		CycleCount int64  `plist:"CycleCount"`
		Amperage   uint64 `plist:"Amperage"`
		Charging   *bool  `plist:"IsCharging"`
		Model      []byte `plist:"model"`
	}
	if err := Decode([]byte(battery), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].CycleCount != 112 || int64(list[0].Amperage) != -1616 || list[0].Charging == nil || *list[0].Charging || string(list[0].Model) != "MacBookPro18,3\x00" {
		t.Errorf("read %+v", list)
	}
	for name, text := range map[string]string{
		"empty":    "",
		"cut":      battery[:200],
		"too deep": `<plist version="1.0">` + strings.Repeat("<array>", 1000) + strings.Repeat("</array>", 1000) + "</plist>",
		"other":    "<html><body>no</body></html>",
	} {
		var v any
		if err := Decode([]byte(text), &v); err == nil {
			t.Errorf("%s is taken for %v", name, v)
		}
	}
}

func TestLines(t *testing.T) {
	v := Lines([]byte("hw.memsize: 17179869184\nmachdep.cpu.brand_string: Apple M1 Pro\nkern.version: a: b\nhw.memsize: 1\nno colon\n: nothing\n"))
	if len(v) != 3 || Number(v, "hw.memsize") != 17179869184 || v["machdep.cpu.brand_string"] != "Apple M1 Pro" || v["kern.version"] != "a: b" {
		t.Errorf("read %q", v)
	}
	if n := Number(v, "machdep.cpu.brand_string"); n != 0 {
		t.Errorf("a name is the number %d", n)
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]int64{"16 GB": 16 << 30, "256 KB": 256 << 10, "1.5 TB": 3 << 39, "": 0, "GB": 0, "16": 0, "-1 GB": 0, "1e300 GB": 0, "NaN GB": 0} {
		if got := Bytes(text); got != want {
			t.Errorf("%q is %d bytes, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int64{"2.6 GHz": 2_600_000_000, "2667 MHz": 2_667_000_000, "fast": 0, "-2 GHz": 0} {
		if got := Hertz(text); got != want {
			t.Errorf("%q is %d hertz, want %d", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{`"proc 8:6:2"`: "proc 8:6:2", `6`: "6", `null`: "", `[1]`: "", `""`: ""} {
		var got Text
		if err := got.UnmarshalJSON([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", in, got, err)
		}
	}
}

// No list, however broken, ends the program or makes values of nothing.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(battery))
	f.Add([]byte("bplist00\xd1\x01\x02Sabc\x10\x2a\x08\x0b\x0f\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x11"))
	f.Add([]byte("{ a = (1, 2); b = <0fbd77>; }"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v any
		_ = Decode(b, &v)
		Lines(b)
		_, _ = Bytes(string(b)), Hertz(string(b))
	})
}
