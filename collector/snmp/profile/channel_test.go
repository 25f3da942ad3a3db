package profile

import (
	"context"
	"fmt"
	"testing"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
)

func TestChannelsAndFrequenciesOfRadiosFollowFromEachOther(t *testing.T) {
	s, ok := inventory.Lookup("radio")
	if !ok {
		t.Fatal("there is no section radio")
	}
	for _, x := range []struct {
		band             any
		channel, hertz   any
		wantBand, wanted any
	}{
		{nil, int64(1), nil, "2.4", int64(2412e6)},
		{nil, int64(14), nil, "2.4", int64(2484e6)},
		{nil, int64(36), nil, "5", int64(5180e6)},
		{nil, int64(149), nil, "5", int64(5745e6)},
		{nil, int64(184), nil, "5", int64(4920e6)},
		{"6", int64(37), nil, "6", int64(6135e6)},
		{"6", int64(1), nil, "6", int64(5955e6)},
		{nil, int64(40), int64(5201e6), "5", int64(5201e6)}, // what the radio says counts
		{nil, nil, int64(5955e6), "6", int64(5955e6)},
		{nil, nil, int64(2437e6), "2.4", int64(2437e6)},
		{nil, int64(0), nil, nil, nil},   // switched off
		{nil, int64(233), nil, nil, nil}, // of no band that it could be told of
		{"60", int64(2), nil, "60", nil},
	} {
		row := newRow(s)
		row[s.Index("band")], row[s.Index("channel")], row[s.Index("frequency_hertz")] = x.band, x.channel, x.hertz
		derive(s, row)
		if b, f := row[s.Index("band")], row[s.Index("frequency_hertz")]; b != x.wantBand || f != x.wanted {
			t.Errorf("band %v, channel %v, frequency %v: got %v and %v, want %v and %v", x.band, x.channel, x.hertz, b, f, x.wantBand, x.wanted)
		}
	}
}

func TestMilliwattsBecomeDecibels(t *testing.T) {
	s := &scope{}
	for _, x := range []struct {
		value session.Value
		want  string
	}{
		{session.Value{Kind: session.Integer, N: 1}, "0"},
		{session.Value{Kind: session.Integer, N: 6310}, "38"},
		{session.Value{Kind: session.OctetString, B: []byte("0.5012")}, "-3"},
		{session.Value{Kind: session.OctetString, B: []byte("0.0010 mW")}, "-30"},
		{session.Value{Kind: session.Integer}, ""}, // no light has no level
		{session.Value{Kind: session.Integer, N: -4}, ""},
		{session.Value{Kind: session.OctetString, B: []byte("N/A")}, ""},
	} {
		d := s.read(context.Background(), x.value, "decibels")
		got := ""
		if f, ok := d.number(); ok {
			got = fmt.Sprintf("%.0f", f)
		}
		if got != x.want {
			t.Errorf("%v: got %q, want %q", x.value, got, x.want)
		}
	}
}
