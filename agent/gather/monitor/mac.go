package monitor

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// adapters is what system_profiler says of SPDisplaysDataType: graphics
// adapters, and the displays on each.
type adapters struct {
	List []struct {
		Displays []display `json:"spdisplays_ndrvs"`
	} `json:"SPDisplaysDataType"`
}

type display struct {
	Name    apple.Text `json:"_name"`
	Vendor  apple.Text `json:"_spdisplays_display-vendor-id"`
	Product apple.Text `json:"_spdisplays_display-product-id"`
	Number  apple.Text `json:"_spdisplays_display-serial-number"`  // of the EDID, 32 bits in hexadecimal digits
	Serial  apple.Text `json:"_spdisplays_display-serial-number2"` // as printed on it
	EDID    apple.Text `json:"_spdisplays_edid"`                   // on Intel
	Link    apple.Text `json:"spdisplays_connection_type"`
	Virtual apple.Text `json:"spdisplays_virtualdevice"`
}

// fromMac reads the displays of a Mac. It numbers them as they are plugged in,
// so that a display is known by what it is, and not by that number.
func fromMac(ctx context.Context, h *host.Host) ([]inventory.Monitor, []string, error) {
	var all adapters
	if err := apple.Profile(ctx, h, "profiler-displays", &all); err != nil {
		return nil, nil, err
	}
	rows := []inventory.Monitor{}
	times := map[string]int{}
	for i, a := range all.List {
		for _, d := range a.Displays {
			if len(rows) == maxConnectors {
				return rows, []string{fmt.Sprintf("only the first %d displays are read", maxConnectors)}, nil
			}
			r := inventory.Monitor{OSName: string(d.Name), Gpu: fmt.Sprintf("gpu%d", i), Link: macLink(d)}
			r.Builtin = new(d.Link == "spdisplays_internal")
			r.OSSerial = string(d.Serial)
			if number := strings.TrimLeft(string(d.Number), "0"); r.OSSerial == "" && !*r.Builtin && number != "" && number != "1010101" {
				r.OSSerial = number // else what makers leave there who number nothing
			}
			r.EDID = macEDID(string(d.EDID))
			at := strings.Join([]string{string(d.Vendor), string(d.Product), string(d.Number)}, "-")
			if *r.Builtin {
				at = "internal"
			}
			if times[at]++; times[at] > 1 {
				at = fmt.Sprintf("%s-%d", at, times[at])
			}
			r.Connector = at
			rows = append(rows, r)
		}
	}
	return rows, nil, nil
}

// macLink is how a display is attached, in the catalogue's words; empty where
// the Mac does not say it.
func macLink(d display) string {
	link := strings.ToLower(string(d.Link))
	switch {
	case d.Virtual == "spdisplays_yes":
		return "virtual"
	case link == "spdisplays_internal":
		return "edp"
	case strings.Contains(link, "displayport"):
		return "displayport"
	case strings.Contains(link, "hdmi"):
		return "hdmi"
	case strings.Contains(link, "thunderbolt"):
		return "thunderbolt"
	case strings.Contains(link, "dvi"):
		return "dvi"
	case strings.Contains(link, "vga"):
		return "vga"
	case strings.Contains(link, "airplay"), strings.Contains(link, "sidecar"):
		return "wireless"
	case link != "":
		return "other"
	}
	return ""
}

// macEDID reads "0x00ffffffffffff00…"; something else is none.
func macEDID(s string) []byte {
	s = strings.TrimPrefix(strings.Join(strings.Fields(s), ""), "0x")
	if len(s) > 2*maxEDID {
		return nil
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return whole(b)
}
