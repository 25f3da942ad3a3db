package influx

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/storetest"
)

// front answers as a server of 2.x or 3.x does where those differ from 1.8
// (making places, the version, who asks), by their documentation, and has a
// real 1.8 do what they do alike: line protocol and InfluxQL. No server of
// these lines takes part: what only such a one would show stays untested.
type front struct {
	*httptest.Server
	behind *influxtest.Server

	mu      sync.Mutex
	buckets map[string]string // name: ID
	mapped  map[string]bool
	orders  []string // what was made
}

const token = "a-token"

func newFront(t *testing.T, behind *influxtest.Server, version string) *front {
	f := &front{behind: behind, buckets: map[string]string{}, mapped: map[string]bool{}}
	target, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if strings.HasPrefix(version, "v2") {
		f.two(mux, answer)
	} else {
		f.three(mux, answer)
	}
	mux.HandleFunc("POST /query", func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		f.mu.Lock()
		db := r.Form.Get("db")
		unknown := db != "" && f.buckets[db] == "" || len(f.mapped) > 0 && !f.mapped[db]
		f.mu.Unlock()
		if unknown {
			answer(w, http.StatusOK, map[string]any{"results": []any{map[string]any{"statement_id": 0, "error": "database not found: " + db}}})
			return
		}
		if strings.HasPrefix(r.Form.Get("q"), "SHOW SERIES CARDINALITY") {
			answer(w, http.StatusBadRequest, map[string]string{"code": "invalid", "message": "not implemented: SHOW SERIES CARDINALITY"})
			return
		}
		body := r.Form.Encode()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		pass.ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /api/v2/write", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("precision") != "ms" || strings.Contains(r.URL.Query().Get("bucket"), "/") {
			answer(w, http.StatusBadRequest, map[string]string{"code": "invalid", "message": "bucket or precision"})
			return
		}
		pass.ServeHTTP(w, r)
	})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Token "+token {
			answer(w, http.StatusUnauthorized, map[string]string{"code": "unauthorized", "message": "unauthorized access"})
			return
		}
		if r.URL.Path == "/ping" {
			w.Header().Set("X-Influxdb-Version", version)
			w.Header().Set("X-Influxdb-Build", "OSS")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// make has a database behind for a bucket; f.mu is held.
func (f *front) make(name, order string) string {
	f.behind.Ask("", fmt.Sprintf(`CREATE DATABASE %q WITH DURATION INF REPLICATION 1 NAME "raw"`, name))
	id := fmt.Sprintf("%016x", len(f.buckets)+1)
	f.buckets[name] = id
	f.orders = append(f.orders, order)
	return id
}

// two is the API of 2.x (https://docs.influxdata.com/influxdb/v2/api/).
func (f *front) two(mux *http.ServeMux, answer func(http.ResponseWriter, int, any)) {
	bucket := func(name string) map[string]any {
		return map[string]any{"id": f.buckets[name], "orgID": "00000000000000aa", "type": "user", "name": name, "retentionRules": []any{}}
	}
	mux.HandleFunc("GET /api/v2/buckets", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		list := []any{}
		if name := r.URL.Query().Get("name"); f.buckets[name] != "" {
			list = append(list, bucket(name))
		}
		answer(w, http.StatusOK, map[string]any{"links": map[string]string{"self": "/api/v2/buckets"}, "buckets": list})
	})
	mux.HandleFunc("GET /api/v2/orgs", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("org") != "state" {
			answer(w, http.StatusNotFound, map[string]string{"code": "not found", "message": "organization name not found"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"orgs": []any{map[string]any{"id": "00000000000000aa", "name": "state"}}})
	})
	mux.HandleFunc("POST /api/v2/buckets", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Name  string `json:"name"`
			OrgID string `json:"orgID"`
			Rules []struct {
				Every int64 `json:"everySeconds"`
			} `json:"retentionRules"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.OrgID != "00000000000000aa" {
			answer(w, http.StatusBadRequest, map[string]string{"code": "invalid", "message": "bucket"})
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		every := int64(0)
		for _, x := range in.Rules {
			every = x.Every
		}
		f.make(in.Name, fmt.Sprintf("bucket for %s", time.Duration(every)*time.Second))
		answer(w, http.StatusCreated, bucket(in.Name))
	})
	mux.HandleFunc("GET /api/v2/dbrps", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		list := []any{}
		if db := r.URL.Query().Get("db"); f.mapped[db] {
			list = append(list, map[string]any{"id": "1", "orgID": "00000000000000aa", "bucketID": f.buckets[db], "database": db, "retention_policy": "raw", "default": true, "virtual": false})
		}
		answer(w, http.StatusOK, map[string]any{"content": list})
	})
	mux.HandleFunc("POST /api/v2/dbrps", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ BucketID, Database, Retention_policy string }
		f.mu.Lock()
		defer f.mu.Unlock()
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.BucketID == "" || in.BucketID != f.buckets[in.Database] {
			answer(w, http.StatusBadRequest, map[string]string{"code": "invalid", "message": "mapping"})
			return
		}
		f.mapped[in.Database] = true
		f.orders = append(f.orders, "mapping")
		answer(w, http.StatusCreated, map[string]any{"id": "1", "bucketID": in.BucketID, "database": in.Database, "retention_policy": "raw", "default": true, "orgID": "00000000000000aa", "virtual": false})
	})
}

// three is the API of 3.x (https://docs.influxdata.com/influxdb3/core/api/v3/).
func (f *front) three(mux *http.ServeMux, answer func(http.ResponseWriter, int, any)) {
	mux.HandleFunc("POST /api/v3/configure/database", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			DB   string `json:"db"`
			Keep string `json:"retention_period"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.DB == "" {
			answer(w, http.StatusBadRequest, map[string]string{"error": "serde error"})
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.buckets[in.DB] != "" {
			answer(w, http.StatusConflict, map[string]string{"error": "attempted to create a resource that already exists"})
			return
		}
		f.make(in.DB, "database for "+in.Keep)
		w.WriteHeader(http.StatusOK)
	})
}

// TestForms holds the forms of 2.x and 3.x to the suite; see front for what
// that does and does not show.
func TestForms(t *testing.T) {
	behind := influxtest.Start(t, influxtest.Options{})
	for version, said := range map[string]string{"v2.7.5": "InfluxDB 2.7.5", "3.1.0": "InfluxDB 3.1.0"} {
		t.Run(version, func(t *testing.T) {
			f := newFront(t, behind, version)
			o := Options{URL: f.URL, Secret: token, Organization: "state", Compress: true}
			storetest.RunSeries(t, storetest.SeriesStore{
				Uncounted: true,
				Open:      func(t *testing.T) store.Series { return open(t, o) },
				Reopen: func(t *testing.T, s store.Series) store.Series {
					same := s.(*Store).o
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return open(t, same)
				},
			})
			kept := o
			kept.Raw, kept.Hourly = 10*24*time.Hour, 400*24*time.Hour
			f.mu.Lock()
			f.orders = nil
			f.mu.Unlock()
			s := open(t, kept)
			if _, err := s.Append(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			st, err := s.Stats(t.Context())
			if err != nil || !strings.HasPrefix(st.Server, said) || st.Ready != 1 {
				t.Errorf("stats are %+v, %v", st, err)
			}
			told := map[string]bool{}
			for _, a := range st.Abilities {
				told[a.Name] = a.Found != ""
			}
			for _, name := range []string{"version", "numbers as they come", "hourly figures", "mappings for InfluxQL", "questions", "writes", "deletion"} {
				if !told[name] {
					t.Errorf("nothing is told of %s: %+v", name, st.Abilities)
				}
			}
			want := "database for 432h, database for 9792h"
			if version == "v2.7.5" {
				want = "bucket for 432h0m0s, mapping, bucket for 9792h0m0s, mapping"
			}
			f.mu.Lock()
			if got := strings.Join(f.orders, ", "); got != want {
				t.Errorf("made were: %s; want %s", got, want)
			}
			f.mu.Unlock()

			wrong := o
			wrong.Secret = "another"
			_, err = open(t, wrong).Append(t.Context(), nil)
			wants(t, err, store.ErrConfiguration, "influx.secret_file")
			if version == "v2.7.5" {
				wrong = o
				wrong.Organization = "city"
				_, err = open(t, wrong).Append(t.Context(), nil)
				wants(t, err, store.ErrConfiguration, "organization name not found")
				wrong.Organization = ""
				_, err = open(t, wrong).Append(t.Context(), nil)
				wants(t, err, store.ErrConfiguration, "influx.organization")
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		version, build string
		want           family
		text           string
	}{
		{"1.8.10", "OSS", oneX, "InfluxDB 1.8.10"},
		{"v1.11.8", "OSS", oneX, "InfluxDB v1.11.8"},
		{"unknown", "OSS", oneX, "taken for 1.8"},
		{"1.7.11", "OSS", 0, "needs 1.8 or later"},
		{"v2.0.9", "OSS", twoX, "InfluxDB 2.0.9"},
		{"3.2.1", "Core", threeX, "InfluxDB 3.2.1"},
		{"4.0.0", "", 0, "not known"},
		{"", "", 0, "does not say that it is InfluxDB"},
	} {
		f, text, err := judge(c.version, c.build)
		if err != nil {
			text = err.Error()
		}
		if f != c.want || !strings.Contains(text, c.text) {
			t.Errorf("%q: %d %q, want %d and %q", c.version, f, text, c.want, c.text)
		}
	}
}
