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
	out, layouts := samples(l, v, 5)
	if len(out) != 3 || len(layouts) != 3 {
		t.Fatalf("%d samples, %d layouts", len(out), len(layouts))
	}
	n := 0
	for i, s := range out {
		if s.Layout != layouts[i].Hash() || len(s.Values) != len(layouts[i]) || len(s.Values) > report.MaxSeries || s.At != 5 {
			t.Errorf("part %d: %d values, %d names", i, len(s.Values), len(layouts[i]))
		}
		for j, x := range s.Values {
			if layouts[i][j].Labels[0].Value != fmt.Sprint(x) {
				t.Fatalf("value %v is named %v", x, layouts[i][j])
			}
		}
		n += len(s.Values)
	}
	if n != len(l) {
		t.Errorf("%d of %d numbers", n, len(l))
	}
	if out, _ := samples(nil, nil, 0); out != nil {
		t.Errorf("nothing became %v", out)
	}
}
