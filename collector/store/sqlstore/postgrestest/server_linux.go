package postgrestest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// User is who owns everything in a server.
const User = "postgres"

// Port is the one in the name of a server's socket; nothing listens on it.
const Port = 5432

// Server is a running server. Make it with Start.
type Server struct {
	Dir  string // of its socket: the host to connect to
	Port int    // in the name of its socket, and of 127.0.0.1 if it listens there

	bin   string
	as    *syscall.Credential // nil: as this process
	flags []string

	mu   sync.Mutex
	cmd  *exec.Cmd
	died chan struct{} // closed when cmd has ended
	log  string

	template func() error
	wipe     string       // SQL that makes a used copy as it was
	last     atomic.Int64 // numbers databases

	free []string // copies that were used and wiped; guarded by mu
}

// Options of a server that is more than one on a socket.
type Options struct {
	// Durable is one that syncs, as for an office; without, a crash of the
	// machine may take everything, and tests are faster.
	Durable bool
	// Certificate and Key are PEM; with them it also listens on Port of 127.0.0.1,
	// with TLS. Rules then are the lines of pg_hba.conf for what comes there.
	Certificate, Key []byte
	Rules            string
	Settings         []string // more of them, such as "ssl=off"
}

// Start makes a server on a socket.
func Start(durable bool) (*Server, error) { return StartWith(Options{Durable: durable}) }

// StartWith makes a server.
func StartWith(o Options) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // short: a socket's path has 107 bytes
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, Port: Port, bin: bin, log: filepath.Join(dir, "log")}
	if os.Getuid() == 0 { // which the server refuses
		u, err := user.Lookup(User)
		if err != nil {
			return nil, fmt.Errorf("the server runs as user %s: %w", User, err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(s.own(dir), os.Chmod(dir, 0o755)); err != nil {
			return nil, err
		}
	}
	if out, err := s.run("initdb", "-D", s.data(), "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(dir))
	}
	s.flags = []string{"-D", s.data(), "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "logging_collector=off"}
	if !o.Durable {
		s.flags = append(s.flags, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	if len(o.Certificate) > 0 {
		if err := s.listen(o); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	for _, x := range o.Settings {
		s.flags = append(s.flags, "-c", x)
	}
	if err := s.Up(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// own gives a file to whom the server runs as.
func (s *Server) own(path string) error {
	if s.as == nil {
		return nil
	}
	return os.Chown(path, int(s.as.Uid), int(s.as.Gid))
}

// listen has the server take connections with TLS.
func (s *Server) listen(o Options) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	for name, text := range map[string]string{"server.crt": string(o.Certificate), "server.key": string(o.Key), "pg_hba.conf": "local all all trust\n" + o.Rules + "\n"} {
		path := filepath.Join(s.data(), name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, 0o600), s.own(path)); err != nil {
			return err
		}
	}
	for i, f := range s.flags {
		if f == "listen_addresses=" {
			s.flags[i] = "listen_addresses=127.0.0.1"
		}
	}
	s.flags = append(s.flags, "-p", strconv.Itoa(s.Port), "-c", "ssl=on", "-c", "ssl_cert_file=server.crt", "-c", "ssl_key_file=server.key")
	return nil
}

// Standby makes a server that follows this one and is only read. Stop it before
// this one.
func (s *Server) Standby() (*Server, error) {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	x := &Server{Dir: dir, Port: s.Port, bin: s.bin, as: s.as, log: filepath.Join(dir, "log")}
	if err := errors.Join(s.own(dir), os.Chmod(dir, 0o755)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if out, err := x.run("pg_basebackup", "-D", x.data(), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", User); err != nil {
		return nil, errors.Join(fmt.Errorf("pg_basebackup: %w: %s", err, out), os.RemoveAll(dir))
	}
	for _, f := range s.flags {
		x.flags = append(x.flags, strings.ReplaceAll(f, s.Dir, dir))
	}
	if err := x.Up(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return x, nil
}

// programs is the folder of the newest server that is installed.
func programs() (string, error) {
	list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(list) == 0 {
		return "", errors.New("no PostgreSQL server is here: apt-get install postgresql, or packaging/test-deps")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(list, func(a, b string) int { return version(a) - version(b) })), nil
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.Dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "PGTZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

func (s *Server) run(name string, args ...string) ([]byte, error) {
	return s.command(name, args...).CombinedOutput()
}

// Up starts the server, and returns once it takes connections.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := s.command("postgres", s.flags...)
	cmd.Stdout, cmd.Stderr = log, log
	// It ends with the program, also with one that panics. Such a signal is
	// sent when the thread ends that started it, so that thread stays.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	cmd.SysProcAttr.Setpgid = true
	started, died := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		log.Close()
		close(died)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	s.cmd, s.died = cmd, died
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := s.run("pg_isready", "-q", "-h", s.Dir, "-p", strconv.Itoa(s.Port)); err == nil {
			return nil
		}
		select {
		case <-died:
			return fmt.Errorf("the server ended: %s", s.said())
		default:
		}
		if time.Since(begin) > time.Minute {
			return fmt.Errorf("the server takes no connections: %s", s.said())
		}
	}
}

func (s *Server) said() []byte {
	b, _ := os.ReadFile(s.log)
	return b[max(0, len(b)-4000):]
}

// Kill ends the server and all its processes at once, as a power cut does of
// the machine's memory; what was written to files stays.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	pid := s.cmd.Process.Pid
	// Sessions are processes in groups of their own: those that the server
	// started are found before it is gone.
	children := s.children(pid)
	syscall.Kill(pid, syscall.SIGKILL)
	for _, c := range children {
		syscall.Kill(c, syscall.SIGKILL)
	}
	<-s.died
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		if !slices.ContainsFunc(children, func(c int) bool { return syscall.Kill(c, 0) == nil }) {
			return
		}
	}
}

// children are the processes that pid started.
func (s *Server) children(pid int) (out []int) {
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := bytes.Cut(b, []byte(") ")) // the name before may hold anything
		f := strings.Fields(string(rest))
		if len(f) > 1 && f[1] == strconv.Itoa(pid) {
			if n, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.mu.Lock()
	s.cmd.Process.Signal(syscall.SIGQUIT) // at once: nobody wants what is there
	died := s.died
	s.mu.Unlock()
	<-died
	os.RemoveAll(s.Dir)
}

// SQL runs statements in a database.
func (s *Server) SQL(database, text string) (string, error) {
	out, err := s.run("psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", User, "-d", database, "-c", text)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Empty makes an empty database that ends with the test.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	return s.copied(t, "template0")
}

// Template says how the database is made that Copy copies: once, by the first
// who asks. A copy of many tables takes seconds, so that wipe, if there is one,
// is SQL by which a used one becomes as it was.
func (s *Server) Template(furnish func(database string) error, wipe string) {
	s.wipe = wipe
	s.template = sync.OnceValue(func() error {
		if _, err := s.SQL("postgres", "CREATE DATABASE furnished TEMPLATE template0"); err != nil {
			return err
		}
		return furnish("furnished")
	})
}

// Copy makes a copy of the template that ends with the test.
func (s *Server) Copy(t testing.TB) string {
	t.Helper()
	if err := s.template(); err != nil {
		t.Fatal(err)
	}
	if s.wipe == "" {
		return s.copied(t, "furnished")
	}
	s.mu.Lock()
	n := len(s.free)
	var name string
	if n > 0 {
		name, s.free = s.free[n-1], s.free[:n-1]
	}
	s.mu.Unlock()
	if name == "" {
		name = s.named()
		if _, err := s.SQL("postgres", "CREATE DATABASE "+name+" TEMPLATE furnished"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := s.SQL(name, s.wipe); err != nil {
			t.Errorf("wipe %s: %v", name, err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, name)
	})
	return name
}

func (s *Server) named() string { return fmt.Sprintf("t%d", s.last.Add(1)) }

func (s *Server) copied(t testing.TB, from string) string {
	t.Helper()
	name := s.named()
	if _, err := s.SQL("postgres", "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.SQL("postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return name
}

// Run runs one of the server's programs, such as pg_dump, which connects to a
// database of this server.
func (s *Server) Run(program, database string, args ...string) (string, error) {
	out, err := s.run(program, append([]string{"-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", User, "-d", database}, args...)...)
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return string(out), nil
}

// Busy is the processor time that the server has taken so far, with all its
// processes, in steps of 10 ms.
func (s *Server) Busy() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ticks int64
	for _, pid := range append(s.children(s.cmd.Process.Pid), s.cmd.Process.Pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended, and counts with the one that started it
		}
		_, rest, _ := bytes.Cut(b, []byte(") "))
		f := strings.Fields(string(rest))
		for _, at := range []int{11, 12, 13, 14} { // utime, stime, and of children: proc(5)
			if at < len(f) {
				n, _ := strconv.ParseInt(f[at], 10, 64)
				ticks += n
			}
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on all that Go runs on
}
