package netio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"unicode/utf16"

	"github.com/shirou/gopsutil/v3/net"

	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	s[fmt.Sprintf("%s.%s%v", m, f, labels)] = v
}

func card(name string, flags byte, state uint32, octets uint64) []byte {
	b := make([]byte, cardRow)
	le := binary.LittleEndian
	for i, u := range utf16.Encode([]rune(name)) {
		le.PutUint16(b[cardAlias+2*i:], u)
	}
	b[cardFlags] = flags
	le.PutUint32(b[cardState:], state)
	for i := range uint64(5) {
		le.PutUint64(b[cardIn+8*int(i):], octets+i)
		le.PutUint64(b[cardOut+8*int(i):], octets+10+i)
	}
	return b
}

func TestWindows(t *testing.T) {
	table := binary.LittleEndian.AppendUint64(nil, 4)
	for _, c := range [][]byte{card("Ethernet", hardware|4, stateUp, 1<<40), card("Ethernet-Filter", hardware|filter, stateUp, 1), card("WLAN", hardware, 2, 1), card("Loopback", 0, stateUp, 1)} {
		table = append(table, c...)
	}
	h := &host.Host{Native: func(host.Native) ([]byte, error) { return table, nil }}
	s := &Sampler{Counters: func(context.Context, bool) ([]net.IOCountersStat, error) { return nil, errors.New("gopsutil is asked") }}
	got := sink{}
	if err := s.Sample(t.Context(), h, got); err != nil {
		t.Fatal(err)
	}
	const n = 1 << 40
	for field, want := range map[string]float64{"bytes_recv": n, "packets_recv": 2*n + 3, "drop_in": n + 3, "err_in": n + 4, "bytes_sent": n + 10, "packets_sent": 2*n + 23, "drop_out": n + 13, "err_out": n + 14} {
		if v, ok := got["net."+field+"[interface Ethernet]"]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", field, v, ok, want)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d numbers, want those of one card: %v", len(got), got)
	}
	if err := s.Sample(t.Context(), &host.Host{}, sink{}); err == nil {
		t.Error("without Windows gopsutil is not asked")
	}
}

func FuzzCards(f *testing.F) {
	f.Add(append(binary.LittleEndian.AppendUint64(nil, 1), card("Ethernet", 1, 1, 7)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l := parseCards(b); len(l) > len(b)/cardRow {
			t.Errorf("%d cards of %d bytes", len(l), len(b))
		}
	})
}
