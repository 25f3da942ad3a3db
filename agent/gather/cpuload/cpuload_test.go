package cpuload

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"

	"muster/agent/gather"
	"muster/agent/gather/pdh"
	"muster/agent/host"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	s[fmt.Sprintf("%s_%s{%s}", m, f, strings.Join(labels, ","))] = v
}

func TestShares(t *testing.T) {
	readings := []cpu.TimesStat{
		{User: 100, System: 50, Idle: 850, Guest: 10},
		{User: 130, System: 60, Idle: 900, Iowait: 10, Guest: 20}, // 100 s later: 20 own user, 10 guest, 10 system, 50 idle, 10 waiting
		{User: 130, System: 60, Idle: 900, Iowait: 10, Guest: 20}, // no tick
		{User: 1, System: 1, Idle: 8},                             // counters began anew
	}
	n := 0
	s := New(func() gather.Wishes { return gather.Wishes{} })
	s.Times = func(context.Context, bool) ([]cpu.TimesStat, error) {
		n++
		return []cpu.TimesStat{readings[n-1]}, nil
	}
	read := func() sink {
		got := sink{}
		if err := s.Sample(t.Context(), nil, got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(); len(got) != 0 {
		t.Errorf("the first reading has nothing to compare with, but put %v", got)
	}
	got := read()
	for name, want := range map[string]float64{"usage_user": 20, "usage_system": 10, "usage_idle": 50, "usage_iowait": 10} {
		if v := got["cpu_"+name+"{cpu,cpu-total}"]; math.Abs(v-want) > 1e-9 {
			t.Errorf("%s = %v, want %v", name, v, want)
		}
	}
	if got := read(); len(got) != 0 {
		t.Errorf("without a tick there is no share, but %v was put", got)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("after counters began anew %v was put", got)
	}
}

func TestPerCore(t *testing.T) {
	at := 0.0
	s := New(func() gather.Wishes { return gather.Wishes{PerCore: true} })
	s.Times = func(_ context.Context, each bool) ([]cpu.TimesStat, error) {
		at++
		if each {
			return []cpu.TimesStat{{CPU: "cpu0", Idle: at}, {CPU: "cpu1", User: at}}, nil
		}
		return []cpu.TimesStat{{CPU: "cpu", Idle: at}}, nil
	}
	got := sink{}
	for range 2 {
		if err := s.Sample(t.Context(), nil, got); err != nil {
			t.Fatal(err)
		}
	}
	if got["cpu_usage_idle{cpu,cpu0}"] != 100 || got["cpu_usage_user{cpu,cpu1}"] != 100 || got["cpu_usage_idle{cpu,cpu-total}"] != 100 {
		t.Errorf("got %v", got)
	}
}

// Windows counts the work done and how far it holds the processors back; both
// are told as they are, and a sleep is no time of being held back.
func TestWindows(t *testing.T) {
	now, values := time.Hour, [][]pdh.Value{nil, nil}
	s := New(func() gather.Wishes { return gather.Wishes{} })
	s.Times = func(context.Context, bool) ([]cpu.TimesStat, error) { return []cpu.TimesStat{{Idle: 1}}, nil }
	s.Counters = func() ([][]pdh.Value, error) { return values, nil }
	h := &host.Host{Mono: func() (time.Duration, error) { return now, nil }}
	read := func() sink {
		got := sink{}
		if err := s.Sample(t.Context(), h, got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(); len(got) != 0 {
		t.Errorf("one look is no change, but %v was put", got)
	}
	one := func(v float64) []pdh.Value { return []pdh.Value{{Instance: "_Total", Value: v}} }
	for _, step := range []struct {
		passed        time.Duration
		utility, most float64
		held          float64
	}{{time.Minute, 118.5, 100, 0}, {time.Minute, 40, 70, 60}, {9 * time.Hour, 30, 70, 60}, {time.Minute, 30, 100, 60}, {time.Minute, 30, 60, 120}} {
		now += step.passed
		values = [][]pdh.Value{one(step.utility), one(step.most)}
		got := read()
		if got["cpu_utility_percent{cpu,cpu-total}"] != step.utility || got["throttle_limit_percent{}"] != step.most || got["throttle_active_seconds{}"] != step.held {
			t.Errorf("%+v: %v", step, got)
		}
	}
}
