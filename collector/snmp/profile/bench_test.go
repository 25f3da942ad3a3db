package profile

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"muster/collector/snmp/session"
)

// BenchmarkRound is a round of a switch with 52 ports at which nothing changed
// but counters: what a profile costs besides asking.
func BenchmarkRound(b *testing.B) {
	var w strings.Builder
	w.WriteString("1.3.6.1.2.1.1.1.0 s Acme\n1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999\n1.3.6.1.2.1.1.3.0 t 1000000\n1.3.6.1.2.1.17.1.4.1.1.1 i 1\n1.3.6.1.2.1.17.1.4.1.2.1 i 1\n")
	for i := range 52 {
		for _, c := range []string{"3 i 6", "4 i 1500", "5 g 1000000000", "7 i 1", "8 i 1", "9 t 500", "13 c 1", "14 c 2", "19 c 3", "20 c 4"} {
			c, v, _ := strings.Cut(c, " ")
			fmt.Fprintf(&w, "1.3.6.1.2.1.2.2.1.%s.%d %s\n", c, i+1, v)
		}
		fmt.Fprintf(&w, "1.3.6.1.2.1.2.2.1.2.%d s GigabitEthernet1/0/%d\n1.3.6.1.2.1.31.1.1.1.1.%d s Gi1/0/%d\n1.3.6.1.2.1.31.1.1.1.15.%d g 1000\n", i+1, i+1, i+1, i+1, i+1)
		for c := 6; c <= 13; c++ {
			fmt.Fprintf(&w, "1.3.6.1.2.1.31.1.1.1.%d.%d C 123456789\n", c, i+1)
		}
	}
	walk, err := parseWalk([]byte(w.String()))
	if err != nil {
		b.Fatal(err)
	}
	s, err := Load(Own(), "")
	if err != nil {
		b.Fatal(err)
	}
	s.Now = moment
	a := &replayed{walked: walk}
	d, err := s.Identify(context.Background(), a, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.Read(context.Background(), a, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := d.Read(context.Background(), a, []string{paceFast})
		if err != nil || len(r.Values) < 52*16 {
			b.Fatal(err, len(r.Values))
		}
	}
}

// replayed remembers answers, so that the asker costs nothing.
type replayed struct {
	*walked
	tables map[string]session.Table
}

func (r *replayed) Table(ctx context.Context, columns []string, l session.Limits) (session.Table, error) {
	k := strings.Join(columns, " ")
	if t, ok := r.tables[k]; ok {
		return t, nil
	}
	t, err := r.walked.Table(ctx, columns, l)
	if r.tables == nil {
		r.tables = map[string]session.Table{}
	}
	r.tables[k] = t
	return t, err
}
