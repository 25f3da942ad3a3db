package sensor

import (
	"errors"
	"testing"

	"muster/agent/gather/pdh"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	values := [][]pdh.Value{{{Instance: `\_TZ.TZ00`, Value: 3011.5}, {Instance: `\_TZ.THRM`, Value: 2731.5}, {Instance: "_Total", Value: 3011}}, {{Instance: `\_TZ.TZ00`, Value: 301}}}
	read := func() ([][]pdh.Value, error) { return values, nil }
	r := &Reader{zones: read}
	got, err := r.Read(t.Context(), &host.Host{})
	recorded.Golden(t, recorded.Unpack(t), "sensor", "windows.zones", got, err)
	s, to := &Sampler{zones: read}, sink{}
	if err := s.Sample(t.Context(), &host.Host{}, to); err != nil || len(to) != 1 {
		t.Errorf("%v %v", to, err)
	}
	values = [][]pdh.Value{nil, {{Instance: "A", Value: 300}}} // before Windows 10
	if l, err := readZones(read); err != nil || len(l) != 1 || l[0].celsius != 26.9 {
		t.Errorf("%+v %v", l, err)
	}
	no := errors.New("no")
	if _, err := (&Reader{zones: func() ([][]pdh.Value, error) { return nil, no }}).Read(t.Context(), &host.Host{}); !errors.Is(err, no) {
		t.Error(err)
	}
}
