// Package influxtest runs a real InfluxDB 1.8 for tests: one process in a
// temporary folder, on a free port of this machine, that can be killed and
// started again on what it had. It owns the settings of that server.
//
// It must not know what is written there.
package influxtest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Options of a Server; the zero value is a server that asks nobody who he is.
type Options struct {
	// User and Password make it ask for them; the account is an administrator.
	User, Password string
	// Certificate and Key are PEM files that make it serve TLS.
	Certificate, Key string
	// Data and HTTP are lines for the sections of its settings, such as
	// max-values-per-tag = 100.
	Data, HTTP string
}

// Server is a running server.
type Server struct {
	URL string

	t    testing.TB
	o    Options
	rpc  string // where backups are asked for
	dir  string
	bin  string
	conf string
	cmd  *exec.Cmd
	done chan struct{}
	log  *os.File
}

// Binary is where make puts the server.
func Binary(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("these tests run within the checkout")
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, ".tools", "influxd-v1.*"))
	if err != nil || len(found) == 0 {
		t.Fatal("InfluxDB 1.8 is not in .tools: make test puts it there, and so does make .tools/influxd-v1.8.10")
	}
	return found[len(found)-1]
}

// Start starts a server, which ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "mu-influx-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, o: o, dir: dir, bin: Binary(t), conf: filepath.Join(dir, "influxdb.conf")}
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			if text, err := os.ReadFile(filepath.Join(dir, "log")); err == nil {
				t.Logf("the server said at last:\n%s", text[max(0, len(text)-4000):])
			}
		}
		os.RemoveAll(dir)
	})
	address, rpc := freeAddress(t), freeAddress(t)
	s.URL, s.rpc = "http://"+address, rpc
	http := fmt.Sprintf("bind-address = %q\nlog-enabled = false\n%s\n", address, o.HTTP)
	if o.Certificate != "" {
		http += fmt.Sprintf("https-enabled = true\nhttps-certificate = %q\nhttps-private-key = %q\n", o.Certificate, o.Key)
		s.URL = "https://" + address
	}
	if o.User != "" {
		http += "auth-enabled = true\n"
	}
	text := fmt.Sprintf("reporting-disabled = true\nbind-address = %q\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\nquery-log-enabled = false\n%s\n[http]\n%s[monitor]\nstore-enabled = false\n",
		rpc, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), o.Data, http)
	if err := os.WriteFile(s.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if o.User != "" {
		s.Ask("", fmt.Sprintf("CREATE USER %q WITH PASSWORD '%s' WITH ALL PRIVILEGES", o.User, o.Password))
	}
	return s
}

// Restart starts the server again after Kill, on what it had.
func (s *Server) Restart() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.done, s.log = exec.Command(s.bin, "-config", s.conf), make(chan struct{}), log
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Env = append(os.Environ(), "INFLUXDB_CONFIG_PATH=")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, done := s.cmd, s.done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(strings.TrimPrefix(s.URL, "https://"), "http://"), time.Second)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-s.done:
			s.t.Fatalf("InfluxDB ended at its start: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("InfluxDB does not listen: %v", err)
		}
	}
}

// Kill ends the server as a power cut does. Killing twice is nothing.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
	s.log.Close()
}

// Backup makes a portable backup of a database into an empty folder.
func (s *Server) Backup(db, dir string) { s.copy("backup", db, dir) }

// Restore brings a database of a backup back, which must not be there.
func (s *Server) Restore(db, dir string) { s.copy("restore", db, dir) }

func (s *Server) copy(how, db, dir string) {
	s.t.Helper()
	if out, err := exec.Command(s.bin, how, "-portable", "-host", s.rpc, "-db", db, dir).CombinedOutput(); err != nil {
		s.t.Fatalf("influxd %s: %v: %s", how, err, out)
	}
}

// Process is the ID of the server's process.
func (s *Server) Process() int { return s.cmd.Process.Pid }

// Ask puts a statement of InfluxQL and answers the server's JSON.
func (s *Server) Ask(db, q string) string {
	s.t.Helper()
	form := url.Values{"q": {q}, "db": {db}, "epoch": {"ms"}}
	rq, err := http.NewRequest(http.MethodPost, s.URL+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	rq.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(rq)
}

// Write writes line protocol of milliseconds.
func (s *Server) Write(db, lines string) {
	s.t.Helper()
	rq, err := http.NewRequest(http.MethodPost, s.URL+"/write?precision=ms&db="+url.QueryEscape(db), strings.NewReader(lines))
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(rq)
}

func (s *Server) do(rq *http.Request) string {
	s.t.Helper()
	if s.o.User != "" {
		rq.SetBasicAuth(s.o.User, s.o.Password)
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rs.Body.Close()
	body, err := io.ReadAll(io.LimitReader(rs.Body, 64<<20))
	if err != nil {
		s.t.Fatal(err)
	}
	if rs.StatusCode >= 300 || strings.Contains(string(body), `"error"`) {
		s.t.Fatalf("%s: status %d: %s", rq.URL.Path, rs.StatusCode, body)
	}
	return string(body)
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
