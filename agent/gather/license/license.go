// Package license reads section license: how Windows and Office are activated.
//
// It owns what Windows' software protection says and means. It must never hold
// more of a product key than its last five characters.
package license

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxLicenses bounds the rows.
const maxLicenses = 64

// Read reads the section.
func Read(_ context.Context, h *host.Host) (gather.Reading, error) {
	b, err := h.AskNative(host.NativeLicenses)
	if err != nil {
		return gather.Reading{}, err
	}
	rows := parse(b)
	asked := []string{"software_protection"}
	if server := kms(h); server != "" {
		asked = append(asked, "registry")
		for i := range rows {
			if rows[i].Channel == "volume_kms" {
				rows[i].KMSServer = server
			}
		}
	}
	return gather.Rows(rows, asked...)
}

// kms is the office's own activation server, as it was set or last found.
func kms(h *host.Host) string {
	k, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`,
		"KeyManagementServiceName", "DiscoveredKeyManagementServiceMachineName")
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return ""
	}
	if s := k.Text("KeyManagementServiceName"); s != "" {
		return s
	}
	return k.Text("DiscoveredKeyManagementServiceMachineName")
}

// parse reads the answer of host.NativeLicenses: items of kind and length, four
// bytes each, and so many bytes. What does not fit ends the reading.
func parse(b []byte) []inventory.License {
	rows := []inventory.License{}
	var description, channel string
	var genuine *bool
	windows := -1 // the row of Windows that counts
	end := func() {
		if len(rows) == 0 {
			return
		}
		r := &rows[len(rows)-1]
		r.Channel = channelOf(channel, description)
		if r.Channel == "evaluation" && r.State == "licensed" && r.ExpiresAt.IsZero() {
			r.State = "grace"
		}
		description, channel = "", ""
	}
	for len(b) >= 8 {
		kind, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if uint64(n) > uint64(len(b)-8) {
			break
		}
		body := b[8 : 8+n]
		b = b[8+n:]
		if kind == host.LicenseGenuine {
			if len(body) == 4 {
				genuine = genuineOf(binary.LittleEndian.Uint32(body))
			}
			continue
		}
		if kind == host.LicenseStatus {
			end()
			if len(body) != 40 || len(rows) == maxLicenses {
				break
			}
			rows = append(rows, statusOf(body))
			continue
		}
		if len(rows) == 0 {
			continue
		}
		r := &rows[len(rows)-1]
		switch kind {
		case host.LicenseName:
			r.Product = text(body)
			if strings.HasPrefix(r.Product, "Windows") && (windows < 0 || r.State == "licensed") {
				windows = len(rows) - 1
			}
		case host.LicenseDescription:
			description = text(body)
		case host.LicenseChannel:
			channel = text(body)
		case host.LicenseKeyTail:
			r.KeyTail = tail(text(body))
		}
	}
	end()
	if windows >= 0 {
		rows[windows].Genuine = genuine
	}
	return named(rows)
}

// named leaves rows without a name out, and of two with one name the one that
// is in force.
func named(rows []inventory.License) []inventory.License {
	out := []inventory.License{}
	at := map[string]int{}
	for _, r := range rows {
		if r.Product == "" {
			continue
		}
		if i, had := at[r.Product]; had {
			if out[i].State != "licensed" && r.State == "licensed" {
				out[i] = r
			}
			continue
		}
		at[r.Product] = len(out)
		out = append(out, r)
	}
	return out
}

// statusOf reads SL_LICENSING_STATUS (Microsoft, slpublic.h): the product's
// GUID, its status, minutes of grace left, days of grace in all, why it is not
// licensed, and when it ends as a FILETIME.
func statusOf(b []byte) inventory.License {
	r := inventory.License{State: "unknown"}
	reason := binary.LittleEndian.Uint32(b[28:])
	switch binary.LittleEndian.Uint32(b[16:]) {
	case 0:
		r.State = "unlicensed"
	case 1:
		r.State = "licensed"
	case 2:
		r.State = "grace"
	case 3:
		r.State = "notification"
		// SL_E_VALIDITY_PERIOD_EXPIRED, SL_E_GRACE_TIME_EXPIRED
		if reason == 0xc004f064 || reason == 0xc004f009 {
			r.State = "expired"
		}
	}
	if at := host.FileTime(binary.LittleEndian.Uint64(b[32:])); at.Year() < 2200 {
		r.ExpiresAt = at.Truncate(time.Minute)
	}
	return r
}

// channelOf reads the channel of a key, or from the product's description:
// "Windows(R) Operating System, VOLUME_KMSCLIENT channel".
func channelOf(channel, description string) string {
	s := strings.ToUpper(channel)
	if s == "" {
		if before, ok := strings.CutSuffix(strings.ToUpper(strings.TrimSpace(description)), " CHANNEL"); ok {
			s = before[strings.LastIndexAny(before, " ,")+1:]
		}
	}
	switch {
	case s == "":
		return ""
	case strings.Contains(s, "KMS") || strings.Contains(s, "GVLK"):
		return "volume_kms"
	case strings.Contains(s, "MAK"):
		return "volume_mak"
	case strings.Contains(s, "SUBSCRIPTION"):
		return "subscription"
	case strings.Contains(s, "EVAL"):
		return "evaluation"
	case strings.Contains(s, "OEM"):
		return "oem"
	case strings.Contains(s, "RETAIL"):
		return "retail"
	}
	return "other"
}

// genuineOf reads SL_GENUINE_STATE (slpublic.h): 0 genuine, 1 a licence that is
// not, 2 tampered with, 3 to be looked at on line.
func genuineOf(n uint32) *bool {
	switch n {
	case 0:
		return new(true)
	case 1, 2:
		return new(false)
	}
	return nil
}

// tail is the end of a key, and never more of one.
func tail(s string) string {
	if len(s) > 5 {
		s = s[len(s)-5:]
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return s
}

func text(b []byte) string {
	const most = 200
	if len(b) > most || !utf8.Valid(b) {
		return ""
	}
	return strings.TrimSpace(string(b))
}
