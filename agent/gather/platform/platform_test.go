package platform

import (
	"reflect"
	"testing"
)

func TestWords(t *testing.T) {
	if f := flag([]byte{6, 0, 0, 0, 1}); f == nil || !*f {
		t.Error("Secure Boot is not seen")
	}
	for _, b := range [][]byte{nil, {1}, {6, 0, 0, 0, 7}, {6, 0, 0, 0, 1, 0}} {
		if flag(b) != nil {
			t.Errorf("%v is a flag", b)
		}
	}
	for in, want := range map[string]string{"none [integrity] confidentiality": "integrity", "": "", "[x": "", "[none] integrity": "none"} {
		if got := choice(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	vendor, firmware := caps("Manufacturer: 0x49465800\nTCG version: 1.2\nFirmware version: 6.40\n")
	if vendor != "Infineon" || firmware != "6.40" {
		t.Error(vendor, firmware)
	}
	for in, want := range map[string]any{"0": []string(nil), "4097": []string{"proprietary module was loaded", "externally-built module was loaded"}, "16": []string{"processor reported a machine check exception"}} {
		is, got := tainted(in)
		if !reflect.DeepEqual(got, want) || is == nil || *is != (in != "0") {
			t.Errorf("%s: %v %v", in, is, got)
		}
	}
	if is, _ := tainted("x"); is != nil {
		t.Error("nonsense is told")
	}
	for in, want := range map[string]bool{
		"[daemon]\nAutomaticLoginEnable=true\n": true, "[daemon]\n#AutomaticLoginEnable = true\n": false, "[daemon]\nAutomaticLoginEnable = False": false,
		"[Seat:*]\nautologin-user=kiosk\n": true, "[Seat:*]\nautologin-user=\n": false, "[Autologin]\nUser=kiosk": true, "[Users]\nUser=kiosk": false,
		"[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin kiosk %I\n": true,
	} {
		if signsIn(in) != want {
			t.Errorf("%q: %v", in, !want)
		}
	}
}

func FuzzPlatform(f *testing.F) {
	f.Add([]byte("Manufacturer: 0x49465800\n[Autologin]\nUser=x"))
	f.Add([]byte{6, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		flag(b)
		vendor, firmware := caps(string(b))
		if len(vendor) > 20 || len(firmware) > 32 || len(choice(string(b))) > len(b) {
			t.Errorf("%q %q", vendor, firmware)
		}
		if _, reasons := tainted(string(b)); len(reasons) > len(taints()) {
			t.Error(reasons)
		}
		signsIn(string(b))
	})
}
