package monitor

import (
	"context"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

// desk is a laptop with its panel, a display at a dock, and one behind an
// adapter that hides the description.
var desk = `
-- /sys/class/drm/card0/device -> ../../../0000:00:02.0 --
-- values /sys/class/drm --
card0-eDP-1/status connected
card0-DP-1/status connected
card0-DP-2/status disconnected
card0-HDMI-A-1/status connected
version drm 1.1.0
-- /sys/class/drm/card0-HDMI-A-1/edid --
-- hex /sys/class/drm/card0-DP-1/edid --
00ffffffffffff00 ` + strings.Repeat("00", 120) + ` ` + strings.Repeat("02", 140) + `
-- hex /sys/class/drm/card0-eDP-1/edid --
` + strings.Repeat("ab", 128) + "\n"

func TestGolden(t *testing.T) {
	h := recorded.Unpack(t, []byte(desk))
	r, err := Read(context.Background(), h)
	recorded.Golden(t, h, "monitor", "monitor", r, err)
	r, err = Read(context.Background(), recorded.Unpack(t))
	recorded.Golden(t, h, "monitor", "monitor.none", r, err)
}
