package web

import (
	"encoding/json"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/api"
	"muster/collector/web/texts"
)

// healthChart is a chart that one can zoom: its numbers are data of the page.
type healthChart struct {
	ID, Now      string
	Title, Words texts.T
	Data         template.JS
	Names        []string
}

// wanted is a chart of the health of a device: its lines, each a number of the
// catalogue.
type wanted struct {
	id        string
	title     texts.T
	lines     []wantedLine
	low, high float64 // of the axis; NaN: as it comes
	limit     float64
}

type wantedLine struct {
	name, word, labels string
	most               bool // of several series the highest at each time
}

// healthCharts are the charts of a device, by its kind.
func healthCharts(kind string) []wanted {
	nan := math.NaN()
	if isGear(kind) {
		return []wanted{
			{"answer", "Time to answer", []wantedLine{{name: "ping_average_response_ms", word: "answer"}}, 0, nan, nan},
			{"cpu", "Processor", []wantedLine{{name: "processor_usage_percent", word: "busiest", most: true}}, 0, 100, nan},
			{"mem", "Memory in use", []wantedLine{{name: "memory_pool_used_percent", word: "fullest", most: true}}, 0, 100, nan},
			{"temp", "Temperature", []wantedLine{{name: "sensor_celsius", word: "warmest", most: true}}, nan, nan, nan},
		}
	}
	return []wanted{
		{"cpu", "Processor", []wantedLine{{name: "cpu_usage_active", word: "in use", labels: "cpu=cpu-total"}}, 0, 100, nan},
		{"mem", "Memory in use", []wantedLine{{name: "mem_used_percent", word: "in use"}}, 0, 100, nan},
		{"disk", "Fullest volume", []wantedLine{{name: "disk_used_percent", word: "in use", most: true}}, 0, 100, nan},
		{"temp", "Temperature", []wantedLine{{name: "smart_device_temp_c", word: "disk", most: true}, {name: "sensors_temp_input", word: "machine", most: true}}, nan, nan, nan},
	}
}

// charts asks for the numbers of a device. What cannot be had is left out, and
// said when that is all.
func (s *Site) charts(v *visit, id, over string) (out []healthChart, behind texts.T) {
	to := v.now
	from := to.Add(-rangeOf(over))
	step := max(rangeOf(over)/240, time.Minute).Truncate(time.Minute)
	d, err := v.api.DeviceShow(v.ctx(), api.DeviceShowInput{Ref: id, Sections: []string{"system"}})
	if err != nil {
		return nil, ""
	}
	list := healthCharts(d.Device.Kind)
	all := make([]*healthChart, len(list))
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, w := range list {
		wg.Go(func() { all[i], errs[i] = s.chartData(v, id, w, from, to, step) })
	}
	wg.Wait()
	for i, c := range all {
		if c != nil {
			out = append(out, *c)
		}
		if errs[i] != nil && behind == "" {
			behind = "Readings are missing right now. Inventory is fine."
			if p, ok := asProblem(errs[i]); ok && p.Status < 500 {
				behind = ""
			}
		}
	}
	return out, behind
}

// plotData is what the script draws: times, lines, what is written below.
type plotData struct {
	H      int          `json:"h"`
	X      []int64      `json:"x"`
	Series []plotSeries `json:"series"`
	Unit   string       `json:"unit,omitempty"`
	Scale  string       `json:"scale,omitempty"` // unit that gets K, M, G before it
	Dec    int          `json:"dec"`
	Range  []float64    `json:"range,omitempty"`
	XS     [][2]any     `json:"xs"`
	From   int64        `json:"from"`
	To     int64        `json:"to"`
	Sync   string       `json:"sync"`
}

type plotSeries struct {
	Name string     `json:"name"`
	Y    []*float64 `json:"y"`
}

func (s *Site) chartData(v *visit, id string, w wanted, from, to time.Time, step time.Duration) (*healthChart, error) {
	data := plotData{H: 132, Sync: "health", From: from.Unix(), To: to.Unix()}
	values := map[string]map[int64]float64{}
	times := map[int64]bool{}
	unit := ""
	for _, l := range w.lines {
		in := api.SeriesQueryInput{Name: l.name, Device: id, From: from.UTC().Format(time.RFC3339), To: to.UTC().Format(time.RFC3339), Step: step.String(), Limit: 100}
		if l.labels != "" {
			in.Labels = []string{l.labels}
		}
		a, err := s.series(v, in)
		if err != nil {
			return nil, err
		}
		if len(a.Series) == 0 {
			continue
		}
		unit = a.Unit
		at := map[int64]float64{}
		for _, ser := range a.Series {
			for _, pt := range ser.Points {
				t := pt.At.Unix()
				if old, ok := at[t]; !ok || pt.Value > old {
					at[t] = pt.Value
				}
				times[t] = true
			}
		}
		values[l.word] = at
	}
	if len(times) < 2 {
		return nil, nil
	}
	sec := int64(step.Seconds())
	drawn := map[string]track{}
	for word, at := range values {
		tr := trackOf(at, sec)
		drawn[word] = tr
		// Where a line breaks off, a time without a value breaks it.
		for i := 1; i < len(tr.times); i++ {
			if tr.times[i]-tr.times[i-1] > tr.gap {
				times[tr.times[i-1]+1] = true
			}
		}
	}
	data.X = slices.Sorted(maps.Keys(times))
	out := &healthChart{ID: "d-" + w.id, Title: w.title}
	var now []string
	for _, l := range w.lines {
		tr, ok := drawn[l.word]
		if !ok {
			continue
		}
		ps := plotSeries{Name: l.word}
		for _, t := range data.X {
			ps.Y = append(ps.Y, tr.value(t))
		}
		data.Series = append(data.Series, ps)
		out.Names = append(out.Names, l.word)
		when := tr.times[len(tr.times)-1]
		word := amount(tr.at[when], unit)
		if len(w.lines) > 1 {
			word = l.word + " " + word
		}
		if to.Unix()-when > tr.gap+600 {
			word += ", " + span(to.Sub(time.Unix(when, 0))) + " ago"
		}
		now = append(now, word)
	}
	out.Now = strings.Join(now, " · ")
	out.Words = texts.F("{1}: {2}, over the last {3}", w.title, out.Now, strings.TrimSpace(span(to.Sub(from))))
	data.Unit = map[string]string{"percent": " %", "celsius": " °C", "millisecond": " ms", "second": " s", "packet_per_second": "/s"}[unit]
	data.Scale = map[string]string{"byte_per_second": "B/s", "bit_per_second": "b/s"}[unit]
	if !math.IsNaN(w.low) && !math.IsNaN(w.high) {
		data.Range = []float64{w.low, w.high}
	}
	c := s.clock(v)
	for i := 1; i < 6; i++ {
		t := from.Add(to.Sub(from) * time.Duration(i) / 6)
		data.XS = append(data.XS, [2]any{t.Unix(), axisTime(t, to.Sub(from), c)})
	}
	b, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	out.Data = template.JS(b) // json.Marshal writes <, > and & as escapes: no tag can end it
	return out, nil
}

// track is one line: its values by times, and from which distance on between two
// of them it breaks off. How often a device reports is not told, but seen.
type track struct {
	times []int64
	at    map[int64]float64
	gap   int64
}

// trackOf takes three times the usual distance for a gap.
func trackOf(at map[int64]float64, step int64) track {
	tr := track{times: slices.Sorted(maps.Keys(at)), at: at}
	var apart []int64
	for i := 1; i < len(tr.times); i++ {
		apart = append(apart, tr.times[i]-tr.times[i-1])
	}
	slices.Sort(apart)
	tr.gap = 3 * step
	if len(apart) > 0 {
		tr.gap = 3 * max(step, apart[len(apart)/2])
	}
	return tr
}

// value is that of a time, to two places: as read, between two readings as the
// line goes, in a gap none.
func (tr track) value(t int64) *float64 {
	i, ok := slices.BinarySearch(tr.times, t)
	if ok {
		return new(math.Round(tr.at[t]*100) / 100)
	}
	if i == 0 || i == len(tr.times) || tr.times[i]-tr.times[i-1] > tr.gap {
		return nil
	}
	a, b := tr.times[i-1], tr.times[i]
	v := tr.at[a] + (tr.at[b]-tr.at[a])*float64(t-a)/float64(b-a)
	return new(math.Round(v*100) / 100)
}
