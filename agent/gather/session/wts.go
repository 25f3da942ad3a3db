package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

// desk is what Remote Desktop Services say of one session, which are those at
// the machine too (WTSEnumerateSessions, WTSQuerySessionInformation).
type desk struct {
	ID           uint32
	State        uint32 // WTS_CONNECTSTATE_CLASS
	Domain, User string
	Client       string
	Remote       bool
	Address      []byte // WTS_CLIENT_ADDRESS
	Info         []byte // WTSINFOW
}

// desks makes sessions of those somebody is signed in to. machine is the
// host's own name: its accounts stand without a domain. console is the session
// that screen and keyboard have.
func desks(list []desk, machine string, console uint32) []seated {
	var out []seated
	for _, d := range list {
		if d.User == "" || len(out) == maxSessions {
			continue
		}
		s := seated{Session: inventory.Session{UserName: d.User, SessionID: strconv.FormatUint(uint64(d.ID), 10), Kind: "console", State: "unknown", Client: d.Client}}
		if d.Domain != "" && !strings.EqualFold(d.Domain, machine) {
			s.UserName = d.Domain + `\` + d.User
		}
		if d.Remote {
			s.Kind = "remote_desktop"
			s.Remote = clientAddress(d.Address)
		}
		switch d.State {
		case 0: // WTSActive
			s.State = "active"
		case 4: // WTSDisconnected: another has the screen, or it went away
			s.State = "disconnected"
		}
		if i, ok := parseInfo(d.Info); ok {
			s.StartedAt = i.Logon.Truncate(time.Second)
			if idle := i.Now.Sub(i.LastInput); !i.LastInput.IsZero() && idle >= 0 {
				s.IdleSecs = new(int64(idle / time.Second))
				if s.State == "active" && idle > 15*time.Minute {
					s.State = "idle"
				}
			}
		}
		s.console = d.ID == console && d.State == 0
		out = append(out, s)
	}
	return out
}

// info is WTSINFOW as far as it is kept.
type info struct{ LastInput, Logon, Now time.Time }

// parseInfo reads WTSINFOW (wtsapi32.h): after state, counters and names stand
// five times, the last three of which are kept.
func parseInfo(b []byte) (info, bool) {
	const lastInput, size = 192, 216
	if len(b) < size {
		return info{}, false
	}
	at := func(off int) time.Time { return host.FileTime(binary.LittleEndian.Uint64(b[off:])) }
	return info{at(lastInput), at(lastInput + 8), at(lastInput + 16)}, true
}

// clientAddress reads WTS_CLIENT_ADDRESS: family, then twenty bytes, of which
// an IPv4 address is the third to the sixth.
func clientAddress(b []byte) string {
	const ipv4, ipv6 = 2, 23 // AF_INET, AF_INET6
	if len(b) < 24 {
		return ""
	}
	var a netip.Addr
	switch binary.LittleEndian.Uint32(b) {
	case ipv4:
		a, _ = netip.AddrFromSlice(b[6:10])
	case ipv6:
		a, _ = netip.AddrFromSlice(b[4:20])
	}
	if !a.IsValid() || a.IsUnspecified() {
		return ""
	}
	return a.String()
}

// wideText is UTF-16 up to a NUL, of at most 256 signs.
func wideText(b []byte) string {
	var units []uint16
	for ; len(b) > 1 && len(units) < 256; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// logonOf says who is and was signed in: by the sessions, and by what the
// sign-in screen remembers. Whose machine it is in practice would be told by
// the security log.
func logonOf(h *host.Host, list []seated) (gather.Reading, error) {
	var r inventory.Logon
	asked := []string{"wts"}
	var faults []string
	for _, s := range list {
		if s.console {
			r.CurrentUser = s.UserName
		}
		if s.StartedAt.After(r.LastLogonAt) {
			r.LastLogonAt, r.LastUser = s.StartedAt, s.UserName
		}
	}
	k, err := h.Key(host.View64, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Authentication\LogonUI`, "LastLoggedOnUser", "LastLoggedOnSAMUser")
	switch {
	case err == nil:
		asked = append(asked, "registry")
		name := k.Text("LastLoggedOnSAMUser")
		if name == "" {
			name = k.Text("LastLoggedOnUser")
		}
		if r.LastUser == "" && len(name) < 256 {
			r.LastUser = strings.TrimPrefix(name, `.\`)
		}
	case !missing(err):
		faults = append(faults, fmt.Sprintf("who signed in last: %v", err))
	}
	reading, err := gather.Rows([]inventory.Logon{r}, asked...)
	reading.Faults = faults
	return reading, err
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
