package poll

import (
	"fmt"
	"testing"

	"muster/internal/report"
)

func TestALongLayoutIsSplit(t *testing.T) {
	var l report.Layout
	var v []float64
	for i := range 2*mostSeries + 7 {
		l = append(l, report.Series{Measurement: "interface", Field: "ifInErrors", Labels: []report.Label{{Key: "ifName", Value: fmt.Sprint(i)}}})
		v = append(v, float64(i))
	}
	var o outbound
	out, layouts := o.samples(l, v, 5)
	if len(out) != 3 || len(layouts) != 3 {
		t.Fatalf("%d samples, %d layouts", len(out), len(layouts))
	}
	n := 0
	for i, s := range out {
		if s.Layout != layouts[i].layout.Hash() || len(s.Values) != len(layouts[i].layout) || len(s.Values) > report.MaxSeries || s.At != 5 {
			t.Errorf("part %d: %d values, %d names", i, len(s.Values), len(layouts[i].layout))
		}
		for j, x := range s.Values {
			if layouts[i].layout[j].Labels[0].Value != fmt.Sprint(x) {
				t.Fatalf("value %v is named %v", x, layouts[i].layout[j])
			}
		}
		n += len(s.Values)
	}
	if n != len(l) {
		t.Errorf("%d of %d numbers", n, len(l))
	}
	if out, _ := o.samples(nil, nil, 0); out != nil {
		t.Errorf("nothing became %v", out)
	}
}
