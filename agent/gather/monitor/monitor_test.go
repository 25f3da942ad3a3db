package monitor

import "testing"

func TestNames(t *testing.T) {
	for name, want := range map[string]struct {
		is      bool
		link    string
		builtin bool
	}{
		"card0-eDP-1": {true, "edp", true}, "card1-DP-3": {true, "displayport", false}, "card0-HDMI-A-1": {true, "hdmi", false}, "card0-DVI-D-1": {true, "dvi", false},
		"card0-Virtual-1": {true, "virtual", false}, "card0-LVDS-1": {true, "lvds", true}, "card0-Writeback-1": {false, "other", false}, "card0": {false, "other", false},
		"renderD128": {false, "other", false}, "version": {false, "other", false}, "cardx-DP-1": {false, "displayport", false}, "card-DP-1": {false, "displayport", false},
		"card0-DSI-1": {true, "other", true}, "card2-VGA-1": {true, "vga", false},
	} {
		link, builtin := kind(name)
		if isConnector(name) != want.is || link != want.link || builtin != want.builtin {
			t.Errorf("%s: %v %s %v", name, isConnector(name), link, builtin)
		}
	}
	for n, want := range map[int]int{0: 0, 5: 0, 127: 0, 128: 128, 300: 256} {
		if got := len(whole(make([]byte, n))); got != want {
			t.Errorf("%d bytes become %d", n, got)
		}
	}
}
