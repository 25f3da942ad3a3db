package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"muster/internal/inventory"
)

// sampleReport is a minute's report of a PC: 40 numbers by reference.
func sampleReport(seq uint64) (Report, Layout) {
	rng := rand.New(rand.NewPCG(seq, 7))
	var l Layout
	s := Sample{}
	for i := range 40 {
		l = append(l, Series{Measurement: "diskio", Field: fmt.Sprintf("f%d", i), Labels: []Label{{Key: "name", Value: "sda"}}})
		switch i % 4 {
		case 0:
			s.Values = append(s.Values, float64(rng.Int64N(1<<40))) // a counter of bytes
		case 1:
			s.Values = append(s.Values, float64(rng.Int64N(1<<20)))
		case 2:
			s.Values = append(s.Values, math.Round(rng.Float64()*1000)/10) // a percentage
		default:
			s.Values = append(s.Values, 0)
		}
	}
	s.Layout = l.Hash()
	return Report{Seq: seq, Time: 1_790_000_000_000, Mono: 123456, Boot: [8]byte{1}, Machine: [8]byte{2},
		Root: inventory.Hash{3}, Samples: []Sample{s}}, l
}

func TestSizeOfSampleReport(t *testing.T) {
	r, _ := sampleReport(7)
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body, err := Pack(Envelope{Epoch: 1 << 60, Oldest: 7}, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 350 {
		t.Errorf("a body of 40 samples is %d bytes, at most 350 are wanted", len(body))
	}
	t.Logf("body of 40 samples: %d bytes", len(body))
}

func TestRoundTrip(t *testing.T) {
	r, l := sampleReport(9)
	r.Layouts = []Layout{l}
	r.Sections = []Section{{Name: "disk", Status: Partial, Reason: "sdb: input/output error", Sources: []string{"sysfs"}, At: 20, Took: 3,
		Columns: []string{"name", "size_bytes", "rotational", "raw"},
		Rows:    [][]any{{"sda", int64(1 << 40), true, []byte{0, 255}}, {"sdb", nil, nil, nil}}, Hash: inventory.Hash{9}}}
	r.Hashes = map[string]inventory.Hash{"disk": {9}}
	r.Events = []Event{{Kind: "boot", At: 5, Attributes: map[string]string{"reason": "x"}, Count: 2}}
	r.Gaps = []Gap{{From: 2, To: 5}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body, err := Pack(Envelope{Epoch: 5, Oldest: 3, Known: [8]byte{8}}, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(body, zstdMagic) {
		t.Error("a body above CompressAbove is not compressed")
	}
	e, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if e.Epoch != 5 || e.Oldest != 3 || e.Known != [8]byte{8} || len(e.Reports) != 1 {
		t.Fatalf("envelope came back as %+v", e)
	}
	back := e.Reports[0]
	if back.Body.IsZero() {
		t.Error("Decode did not set the body's hash")
	}
	again, err := back.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, again) {
		t.Errorf("re-encoding differs:\n%x\n%x", b, again)
	}
}

func TestValues(t *testing.T) {
	in := Values{0, 1, 23, 24, 255, 256, 65535, 65536, 1 << 32, 1 << 52, -1, -24, -25, -70000, 0.5, 0.1, 1e300, -2.25,
		math.MaxFloat64, math.SmallestNonzeroFloat64, float64(float32(0.1)), math.Inf(1), math.Inf(-1), math.NaN(), 1 << 60}
	b, err := in.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	var out Values
	if err := out.UnmarshalCBOR(b); err != nil {
		t.Fatal(err)
	}
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	if !slices.EqualFunc(in, out, same) {
		t.Errorf("values came back as\n%v, want\n%v", out, in)
	}
	// The hand-written form must be CBOR that a standard decoder reads alike.
	var std []float64
	if err := decMode().Unmarshal(b, &std); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(in, Values(std), same) {
		t.Errorf("a standard decoder reads\n%v, want\n%v", std, in)
	}
	for i := range b {
		if err := out.UnmarshalCBOR(b[:i]); err == nil {
			t.Errorf("values cut at byte %d were accepted", i)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := func(change func(*Report)) []byte {
		r, _ := sampleReport(1)
		if change != nil {
			change(&r)
		}
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	pack := func(e Envelope, reports ...[]byte) []byte {
		b, err := Pack(e, reports)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ok := Envelope{Epoch: 1}
	bomb := func(n int) []byte {
		w, _ := zstd.NewWriter(nil, zstd.WithWindowSize(window))
		return w.EncodeAll(make([]byte, n), nil)
	}
	wide, _ := zstd.NewWriter(nil, zstd.WithWindowSize(8<<20))
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"empty":            {nil, ErrMalformed},
		"garbage":          {[]byte("hello"), ErrMalformed},
		"cut":              {pack(ok, good(nil))[:60], ErrMalformed},
		"trailing":         {append(pack(ok, good(nil)), 0), ErrMalformed},
		"no epoch":         {pack(Envelope{}, good(nil)), ErrMalformed},
		"no reports":       {pack(ok), ErrMalformed},
		"same seq":         {pack(ok, good(nil), good(nil)), ErrMalformed},
		"status":           {pack(ok, good(func(r *Report) { r.Sections = []Section{{Name: "disk", Status: 9}} })), ErrMalformed},
		"section twice":    {pack(ok, good(func(r *Report) { r.Sections = []Section{{Name: "disk"}, {Name: "disk"}} })), ErrMalformed},
		"empty layout":     {pack(ok, good(func(r *Report) { r.Layouts = []Layout{{}} })), ErrMalformed},
		"gap backwards":    {pack(ok, good(func(r *Report) { r.Gaps = []Gap{{From: 5, To: 2}} })), ErrMalformed},
		"too many reports": {pack(ok, slices.Repeat([][]byte{good(nil)}, MaxReports+1)...), ErrTooLarge},
		"large":            {make([]byte, MaxBody+1), ErrTooLarge},
		"bomb":             {bomb(64 << 20), ErrTooLarge},
		"bomb in a bomb": {func() []byte {
			w, _ := zstd.NewWriter(nil, zstd.WithWindowSize(window))
			return w.EncodeAll(bomb(64<<20), nil)
		}(), ErrMalformed},
		"wide window":  {wide.EncodeAll(bytes.Repeat([]byte("abcdefgh"), 1<<20+1), nil), ErrTooLarge},
		"json version": {[]byte(`{"version":99}`), ErrVersion},
		"json deep":    {[]byte(`{"reports":` + strings.Repeat("[", 10_000)), ErrMalformed},
		"json no time": {[]byte(`{"version":1,"epoch":1,"reports":[{"seq":1}]}`), ErrMalformed},
		"json status":  {[]byte(`{"version":1,"epoch":1,"reports":[{"seq":1,"time":"2026-11-22T00:00:00Z","sections":{"disk":{"status":"fine"}}}]}`), ErrMalformed},
		"cbor version": {[]byte{0xa1, 0x01, 0x18, 0x63}, ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.body)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	type newer struct {
		Report
		Extra map[string]string `cbor:"77,keyasint"`
	}
	r, _ := sampleReport(3)
	b, err := encMode().Marshal(newer{r, map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := Pack(Envelope{Epoch: 2}, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(body); err != nil {
		t.Errorf("a newer agent's report was refused: %v", err)
	}
}

func TestJSONSaysTheSame(t *testing.T) {
	e, err := Decode([]byte(`{"version":1,"epoch":7,"reports":[{"seq":1,"time":"2026-11-22T10:00:00Z",
	 "sections":{"volume":{"rows":[{"mount":"/","size_bytes":100},{"mount":"/home"}]}},
	 "samples":[{"measurement":"mem","field":"used","labels":{"b":"2","a":"1"},"value":12.5}],
	 "events":[{"kind":"boot","time":"2026-11-22T09:59:00Z"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := e.Reports[0]
	if len(r.Sections) != 1 || len(r.Sections[0].Rows) != 2 || r.Sections[0].Status != OK {
		t.Errorf("sections: %+v", r.Sections)
	}
	if len(r.Samples) != 1 || r.Samples[0].Layout != r.Layouts[0].Hash() || r.Layouts[0][0].Labels[0].Key != "a" {
		t.Errorf("samples: %+v of %+v", r.Samples, r.Layouts)
	}
	if len(r.Events) != 1 || r.Events[0].At != 60_000 {
		t.Errorf("events: %+v", r.Events)
	}
	if r.Body.IsZero() {
		t.Error("a JSON report has no body hash, so a repeat could not be told from a conflict")
	}
}

func FuzzDecode(f *testing.F) {
	r, l := sampleReport(1)
	r.Layouts = []Layout{l}
	b, _ := r.Encode()
	body, _ := Pack(Envelope{Epoch: 1}, [][]byte{b})
	f.Add(body)
	plain, _ := Decompress(body, MaxBody)
	f.Add(plain)
	f.Add([]byte(`{"version":1,"epoch":7,"reports":[{"seq":1,"time":"2026-11-22T10:00:00Z","sections":{"disk":{"rows":[{"name":"a"}]}}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Decode(b)
		if err != nil {
			return
		}
		for i := range e.Reports {
			for _, s := range e.Reports[i].Sections {
				if sec, ok := inventory.Lookup(s.Name); ok {
					if tab, _, err := sec.Conform(s.Table()); err == nil {
						sec.HashTable(tab)
					}
				}
			}
		}
	})
}

func FuzzValues(f *testing.F) {
	b, _ := Values{1, -2, 0.5, 1e9, math.NaN()}.MarshalCBOR()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var v Values
		if v.UnmarshalCBOR(b) != nil {
			return
		}
		again, err := v.MarshalCBOR()
		if err != nil {
			t.Fatal(err)
		}
		var w Values
		if err := w.UnmarshalCBOR(again); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(v, w, func(a, b float64) bool { return a == b || a != a && b != b }) {
			t.Fatalf("%v became %v", v, w)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	r, _ := sampleReport(1)
	for b.Loop() {
		x, err := r.Encode()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Pack(Envelope{Epoch: 1}, [][]byte{x}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	r, _ := sampleReport(1)
	x, _ := r.Encode()
	body, _ := Pack(Envelope{Epoch: 1}, [][]byte{x})
	b.ReportMetric(float64(len(body)), "bytes")
	for b.Loop() {
		if _, err := Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
