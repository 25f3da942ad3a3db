package pressure

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/internal/metric"
)

type sink map[string]float64

func (s sink) Put(m, f string, v float64, labels ...string) {
	if _, _, ok := metric.Lookup(m, f); !ok {
		panic(m + "." + f)
	}
	s[fmt.Sprint(m, ".", f, labels)] = v
}

func wished() *Sampler {
	return &Sampler{Wishes: func() gather.Wishes { return gather.Wishes{Pressure: true} }}
}

func TestSample(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- /proc/pressure/cpu --
some avg10=1.50 avg60=0.75 avg300=0.10 total=12345
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
-- /proc/pressure/memory --
some avg10=0.00 avg60=0.00 avg300=0.00 total=7
full avg10=0.00 avg60=0.00 avg300=0.00 total=6
`))
	got := sink{}
	if err := wished().Sample(context.Background(), h, got); err != nil {
		t.Fatal(err)
	}
	want := sink{
		"pressure.avg10[resource cpu type some]": 1.5, "pressure.avg60[resource cpu type some]": 0.75, "pressure.avg300[resource cpu type some]": 0.1, "pressure.total[resource cpu type some]": 12345,
		"pressure.avg10[resource memory type some]": 0, "pressure.avg60[resource memory type some]": 0, "pressure.avg300[resource memory type some]": 0, "pressure.total[resource memory type some]": 7,
		"pressure.avg10[resource memory type full]": 0, "pressure.avg60[resource memory type full]": 0, "pressure.avg300[resource memory type full]": 0, "pressure.total[resource memory type full]": 6,
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if err := wished().Sample(context.Background(), recorded.Unpack(t), sink{}); err != nil {
		t.Errorf("a kernel without it: %v", err)
	}
	got = sink{}
	if err := (&Sampler{Wishes: func() gather.Wishes { return gather.Wishes{} }}).Sample(context.Background(), h, got); err != nil || len(got) > 0 {
		t.Errorf("nobody asked for it: %v %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("some avg10=1.50 avg60=0.75 avg300=0.10 total=12345\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := sink{}
		parse(text, "io", s)
		for k, v := range s {
			if v < 0 {
				t.Error(k, v)
			}
		}
	})
}
