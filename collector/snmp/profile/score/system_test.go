package score

import "testing"

func TestWhatSaysTheSame(t *testing.T) {
	for _, x := range []struct {
		got, want string
		same      bool
	}{
		{"16.6.7", "CAT9K_IOSXE 16.6.7", true},
		{"5.6.6", "v5.6.6,build1630,180913 (GA)", true},
		{"Dell PowerEdge R640", "PowerEdge R640", true},
		{"C9300-48P", "C9300-48P", true},
		{"Q", "Q", true},
		{"16.6", "CAT9K_IOSXE 16.6.7", false},
		{"6.7", "16.6.7", false},
		{"Switch", "Juniper QFX5100-48S-6Q Switch", false},
		{"", "", false},
		{"", "1.0", false},
		{"1", "FortiGate 1 100E", false},
	} {
		if got := says(x.got, x.want); got != x.same {
			t.Errorf("%q says %q: %t", x.got, x.want, got)
		}
	}
}

func TestProductLines(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range products() {
		if seen[p.line] {
			t.Errorf("%s is there twice", p.line)
		}
		seen[p.line] = true
		p.runs("", "", "") // its expression compiles
	}
	ios, _ := productOf("ios")
	xe, _ := productOf("iosxe")
	ups, _ := productOf("apc")
	switch {
	case !ios.runs("IOS", "Cisco", "switch"), ios.runs("IOS XE", "Cisco", "switch"), ios.runs("", "Cisco", "switch"):
		t.Error("IOS is not told from what is not")
	case !xe.runs("IOS-XE", "", ""), xe.runs("IOS", "Cisco", "switch"):
		t.Error("IOS XE is not told from what is not")
	case !ups.runs("", "APC by Schneider", "ups"), ups.runs("", "APC", "switch"), ups.runs("", "", "ups"):
		t.Error("a UPS is not told from what is not")
	}
}
