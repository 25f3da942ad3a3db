//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/sqlstore/postgrestest"
)

// While both servers are away, everything that can be asked of a collector is
// put off in words that say so, or answered; nothing is called broken. Once they
// are back, so is everything, and who was let in and out meanwhile is.
func TestStoresAway(t *testing.T) {
	t.Parallel()
	s, err := postgrestest.Start(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := s.SQL("postgres", "CREATE DATABASE muster TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SQL("postgres", "CREATE ROLE asks LOGIN; CREATE ROLE sees LOGIN"); err != nil {
		t.Fatal(err)
	}
	numbers := influxtest.Start(t, influxtest.Options{})
	o := newOffice(t, fmt.Sprintf("stores: {inventory: postgres, series: influx}\npostgres: {host: %q, database: muster, user: %q, reader: asks, personal_reader: sees}\ninflux: {url: %q}\n", s.Dir, postgrestest.User, numbers.URL))
	o.database = fmt.Sprintf("host=%s dbname=muster user=%s search_path=inventory,public", s.Dir, postgrestest.User)
	o.start()
	or := o.oracle(5, DefaultScript())
	for _, d := range or.Devices {
		if err := d.Issue(); err != nil {
			t.Fatal(err)
		}
	}
	if err := or.Settle(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(o.dir, "token")
	o.must("token", "new", "night", "--role", "admin", "--file", secret)
	token, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	device := string(or.Devices[0].ID)

	s.Kill()
	numbers.Kill()
	fill := regexp.MustCompile(`\{[^{}]*\}`)
	socket := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(o.data, "muster.sock"))
	}}}
	var mu sync.Mutex
	later := 0
	var wg sync.WaitGroup
	queue := make(chan api.Operation)
	for range 4 {
		wg.Go(func() {
			for op := range queue {
				path := fill.ReplaceAllStringFunc(op.Path, func(name string) string {
					if name == "{ref}" {
						return device
					}
					return "1"
				})
				rq, err := http.NewRequestWithContext(t.Context(), op.Method, "http://muster"+api.Prefix+path, strings.NewReader("{}"))
				if err != nil {
					t.Error(err)
					continue
				}
				rq.Header.Set("Content-Type", "application/json")
				rs, err := socket.Do(rq)
				if err != nil && op.ID == "backup-make" {
					continue // what has begun to stream can only break off
				}
				if err != nil {
					t.Errorf("%s: %v", op.ID, err)
					continue
				}
				var p api.Problem
				text, err := io.ReadAll(io.LimitReader(rs.Body, 1<<20))
				rs.Body.Close()
				if err == nil && rs.StatusCode >= 400 {
					err = json.Unmarshal(text, &p)
				}
				if rs.StatusCode == http.StatusServiceUnavailable {
					mu.Lock()
					later++
					mu.Unlock()
				}
				if err != nil || rs.StatusCode == http.StatusInternalServerError || rs.StatusCode == http.StatusServiceUnavailable && (p.Kind() != "busy" || p.Detail == "") {
					t.Errorf("%s while the servers are away: %d %s, %v", op.ID, rs.StatusCode, text, err)
				}
			}
		})
	}
	for _, op := range api.Operations() {
		queue <- op
	}
	close(queue)
	wg.Wait()
	if later < 30 {
		t.Errorf("only %d of %d operations say later", later, len(api.Operations()))
	}

	// Who comes with a token, and who comes to the pages, is told the same.
	base := "http://" + o.web
	ask := func(method, path, bearer string, form url.Values) (int, string) {
		t.Helper()
		rq, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if bearer != "" {
			rq.Header.Set("Authorization", "Bearer "+bearer)
		}
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Body.Close()
		text, err := io.ReadAll(io.LimitReader(rs.Body, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return rs.StatusCode, string(text)
	}
	bearer := strings.TrimSpace(string(token))
	for _, x := range []struct {
		method, path, bearer string
		form                 url.Values
	}{
		{"GET", api.Prefix + "/devices", bearer, nil},
		{"GET", "/sign-in", "", nil},
		{"POST", "/sign-in", "", url.Values{"name": {"ines"}, "password": {"correct horse battery"}}},
	} {
		if code, text := ask(x.method, x.path, x.bearer, x.form); code != http.StatusServiceUnavailable || !strings.Contains(text, "try again in a moment") {
			t.Errorf("%s %s: %d\n%s", x.method, x.path, code, text)
		}
	}
	for _, args := range [][]string{{"device", "list"}, {"user", "list"}, {"sql", "SELECT 1"}} {
		if got, err := o.muster(args...); err == nil || !strings.Contains(err.Error(), "try again in a moment") {
			t.Errorf("%v: %s, %v", args, got, err)
		}
	}
	if got, err := o.muster("doctor"); err == nil || !strings.Contains(got, "cannot be reached; see whether the server runs") || !strings.Contains(got, "InfluxDB cannot be reached") {
		t.Errorf("doctor: %v\n%s", err, got)
	}

	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	numbers.Restart()
	for _, x := range []struct {
		sql  string
		want int
	}{{"UPDATE control.account_token SET revoked_at = 1", http.StatusUnauthorized}, {"UPDATE control.account_token SET revoked_at = 0", http.StatusOK}} {
		if _, err := s.SQL("muster", x.sql); err != nil {
			t.Fatal(err)
		}
		code, text := 0, ""
		for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(50 * time.Millisecond) {
			if code, text = ask("GET", api.Prefix+"/devices", bearer, nil); code != http.StatusServiceUnavailable {
				break
			}
		}
		if code != x.want {
			t.Errorf("after %s: %d, want %d\n%s", x.sql, code, x.want, text)
		}
	}
	o.finish(or)
}
