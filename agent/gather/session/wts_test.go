package session

import (
	"encoding/binary"
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// ticks is a time as Windows counts it.
func ticks(t time.Time) uint64 { return uint64(t.Unix()+11_644_473_600) * 1e7 }

func wtsInfo(input, logon, now time.Time) []byte {
	b := make([]byte, 216)
	for i, t := range []time.Time{input, logon, now} {
		binary.LittleEndian.PutUint64(b[192+8*i:], ticks(t))
	}
	return b
}

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		address := make([]byte, 24)
		address[0] = 2
		copy(address[6:], []byte{192, 0, 2, 7})
		list := desks([]desk{
			{ID: 0, State: 4}, // of services
			{ID: 1, State: 0, Domain: "OFFICE", User: "avery", Info: wtsInfo(noon.Add(-time.Hour), noon.Add(-3*time.Hour), noon)},
			{ID: 3, State: 4, Domain: "FIN-PC-0042", User: "repair", Info: wtsInfo(time.Time{}, noon.Add(-2*time.Hour), noon)},
			{ID: 5, State: 0, Domain: "OFFICE", User: "kim", Remote: true, Client: "KIM-HOME", Address: address, Info: []byte{1, 2}},
		}, "fin-pc-0042", 1)
		var rows []inventory.Session
		for _, s := range list {
			rows = append(rows, s.Session)
		}
		r, err := gather.Rows(rows, "wts")
		recorded.Golden(t, h, "session", "session.windows."+name, r, err)
		r, err = logonOf(h, list)
		recorded.Golden(t, h, "logon", "logon.windows."+name, r, err)
		r, err = logonOf(h, nil)
		recorded.Golden(t, h, "logon", "nobody.windows."+name, r, err)
	})
}

func FuzzDesk(f *testing.F) {
	f.Add(wtsInfo(noon, noon, noon), []byte{23, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, info, address []byte) {
		for _, s := range desks([]desk{{User: wideText(info), Remote: true, Address: address, Info: info}}, "", 0) {
			if s.IdleSecs != nil && *s.IdleSecs < 0 || len(s.UserName) > 1024 {
				t.Errorf("%+v", s)
			}
		}
	})
}
