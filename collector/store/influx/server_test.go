package influx

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
	"muster/internal/inventory"
	"muster/internal/metric"
	"muster/internal/report"
)

// single gives a batch of one value.
func single(host, measurement, field string, at time.Time, v float64, labels ...report.Label) store.Batch {
	l := report.Layout{{Measurement: measurement, Field: field, Labels: labels}}
	return store.Batch{Device: inventory.DeviceID("id-" + host), Host: host, Hash: l.Hash(), Layout: l, Points: []store.Point{{At: at.UnixMilli(), Values: []float64{v}}}}
}

func appended(t *testing.T, s *Store, b ...store.Batch) store.Appended {
	t.Helper()
	done, err := s.Append(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func queried(t *testing.T, s *Store, measurement, field string) []store.SeriesResult {
	t.Helper()
	out, err := s.Query(t.Context(), store.SeriesQuery{Measurement: measurement, Field: field, From: storetest.Now().AddDate(-1, 0, 0), To: storetest.Now().AddDate(10, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wants holds an error against its kind and its words.
func wants(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestPasswordAndCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir)
	server := influxtest.Start(t, influxtest.Options{Certificate: cert, Key: key})
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)

	s := open(t, Options{URL: server.URL, Compress: true, Roots: roots})
	if done := appended(t, s, single("a", "mem", "used_percent", storetest.Now(), 1)); done.Samples != 1 {
		t.Errorf("over TLS: %+v", done)
	}
	if out := queried(t, s, "mem", "used_percent"); len(out) != 1 {
		t.Errorf("over TLS: %v", out)
	}
	_, err = open(t, Options{URL: server.URL}).Append(t.Context(), []store.Batch{single("a", "mem", "used_percent", storetest.Now(), 1)})
	wants(t, err, store.ErrConfiguration, "influx.ca_file")
	_, err = open(t, Options{URL: strings.Replace(server.URL, "127.0.0.1", "localhost", 1), Roots: roots}).Append(t.Context(), nil)
	wants(t, err, store.ErrConfiguration, "as the certificate has it")

	asks := influxtest.Start(t, influxtest.Options{User: "muster", Password: "s3cret"})
	s = open(t, Options{URL: asks.URL, User: "muster", Secret: "s3cret"})
	appended(t, s, single("a", "mem", "used_percent", storetest.Now(), 1))
	if out := queried(t, s, "mem", "used_percent"); len(out) != 1 {
		t.Errorf("with a password: %v", out)
	}
	for name, o := range map[string]Options{"wrong": {User: "muster", Secret: "wrong"}, "none": {}} {
		o.URL = asks.URL
		_, err := open(t, o).Append(t.Context(), nil)
		wants(t, err, store.ErrConfiguration, "influx.secret_file")
		if strings.Contains(err.Error(), "wrong") && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error holds a secret: %v", name, err)
		}
	}

	// An account that may not make the database says so, and one that may only
	// write and read it is enough once it is there.
	asks.Ask("", `CREATE USER "clerk" WITH PASSWORD 'c'`)
	_, err = open(t, Options{URL: asks.URL, User: "clerk", Secret: "c", Database: "town"}).Append(t.Context(), nil)
	wants(t, err, store.ErrConfiguration)
	asks.Ask("", `CREATE DATABASE "town"; CREATE RETENTION POLICY "hourly" ON "town" DURATION INF REPLICATION 1; GRANT ALL ON "town" TO "clerk"`)
	s = open(t, Options{URL: asks.URL, User: "clerk", Secret: "c", Database: "town"})
	if done := appended(t, s, single("a", "mem", "used_percent", storetest.Now(), 1)); done.Samples != 1 {
		t.Errorf("as a clerk: %+v", done)
	}
}

// TestTypes: all fields of the catalogue are written as its types, and a
// database that has one of them as another is told of at start and later.
func TestTypes(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	s := open(t, Options{URL: server.URL})
	for _, m := range metric.Catalogue() {
		for _, f := range m.Fields {
			for _, name := range store.Figures() {
				if _, clash := m.Field(figureField(f.Name, name)); clash {
					t.Errorf("%s.%s has the name of an hourly figure of %s", m.Name, figureField(f.Name, name), f.Name)
				}
			}
			v := 1.0
			if f.Type == metric.Float {
				v = 0.5
			}
			appended(t, s, single("a", m.Name, f.Name, storetest.Now(), v))
			out := queried(t, s, m.Name, f.Name)
			if len(out) != 1 || out[0].Points[0].Value != v {
				t.Errorf("%s.%s: got %v, want %g", m.Name, f.Name, out, v)
			}
		}
	}
	clash, note, err := s.types(t.Context(), s.place)
	if err != nil || len(clash)+len(note) > 0 {
		t.Errorf("what Muster wrote is of other types: %v %v %v", clash, note, err)
	}

	server.Ask("", `CREATE DATABASE "taken"`)
	server.Write("taken", fmt.Sprintf("disk,path=/ free=1.5 %d", storetest.Now().UnixMilli()))
	other := open(t, Options{URL: server.URL, Database: "taken"})
	_, err = other.Append(t.Context(), nil)
	wants(t, err, store.ErrConfiguration, "disk.free is float, Muster's is integer", "influx.database")
	st, err := other.Stats(t.Context())
	if err != nil || st.Ready != 0 || !strings.Contains(st.Problem, "disk.free") || !strings.Contains(st.Server, "InfluxDB") {
		t.Errorf("stats are %+v, %v", st, err)
	}
	server.Ask("taken", `DROP MEASUREMENT "disk"`)
	if err := other.look(t.Context()); err != nil {
		t.Errorf("after it was dropped: %v", err)
	}
	appended(t, other, single("a", "disk", "free", storetest.Now(), 1))

	// Somebody else comes later, before Muster's first number of a kind.
	server.Write("taken", fmt.Sprintf("mem used_percent=1i %d", storetest.Now().UnixMilli()))
	_, err = other.Append(t.Context(), []store.Batch{single("a", "mem", "used_percent", storetest.Now(), 1)})
	wants(t, err, store.ErrConfiguration, "another type")
}

// TestWholeNumbers: numbers beyond 64 bits stand at the end, fractions of
// whole numbers are rounded.
func TestWholeNumbers(t *testing.T) {
	for v, want := range map[float64]string{0.4: "0i", -0.5: "-1i", 1e15: "1000000000000000i", 9.3e18: "9223372036854775807i", -1e19: "-9223372036854775808i", 1 << 63: "9223372036854775807i"} {
		if got := string(appendValue(nil, metric.Int, v)); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
}

// TestRefusals: which batches are refused for what they hold, and what is a
// limit of the server.
func TestRefusals(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{Data: "max-values-per-tag = 20"})
	s := open(t, Options{URL: server.URL})
	path := func(v string) report.Label { return report.Label{Key: "path", Value: v} }
	good := single("a", "disk", "free", storetest.Now(), 1, path("/"))
	bad := single("b", "disk", "free", storetest.Now(), 1, path(strings.Repeat("x", 70_000)))
	_, err := s.Append(t.Context(), []store.Batch{good, bad})
	wants(t, err, store.ErrPoison)
	if done := appended(t, s, good); done.Samples != 1 {
		t.Errorf("without the bad one: %+v", done)
	}
	for i := range 30 {
		if _, err = s.Append(t.Context(), []store.Batch{single("a", "disk", "free", storetest.Now(), 1, path(fmt.Sprint("/", i)))}); err != nil {
			break
		}
	}
	wants(t, err, store.ErrConfiguration, "max-values-per-tag = 0")
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := s.About().Warnings; len(w) != 2 || !strings.Contains(w[0]+w[1], "max-values-per-tag = 20") {
		t.Errorf("warnings are %q", w)
	}
}

// TestServerForgets: what is older than the server keeps is counted, not
// tried for ever. The server has no other clock than this machine's.
func TestServerForgets(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	s := open(t, Options{URL: server.URL, Raw: 10 * 24 * time.Hour, Now: time.Now})
	now := time.Now()
	done := appended(t, s, single("a", "mem", "used_percent", now.AddDate(0, 0, -60), 1), single("a", "mem", "used_percent", now, 2))
	if done.Samples != 1 || done.TooOld != 1 {
		t.Errorf("%+v, want one written and one too old", done)
	}
	if text := server.Ask(s.o.Database, "SHOW RETENTION POLICIES"); !strings.Contains(text, `["raw","432h0m0s"`) || !strings.Contains(text, `["hourly","0s"`) {
		t.Errorf("retention policies are %s", text)
	}
	if got := fmt.Sprint(s.About().Abilities); !strings.Contains(got, "retention policy raw, kept for 18 days") || !strings.Contains(got, "retention policy hourly") || !strings.Contains(got, "InfluxQL at /query") {
		t.Errorf("abilities are %s", got)
	}
	// A database that keeps less than the settings say is told of.
	other := open(t, Options{URL: server.URL, Database: s.o.Database, Raw: 100 * 24 * time.Hour, Now: time.Now})
	if _, err := other.Append(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if w := strings.Join(other.About().Warnings, "\n"); !strings.Contains(w, "ALTER RETENTION POLICY") {
		t.Errorf("warnings are %q", w)
	}
}

// TestKilled: while the server is gone writes and questions say so, and when
// it is back all is there that was answered for.
func TestKilled(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	s := open(t, Options{URL: server.URL})
	for i := range 20 {
		appended(t, s, single("a", "mem", "used_percent", storetest.Now().Add(time.Duration(i)*time.Minute), float64(i)))
	}
	server.Kill()
	late := single("a", "mem", "used_percent", storetest.Now().Add(20*time.Minute), 20)
	_, err := s.Append(t.Context(), []store.Batch{late})
	wants(t, err, store.ErrUnavailable, "cannot be reached")
	_, err = s.Query(t.Context(), store.SeriesQuery{Measurement: "mem", Field: "used_percent", From: storetest.Now(), To: storetest.Now().Add(time.Hour)})
	wants(t, err, store.ErrUnavailable)
	if st, err := s.Stats(t.Context()); err != nil || st.Problem == "" {
		t.Errorf("stats while it is gone: %+v, %v", st, err)
	}
	server.Restart()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err = s.Append(t.Context(), []store.Batch{late}); err == nil {
			break
		}
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatalf("after it came back: %v", err)
		}
	}
	if out := queried(t, s, "mem", "used_percent"); len(out) != 1 || len(out[0].Points) != 21 {
		t.Errorf("got %v, want 21 points", out)
	}
}

// TestNeverThere: a server that does not exist is waited for, and told of.
func TestNeverThere(t *testing.T) {
	s := open(t, Options{URL: "http://127.0.0.1:1"})
	_, err := s.Append(t.Context(), nil)
	wants(t, err, store.ErrUnavailable, "127.0.0.1:1")
	for _, bad := range []string{"", "influx:8086", "ftp://h", "http://u:p@h", "http://h?x"} {
		if _, err := New(Options{URL: bad, Database: "m"}); err == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}

// TestNeighbours: Telegraf's own numbers in the same database are not taken
// for devices, and labels come back as they were, as far as tags can hold them.
func TestNeighbours(t *testing.T) {
	server := influxtest.Start(t, influxtest.Options{})
	s := open(t, Options{URL: server.URL})
	if _, err := s.Append(t.Context(), nil); err != nil { // makes the database
		t.Fatal(err)
	}
	server.Write(s.o.Database, fmt.Sprintf("disk,host=elsewhere,path=/ free=1i %d", storetest.Now().UnixMilli()))
	odd := map[string]string{ // as it is, and as it is kept
		"/":                 "/",
		"a b,c=d":           "a b,c=d",
		`quote "x" 'y'`:     `quote "x" 'y'`,
		`back\slash`:        `back\slash`,
		`back\,comma`:       `back\,comma`,
		`back\ space`:       `back\ space`,
		`C:\`:               `C:/`,
		`\\`:                "/",
		"line\nbreak":       "line break",
		"größe/日本語":         "größe/日本語",
		"#no comment":       "#no comment",
		`two\\mid`:          `two\\mid`,
		"tab\tin":           "tab\tin",
		" leading":          " leading",
		"--; DROP DATABASE": "--; DROP DATABASE",
	}
	var batches []store.Batch
	for v := range odd {
		batches = append(batches, single("a", "disk", "free", storetest.Now(), 1, report.Label{Key: "path", Value: v}))
	}
	if done := appended(t, s, batches...); done.Samples != len(odd) {
		t.Errorf("%+v, want %d samples", done, len(odd))
	}
	got := map[string]bool{}
	for _, r := range queried(t, s, "disk", "free") {
		got[r.Labels["path"]] = true
	}
	for v, kept := range odd {
		if !got[kept] {
			t.Errorf("%q is not there as %q: %v", v, kept, got)
		}
		out, err := s.Query(t.Context(), store.SeriesQuery{Measurement: "disk", Field: "free", From: storetest.Now(), To: storetest.Now().Add(time.Hour),
			Matchers: []store.Matcher{{Label: "path", Values: []string{v}}}})
		if err != nil || len(out) != 1 || out[0].Labels["path"] != kept {
			t.Errorf("asked for %q: %v, %v", v, out, err)
		}
	}
}
