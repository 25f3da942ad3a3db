package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/report"
)

func TestReadAnswer(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"two pieces": {`{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"a":"b"},"columns":["time","v"],"values":[[1,2.5],[2,null],[3,true]],"partial":true}],"partial":true}]}
{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[["x",-1e3]]}]}]}`,
			"m a=b 1,2.5 2,- 3,1; m x,-1000;"},
		"nothing":        {`{"results":[{"statement_id":0}]}`, ""},
		"refused":        {`{"error":"error parsing query"}`, "InfluxDB said: error parsing query"},
		"a refused part": {`{"results":[{"error":"database not found: x"}]}`, "InfluxDB said: database not found: x"},
		"empty":          {``, "cannot be read: it is empty"},
		"broken off":     {`{"results":[{"series":[{"na`, "cannot be read: unexpected EOF"},
		"a page":         {`<html>`, "cannot be read: invalid character '<'"},
		"no number":      {`{"results":[{"series":[{"values":[[1e999]]}]}]}`, "number in an answer"},
	} {
		var got strings.Builder
		err := readAnswer(strings.NewReader(c.text), func(r *row) error {
			got.WriteString(r.Name)
			for k, v := range r.Tags {
				fmt.Fprintf(&got, " %s=%s", k, v)
			}
			for _, v := range r.Values {
				for i, x := range v {
					sep := ","
					if i == 0 {
						sep = " "
					}
					switch {
					case x.text != "":
						got.WriteString(sep + x.text)
					case x.ok:
						fmt.Fprintf(&got, "%s%g", sep, x.number)
					default:
						got.WriteString(sep + "-")
					}
				}
			}
			got.WriteString("; ")
			return nil
		})
		text := strings.TrimSpace(got.String())
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, c.want) || c.want == "" && text != "" {
			t.Errorf("%s: got %q, want %q", name, text, c.want)
		}
	}
	// A text and a row without end are not read to it.
	for _, begin := range []string{`{"error":"`, `{"results":[{"series":[{"values":[[`, `{"results":[{"series":[{"values":[[1`} {
		for _, rest := range []string{"0", "1],[", `","`} {
			endless := io.MultiReader(strings.NewReader(begin), &again{text: rest})
			if err := readPieces(endless, 2<<20, false, func(*row) error { return nil }); !errors.Is(err, errAnswer) || !strings.Contains(err.Error(), "too large") && !strings.Contains(err.Error(), "invalid character") {
				t.Errorf("%s%s without end: %v", begin, rest, err)
			}
		}
	}
	if err := readPieces(io.MultiReader(strings.NewReader(`{"results":[{"series":[{"values":[[1`), &again{text: "],[1"}), 2<<20, false, func(*row) error { return nil }); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a row without end: %v", err)
	}
	if err := readPieces(strings.NewReader(`{"x":`+strings.Repeat("[", 1000)), 2<<20, false, func(*row) error { return nil }); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("an answer without a floor: %v", err)
	}
}

// TestReadNumbers: numbers are those that JSON means.
func TestReadNumbers(t *testing.T) {
	for _, text := range []string{"0", "7", "123456789012345", "9007199254740993", "1767225600000", "-1", "0.1", "1e-7", "-2.2250738585072014e-308", "1.7976931348623157e308", "12345678901234567890"} {
		var got []float64
		if err := readAnswer(strings.NewReader(`{"results":[{"series":[{"values":[[`+text+`,`+text+`]]}]}]}`), func(r *row) error {
			for _, v := range r.Values[0] {
				got = append(got, v.number)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var want float64
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	// Of what was asked for whole, a part is none.
	part := `{"results":[{"series":[{"name":"m","values":[[1,2]],"partial":true}],"partial":true}]}`
	if err := readPieces(strings.NewReader(part), mostPiece, true, func(*row) error { return nil }); !errors.Is(err, errPartial) {
		t.Errorf("a part of an answer: %v", err)
	}
	// Texts are, too.
	var name string
	if err := readAnswer(strings.NewReader(`{"results":[{"series":[{"name":"a\"\\\u00e4\n\/ \ud83d\ude00"}]}]}`), func(r *row) error { name = r.Name; return nil }); err != nil || name != "a\"\\ä\n/ 😀" {
		t.Errorf("%q, %v", name, err)
	}
}

type again struct {
	text string
	at   int
}

func (x *again) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = x.text[x.at%len(x.text)]
		x.at++
	}
	return len(b), nil
}

// FuzzReadAnswer: no answer makes it panic, or hands on a row of an answer that
// is not one.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"results":[{"series":[{"name":"m","tags":{"a":"b"},"columns":["time","v"],"values":[[1,2.5],[2,null]]}]}]}`))
	f.Add([]byte(`{"error":"x"}{"results":null}`))
	f.Add([]byte(`{"results":[{"series":[{"values":[[]]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := gathering{q: store.SeriesQuery{Measurement: "mem", Field: "used_percent", From: time.UnixMilli(0), To: time.UnixMilli(10), Step: time.Millisecond}, limit: 10, form: hours}
		for _, g.form = range []form{points, steps, hours} {
			g.steps = store.NewSteps(g.q)
			if err := readAnswer(strings.NewReader(string(b)), g.row); err == nil {
				if _, err := g.done(); err != nil && !errors.Is(err, store.ErrLimit) {
					t.Error(err)
				}
			}
		}
		fields := figures{measurement: "mem", hours: nil, send: func(string) error { return nil }}
		if readAnswer(strings.NewReader(string(b)), fields.row) == nil {
			_ = fields.close()
		}
	})
}

// FuzzLine: whatever a label and a host hold, a point is the lines it should
// be, each with a time and nothing of one in another.
func FuzzLine(f *testing.F) {
	f.Add("/", "pc-1", 1.5)
	f.Add(`C:\`, "a b,c=d", -1e300)
	f.Add("x\n y", `q"\`, 0.0)
	f.Fuzz(func(t *testing.T, label, host string, v float64) {
		l := report.Layout{{Measurement: "disk", Field: "free", Labels: []report.Label{{Key: "path", Value: label}}}, {Measurement: "mem", Field: "used_percent"}}
		id, name := who("device-1", host)
		b, lines, values := newPlan(l).add(nil, id, name, &store.Point{At: 7, Values: []float64{v, v}})
		if !store.Usable(v) {
			if len(b)+lines+values != 0 {
				t.Errorf("%g is written: %q", v, b)
			}
			return
		}
		text := string(b)
		if lines != 2 || values != 2 || strings.Count(text, "\n") != 2 || strings.Count(text, " 7\n") != 2 || !strings.HasPrefix(text, "disk,device_id=device-1") {
			t.Fatalf("%q", text)
		}
		for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if got := spaces(line); got != 2 {
				t.Errorf("%d spaces part %q, want 2", got, line)
			}
		}
	})
}

// spaces counts those that no backslash stands before.
func spaces(line string) (n int) {
	for i := range len(line) {
		if line[i] == ' ' && (i == 0 || line[i-1] != '\\') {
			n++
		}
	}
	return n
}

// TestSorted: what an answer means for the caller.
func TestSorted(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   error
		words  string
	}{
		{401, `{"code":"unauthorized","message":"unauthorized access"}`, store.ErrConfiguration, "influx.secret_file"},
		{403, `{"error":"\"u\" user is not authorized to write"}`, store.ErrConfiguration, "read and write"},
		{404, `{"error":"database not found: \"x\""}`, store.ErrConfiguration, "make it"},
		{400, `{"error":"partial write: field type conflict: input field \"a\""}`, store.ErrConfiguration, "another type"},
		{422, `{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict"}`, store.ErrConfiguration, "another type"},
		{400, `{"error":"partial write of line protocol occurred","data":[{"error_message":"invalid column type for column 'free', expected iox::column_type::field::float, got iox::column_type::field::integer: conflict"}]}`, store.ErrConfiguration, "another type"},
		{400, `{"error":"partial write: max-series-per-database limit exceeded"}`, store.ErrConfiguration, "max-series-per-database = 0"},
		{400, `{"error":"unable to parse 'x': missing fields"}`, store.ErrPoison, "missing fields"},
		{429, ``, store.ErrUnavailable, "429"},
		{503, `<html>busy</html>`, store.ErrUnavailable, "busy"},
		{500, `{"error":"engine: cache-max-memory-size exceeded"}`, store.ErrUnavailable, "cache-max-memory-size"},
		{301, ``, store.ErrConfiguration, "does not answer like InfluxDB"},
		{418, "tea\x00\x1b[31m", store.ErrConfiguration, "418"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		s, err := New(Options{URL: srv.URL, Database: "m"})
		if err != nil {
			t.Fatal(err)
		}
		err = s.send(t.Context(), s.client.WriteAPIBlocking("", "m"), "x y=1 1")
		wants(t, err, c.kind, c.words)
		if strings.ContainsAny(err.Error(), "\x00\x1b\n") {
			t.Errorf("%d: %q is not for people's eyes", c.status, err)
		}
		var u *store.Unavailable
		if c.kind == store.ErrUnavailable && (!errors.As(err, &u) || u.After != 7*time.Second) {
			t.Errorf("%d: %v does not say when", c.status, err)
		}
		srv.Close()
		_ = s.Close()
	}
	if err := sorted(t.Context(), &influxhttp.Error{StatusCode: 400, Message: "partial write: points beyond retention policy dropped=12"}); dropped(err.Error()) != 12 {
		t.Errorf("points beyond retention: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sorted(ended, &influxhttp.Error{StatusCode: 500}); !errors.Is(err, context.Canceled) {
		t.Errorf("of a caller who left: %v", err)
	}
}

// TestRequestsAreBounded: points go in requests of bounded size, and what a
// server finds too large goes by halves.
func TestRequestsAreBounded(t *testing.T) {
	l := report.Layout{{Measurement: "mem", Field: "used_percent"}, {Measurement: "disk", Field: "free", Labels: []report.Label{{Key: "path", Value: strings.Repeat("p", 300)}}}}
	p := newPlan(l)
	for _, limit := range []int{1 << 30, 100_000, 700} {
		var sizes []int
		lines := 0
		r := request{send: func(text string) error {
			if len(text) > limit {
				return errTooLarge
			}
			sizes = append(sizes, len(text))
			lines += strings.Count(text, "\n") + 1
			return nil
		}}
		const n = 12_000
		for i := range n {
			if err := r.point(p, "d", "", &store.Point{At: storetest.Now().UnixMilli() + int64(i), Values: []float64{1, 2}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.flush(); err != nil {
			t.Fatal(err)
		}
		if lines != 2*n || r.samples != 2*n {
			t.Errorf("limit %d: %d lines and %d samples, want %d", limit, lines, r.samples, 2*n)
		}
		for _, s := range sizes {
			if s > min(limit, mostBytes+1000) {
				t.Errorf("limit %d: a request of %d bytes", limit, s)
			}
		}
	}
	r := request{send: func(string) error { return errTooLarge }}
	_ = r.point(p, "d", "", &store.Point{At: 1, Values: []float64{1, 2}})
	wants(t, r.flush(), store.ErrPoison, "too large")
}
