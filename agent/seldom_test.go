package agent

import (
	"bytes"
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/report"
)

// Numbers that a process of its own reads never hold a sampling up, come once
// a day, and after a failure are asked for again before that.
func TestRareNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		fail := false
		r := newRare(gather.Seldom{Name: "reliability", Every: 24 * time.Hour}, &child{}, time.Now)
		r.ask = func(context.Context, string) (figures, error) {
			asked++
			time.Sleep(20 * time.Second)
			if fail {
				return nil, errors.New("WMI is broken")
			}
			return figures{{Measurement: "reliability", Field: "stability_index", Value: 6.5}}, nil
		}
		var put figures
		faults := 0
		for range 3 * 24 * 60 { // three days of a sampling each minute
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			begun := time.Now()
			if r.Sample(ctx, nil, &put) != nil {
				faults++
			}
			if time.Since(begun) != 0 {
				t.Fatal("the sampling waited")
			}
			cancel()
			time.Sleep(time.Minute)
		}
		if asked != 3 || len(put) != 3 || faults != 0 {
			t.Errorf("asked %d times in three days, %d numbers, %d faults", asked, len(put), faults)
		}
		fail = true
		for range 24 * 60 {
			if r.Sample(t.Context(), nil, &put) != nil {
				faults++
			}
			time.Sleep(time.Minute)
		}
		if faults < 3 || faults > 4 || len(put) != 3 {
			t.Errorf("%d tries in a day of failures, %d numbers", faults, len(put))
		}
		time.Sleep(time.Minute)
	})
}

func TestNumbersOfAProcess(t *testing.T) {
	list := []gather.Seldom{
		{Name: "reliability", Read: func(_ context.Context, _ *host.Host, to gather.Sink) error {
			to.Put("reliability", "stability_index", 7)
			to.Put("reliability", "stability_index", math.NaN())
			return nil
		}},
		{Name: "none", Read: func(context.Context, *host.Host, gather.Sink) error { return errors.ErrUnsupported }},
		{Name: "broken", Read: func(context.Context, *host.Host, gather.Sink) error { return errors.New("broken") }},
	}
	var out bytes.Buffer
	if err := numbers(t.Context(), &out, list, "reliability", false, Bounds{}); err != nil || strings.TrimSpace(out.String()) != `{"measurement":"reliability","field":"stability_index","value":7}` {
		t.Errorf("%s %v", &out, err)
	}
	b, err := report.Marshal(figures{{"reliability", "stability_index", 7, nil}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := openedNumbers("reliability", b)
	if err != nil || !reflect.DeepEqual(got, figures{{"reliability", "stability_index", 7, nil}}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := openedNumbers("cpu", b); err == nil {
		t.Error("numbers of another measurement were taken")
	}
	if err := numbers(t.Context(), &out, list, "broken", false, Bounds{}); err == nil {
		t.Error("a failure is none")
	}
	if err := numbers(t.Context(), &out, list, "none", false, Bounds{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := numbers(t.Context(), &out, list, "cpu", false, Bounds{}); err == nil {
		t.Error("numbers that are not in the list were read")
	}
}

func FuzzOpenedNumbers(f *testing.F) {
	b, err := report.Marshal(figures{{"reliability", "stability_index", 7, []string{"a", "b"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0x9f})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := openedNumbers("reliability", b)
		for _, x := range got {
			if err != nil || x.Measurement != "reliability" || len(x.Labels)%2 != 0 {
				t.Errorf("%v %v", got, err)
			}
		}
	})
}
