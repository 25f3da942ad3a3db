//go:build linux

package e2e

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/agent/send"
	"muster/collector/api"
	"muster/internal/inventory"
	"muster/internal/report"
)

// member is a device of an oracle with a raw line to its collector.
func (o *office) member() (*Oracle, *Device, wire) {
	o.t.Helper()
	or := o.oracle(1, DefaultScript())
	d := or.Devices[0]
	return or, d, newWire(o.t, o.agents, clientTLS(o.t, d.Member.Identity()))
}

// same holds that the process that answers is the one that answered before.
func (o *office) since() func() {
	o.t.Helper()
	begin := func() time.Time {
		o.t.Helper()
		s, err := o.api().StatusShow(o.t.Context())
		if err != nil {
			o.t.Fatalf("the collector does not answer: %v\n%s", err, tail(o.out.String(), 20))
		}
		return s.StartedAt
	}
	before := begin()
	return func() {
		o.t.Helper()
		if now := begin(); !now.Equal(before) {
			o.t.Errorf("the collector was started anew: %s, before %s", now, before)
		}
		if strings.Contains(o.out.String(), "request crashed") || strings.Contains(o.out.String(), "goroutine ") {
			o.t.Errorf("a request crashed:\n%s", tail(o.out.String(), 40))
		}
	}
}

// zeros is a zstd frame (RFC 8878) of so many megabytes of zeros, in blocks
// that say «this byte, 128 KiB times»: some 32 bytes for a megabyte.
func zeros(megabytes int, windowLog byte) []byte {
	b := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, (windowLog - 10) << 3} // no size, no checksum; window 2^windowLog
	const size = 128 << 10
	for i := range megabytes * 8 {
		last := uint32(0)
		if i == megabytes*8-1 {
			last = 1
		}
		head := last | 1<<1 | size<<3 // RLE block
		b = append(b, byte(head), byte(head>>8), byte(head>>16), 0)
	}
	return b
}

// raw is a zstd frame that holds bytes as they are.
func raw(inner []byte) []byte {
	b := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 10 << 3}
	for len(inner) > 0 {
		n := min(len(inner), 64<<10)
		last := uint32(0)
		if n == len(inner) {
			last = 1
		}
		head := last | uint32(n)<<3
		b = append(append(b, byte(head), byte(head>>8), byte(head>>16)), inner[:n]...)
		inner = inner[n:]
	}
	return b
}

// F20: bodies that promise or become far more than they are. Each is refused
// as too large, and the collector stays as small as it was.
func TestF20_Bombs(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or, _, w := o.member()
	same := o.since()
	single := []byte{0x28, 0xB5, 0x2F, 0xFD, 0xE0} // single segment, 8 bytes of size
	single = binary.LittleEndian.AppendUint64(single, 64<<30)
	var zipped, gzipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	f, err := z.Create("bomb")
	if err != nil {
		t.Fatal(err)
	}
	g := gzip.NewWriter(&gzipped)
	for range 64 {
		f.Write(make([]byte, 1<<20))
		g.Write(make([]byte, 1<<20))
	}
	z.Close()
	g.Close()
	bombs := []struct {
		name string
		body []byte
		want int
	}{
		{"1 GiB of zeros", zeros(1024, 20), http.StatusRequestEntityTooLarge},
		{"just above the bound", zeros(9, 20), http.StatusRequestEntityTooLarge},
		{"window of 2 GiB", zeros(16, 31), http.StatusRequestEntityTooLarge},
		{"window of 2 MiB", zeros(1, 21), http.StatusRequestEntityTooLarge},
		{"a frame that says 64 GiB", append(single, zeros(1, 20)[6:]...), http.StatusRequestEntityTooLarge},
		{"nested, 20 MiB", raw(slices.Concat(raw(zeros(1024, 20)), make([]byte, 800<<10))), http.StatusBadRequest}, // its inside is bytes to us
		{"body of 2 MiB", make([]byte, 2<<20), http.StatusRequestEntityTooLarge},
		{"gzip", gzipped.Bytes(), http.StatusBadRequest}, // nobody speaks it here: never unpacked
		{"zip", zipped.Bytes(), http.StatusBadRequest},
		{"array of 2^62 reports", append([]byte{0xa3, 0x01, 0x01, 0x02, 0x01, 0x05, 0x9b, 0x40}, make([]byte, 7)...), http.StatusBadRequest},
		{"text of 2^40 bytes", append([]byte{0xa1, 0x01, 0x7b, 0, 0, 1}, make([]byte, 5)...), http.StatusBadRequest},
		{"10,000 arrays in each other", append([]byte{0xa1, 0x05}, bytes.Repeat([]byte{0x81}, 10_000)...), http.StatusBadRequest},
		{"JSON, 10,000 deep", []byte(`{"reports":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}"), http.StatusBadRequest},
	}
	// What the collector is like once it has seen each.
	for _, b := range bombs {
		if a, err := w.post(send.PathReports, b.body); err != nil || a.status != b.want {
			t.Errorf("%s: %s %v, want %d", b.name, a, err, b.want)
		}
	}
	before := memory(t, o.cmd.Process.Pid, "VmRSS")
	n := times(100, 1000)
	var wg sync.WaitGroup
	for line := range 4 { // at the same time
		w := newWire(t, o.agents, w.Transport.(*http.Transport).TLSClientConfig)
		wg.Go(func() {
			for i := line; i < n; i += 4 {
				b := bombs[i%len(bombs)]
				a, err := w.post(send.PathReports, b.body)
				if err == nil && a.status == http.StatusServiceUnavailable {
					continue // the room for bodies is taken by other bombs
				}
				if err != nil || a.status != b.want {
					t.Errorf("%s: %s %v, want %d", b.name, a, err, b.want)
				}
			}
		})
	}
	wg.Wait()
	after := memory(t, o.cmd.Process.Pid, "VmRSS")
	peak := memory(t, o.cmd.Process.Pid, "VmHWM")
	t.Logf("memory: %d MiB before, %d after %d bombs, %d at its peak", before>>20, after>>20, n, peak>>20)
	if peak-before > 64<<20 {
		t.Errorf("the collector grew by %d MiB under bombs, at most 64 are allowed", (peak-before)>>20)
	}
	same()
	o.finish(or)
}

// F21: mutations of good bodies against the live listener. Nothing is answered
// with a fault of the collector, and it never stops.
func TestF21_Mutations(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	or := o.oracle(4, DefaultScript())
	same := o.since()
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	n := times(1500, 200_000)
	// Other devices, whose reports may be anything: the oracle's own stay good.
	strangers := NewOracle(o.dir+"/strangers", DefaultScript(), quiet())
	many := times(4, 40) // each may send so many a minute
	if err := strangers.Enrol(t.Context(), many, o.invite(many)); err != nil {
		t.Fatal(err)
	}
	or.others = map[string]bool{}
	for _, d := range strangers.Devices {
		or.others[string(d.ID)] = true
		w := newWire(t, o.agents, clientTLS(t, d.Member.Identity()))
		seeds := mutationSeeds(t, d)
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(d.N), rand.Uint64()))
			for range n / len(strangers.Devices) {
				path := send.PathReports
				body := mutate(r, seeds[r.IntN(len(seeds)-1)])
				if r.IntN(20) == 0 {
					path, body = send.PathRenew, mutate(r, seeds[len(seeds)-1])
				}
				a, err := w.post(path, body)
				if err != nil {
					t.Errorf("connection: %v", err)
					return
				}
				if a.status >= 500 && a.code != report.CodeBusy {
					t.Errorf("%s to %x", a, body)
				}
				mu.Lock()
				answers[fmt.Sprint(a.status, " ", a.code)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d mutations: %v", n, answers)
	same()
	o.finish(or)
}

// mutationSeeds are good bodies of every kind; the last is one of renewal.
func mutationSeeds(t *testing.T, d *Device) [][]byte {
	t.Helper()
	for range 6 {
		if err := d.Issue(); err != nil {
			t.Fatal(err)
		}
	}
	var seeds [][]byte
	for _, n := range []int{1, 6} {
		b, err := d.Body(1, n)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := report.Decompress(b, report.MaxBody)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, b, plain)
	}
	text := fmt.Sprintf(`{"epoch":%d,"reports":[{"seq":1,"time":"%s","sections":[{"name":"software","rows":[{"name":"a","source":"other","scope":"machine","version":"1"}]}]}]}`,
		d.Epoch>>12, time.Now().UTC().Format(time.RFC3339))
	return append(seeds, []byte(text), renewBody(t))
}

// mutate changes some bytes: flips, cuts, repeats, and numbers at the edges.
func mutate(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			return b
		}
		i := r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = []byte{0, 1, 0x17, 0x18, 0x1b, 0x5f, 0x7f, 0x80, 0x9f, 0xbf, 0xf6, 0xf7, 0xfb, 0xff}[r.IntN(14)]
		case 2:
			b = b[:i]
		case 3:
			b = slices.Insert(b, i, byte(r.IntN(256)))
		case 4:
			j := min(i+r.IntN(32), len(b))
			b = slices.Insert(b, i, b[i:j]...)
		case 5:
			b = slices.Delete(b, i, min(i+1+r.IntN(8), len(b)))
		}
	}
	return b
}

// F22: a good certificate with values that no catalogue knows. What is broken
// is refused for good; what only a newer agent says is kept or passed over.
func TestF22_UnknownValues(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	or, d, w := o.member()
	same := o.since()
	layout := or.Layout()
	// body makes an envelope of one report with its own numbers.
	epoch := uint64(100)
	body := func(change func(*report.Envelope, *report.Report)) []byte {
		epoch++
		e := report.Envelope{Version: report.Version, Epoch: epoch, Oldest: 1, Sent: time.Now().UnixMilli()}
		r := report.Report{Seq: 1, Time: time.Now().UnixMilli(), Machine: d.machine}
		change(&e, &r)
		e.Reports = []report.Report{r}
		b, err := report.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	section := func(f func(*report.Section)) []byte {
		return body(func(_ *report.Envelope, r *report.Report) {
			s := report.Section{Name: "software", Sources: []string{"other"}, Columns: []string{"source", "scope", "name", "version"}, Rows: [][]any{{"other", "machine", "x", "1"}}}
			f(&s)
			r.Sections = []report.Section{s}
		})
	}
	for _, c := range []struct {
		name string
		body []byte
		want int
		code string
	}{
		{"version 99", body(func(e *report.Envelope, _ *report.Report) { e.Version = 99 }), 400, report.CodeVersion},
		{"version 0", body(func(e *report.Envelope, _ *report.Report) { e.Version = 0 }), 400, report.CodeVersion},
		{"version -1", body(func(e *report.Envelope, _ *report.Report) { e.Version = -1 }), 400, report.CodeVersion},
		{"epoch 0", body(func(e *report.Envelope, _ *report.Report) { e.Epoch = 0 }), 400, report.CodeMalformed},
		{"number 0", body(func(_ *report.Envelope, r *report.Report) { r.Seq = 0 }), 400, report.CodeMalformed},
		{"unknown status", section(func(s *report.Section) { s.Status = 9 }), 400, report.CodeMalformed},
		{"a section twice", body(func(_ *report.Envelope, r *report.Report) {
			r.Sections = []report.Section{{Name: "disk"}, {Name: "disk"}}
		}), 400, report.CodeMalformed},
		{"a sample without values", body(func(_ *report.Envelope, r *report.Report) {
			r.Layouts, r.Samples = []report.Layout{layout}, []report.Sample{{Layout: layout.Hash()}}
		}), 400, report.CodeMalformed},
		{"a gap that runs backwards", body(func(_ *report.Envelope, r *report.Report) { r.Gaps = []report.Gap{{From: 5, To: 2}} }), 400, report.CodeMalformed},
		{"text for a number", []byte{0xa2, 0x01, 0x61, 'x', 0x02, 0x01}, 400, report.CodeMalformed},
		{"empty", nil, 400, report.CodeMalformed},
		{"garbage", []byte("GET / HTTP/1.1\r\n\r\n"), 400, report.CodeMalformed},
		{"truncated", body(func(*report.Envelope, *report.Report) {})[:20], 400, report.CodeMalformed},
		{"broken zstd", append([]byte{0x28, 0xB5, 0x2F, 0xFD}, bytes.Repeat([]byte{0xAA}, 40)...), 400, report.CodeMalformed},

		{"a section from the future", section(func(s *report.Section) { s.Name = "holodeck" }), 200, ""},
		{"a column from the future", section(func(s *report.Section) { s.Columns[3] = "aura" }), 200, ""},
		{"a value of another type", section(func(s *report.Section) { s.Rows[0][3] = 7 }), 200, ""},
		{"an event from the future", body(func(_ *report.Envelope, r *report.Report) { r.Events = []report.Event{{Kind: "enlightenment"}} }), 200, ""},
		{"a measurement from the future", body(func(_ *report.Envelope, r *report.Report) {
			l := report.Layout{{Measurement: "aura", Field: "colour"}}
			r.Layouts, r.Samples = []report.Layout{l}, []report.Sample{{Layout: l.Hash(), Values: report.Values{1}}}
		}), 200, ""},
		{"row longer than its columns", section(func(s *report.Section) { s.Rows[0] = append(s.Rows[0], "more") }), 200, ""},
		{"a value no list knows", section(func(s *report.Section) { s.Rows[0][0] = "telepathy" }), 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := w.post(send.PathReports, c.body)
			if err != nil || a.status != c.want || a.code != c.code {
				t.Fatalf("%s %v, want %d %s", a, err, c.want, c.code)
			}
			if strings.Contains(a.text, "\n") {
				t.Errorf("more than one line: %q", a.text)
			}
		})
	}
	same()
	show, err := o.api().DeviceShow(t.Context(), api.DeviceShowInput{Ref: string(d.ID), Sections: []string{"software"}})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(show.Sections["software"]); !strings.Contains(text, "telepathy") {
		t.Errorf("a value that no list knows was not kept as text: %s", text)
	}
	if _, ok := inventory.Lookup("holodeck"); ok {
		t.Error("the future has come; choose another name")
	}
	o.stop(t)
}
