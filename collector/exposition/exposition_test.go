package exposition

import (
	"bytes"
	"errors"
	"math"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The library that scrapers read with reads what was meant.
func TestScrapersReadIt(t *testing.T) {
	odd := "a \"quoted\" \\ back\nline \xff end"
	var b bytes.Buffer
	err := Write(&b, []Family{
		One(Gauge, "free_bytes", "What is free.\nSecond line \\ here.", 1.5e12),
		One(Gauge, "unknown", "Not known.", math.NaN()),
		{Name: "refused_total", Help: "By reason.", Kind: Counter, Samples: []Sample{
			{Labels: []Label{{"reason", odd}, {"route", "x"}}, Value: 3}, {Labels: []Label{{"reason", "b"}, {"route", ""}}, Value: 1e18}}},
		{Name: "commit_seconds", Help: "How long.", Kind: Histogram, Samples: []Sample{{Bounds: []float64{0.01, 0.1}, Counts: []int64{5, 2, 1}, Value: 4.25}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	got, err := p.TextToMetricFamilies(&b)
	if err != nil {
		t.Fatal(err)
	}
	if v := got["free_bytes"].GetMetric()[0].GetGauge().GetValue(); v != 1.5e12 || got["free_bytes"].GetHelp() != "What is free.\nSecond line \\ here." {
		t.Errorf("free_bytes %v, %q", v, got["free_bytes"].GetHelp())
	}
	if f := got["unknown"]; len(f.GetMetric()) != 0 {
		t.Errorf("what is not known is told: %v", f)
	}
	r := got["refused_total"]
	if r.GetType() != dto.MetricType_COUNTER || len(r.GetMetric()) != 2 || r.GetMetric()[1].GetCounter().GetValue() != 1e18 {
		t.Errorf("refused_total: %v", r)
	}
	if v := r.GetMetric()[0].GetLabel()[0].GetValue(); v != "a \"quoted\" \\ back\nline � end" {
		t.Errorf("label %q", v)
	}
	h := got["commit_seconds"].GetMetric()[0].GetHistogram()
	if h.GetSampleCount() != 8 || h.GetSampleSum() != 4.25 || len(h.GetBucket()) != 3 || h.GetBucket()[1].GetCumulativeCount() != 7 || h.GetBucket()[1].GetUpperBound() != 0.1 {
		t.Errorf("commit_seconds: %v", h)
	}
}

func TestWhatTheFormDoesNotHave(t *testing.T) {
	for name, list := range map[string][]Family{
		"name":        {One(Gauge, "2nd", "", 1)},
		"empty":       {One(Gauge, "", "", 1)},
		"twice":       {One(Gauge, "a", "", 1), One(Gauge, "a", "", 2)},
		"counter":     {One(Counter, "a", "", 1)},
		"gauge":       {One(Gauge, "a_total", "", 1)},
		"label":       {{Name: "a", Kind: Gauge, Samples: []Sample{{Labels: []Label{{"b-c", "x"}}}}}},
		"label colon": {{Name: "a", Kind: Gauge, Samples: []Sample{{Labels: []Label{{"b:c", "x"}}}}}},
		"histogram":   {{Name: "a", Kind: Histogram, Samples: []Sample{{Bounds: []float64{1}, Counts: []int64{1}}}}},
	} {
		if err := Write(&bytes.Buffer{}, list); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if err := Write(broken{}, []Family{One(Gauge, "a", "", 1)}); err == nil {
		t.Error("a writer's error is not told")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }
