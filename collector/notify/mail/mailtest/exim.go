// Package mailtest runs a real mail server (Exim) for tests. It owns its
// configuration and what it delivered.
//
// It must not know what is sent to it.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Certificate makes one for 127.0.0.1 and localhost, signed by itself, and
// writes it with its key.
func Certificate(t testing.TB, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// Server is a real mail server on two ports of this machine: one for STARTTLS,
// one with TLS from the first byte. It asks for a password, and delivers into
// files.
type Server struct {
	Dir        string
	Cert       string // PEM file of whoever vouches for it: itself
	User, Pass string // that it knows
	port, tls  string
	mu         sync.Mutex
	taken      []string
	known      map[string]bool
}

// eximConfig is the server's whole configuration (Exim 4.96, specification
// chapters 13, 33, 34, 35, 41, 42, 43). A file in moods changes what it says.
const eximConfig = `
primary_hostname = mx.test
exim_user = @USER@
exim_group = @GROUP@
deliver_drop_privilege = true
spool_directory = @DIR@/spool
log_file_path = @DIR@/log/%slog
pid_file_path = @DIR@/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = @PORT@ : @TLS@
tls_on_connect_ports = @TLS@
tls_advertise_hosts = *
tls_certificate = @DIR@/cert.pem
tls_privatekey = @DIR@/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
smtp_accept_max = 50
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
message_size_limit = 2M
smtputf8_advertise_hosts = *
acl_smtp_auth = auth
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl
auth:
  accept
mail:
  deny condition = ${if exists{@DIR@/moods/sender}}
    message = sender is not welcome
  accept
rcpt:
  deny message = authentication is needed
    !authenticated = *
  defer condition = ${if exists{@DIR@/moods/busy}}
    message = greylisted, come back in a while
  deny local_parts = nobody
    message = there is no such mailbox
  defer local_parts = later
    message = mailbox is full for now
  accept
data:
  defer condition = ${if exists{@DIR@/moods/busydata}}
    message = disk is full
  deny condition = ${if exists{@DIR@/moods/refuse}}
    message = this looks like spam
  accept

begin routers
all:
  driver = accept
  transport = files

begin transports
files:
  driver = appendfile
  directory = @DIR@/mail
  maildir_format
  create_directory
  user = @USER@
  group = @GROUP@
  envelope_to_add
  return_path_add

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{desk}}{eq{$auth3}{@PASS@}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{desk}}{eq{$auth2}{@PASS@}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{desk}{@PASS@}fail}
  server_set_id = $auth1
`

// Start starts one, until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	program := ""
	for _, name := range []string{"exim4", "/usr/sbin/exim4"} {
		if p, err := exec.LookPath(name); err == nil {
			program = p
			break
		}
	}
	if program == "" {
		t.Fatal("exim4 is missing: run packaging/test-deps")
	}
	dir, err := os.MkdirTemp("", "exim") // short, and every part of it can be entered by the server's account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	x := &Server{Dir: dir, User: "desk", Pass: "p4ss-" + rand.Text(), known: map[string]bool{}}
	x.port, x.tls = freePort(t), freePort(t)
	var key string
	x.Cert, key = Certificate(t, dir)

	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	account := me
	if me.Uid == "0" { // it delivers for no root
		if account, err = user.Lookup("Debian-exim"); err != nil {
			t.Fatalf("the account of Debian's exim4 is missing: %v", err)
		}
	}
	config := strings.NewReplacer("@USER@", account.Uid, "@GROUP@", account.Gid, "@DIR@", dir, "@PORT@", x.port, "@TLS@", x.tls, "@PASS@", x.Pass).Replace(eximConfig)
	conf := filepath.Join(dir, "exim.conf")
	if err := os.WriteFile(conf, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"spool", "log", "mail", "moods"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if me.Uid == "0" {
		uid, _ := strconv.Atoi(account.Uid)
		gid, _ := strconv.Atoi(account.Gid)
		for _, path := range []string{dir, key, x.Cert, filepath.Join(dir, "spool"), filepath.Join(dir, "log"), filepath.Join(dir, "mail"), filepath.Join(dir, "moods")} {
			if err := os.Chown(path, uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.Command(program, "-C", conf, "-bdf", "-q1m")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			for _, name := range []string{"output", "log/mainlog", "log/paniclog", "log/rejectlog"} {
				if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && len(b) > 0 {
					t.Logf("%s of the mail server:\n%.4000s", name, b)
				}
			}
		}
	})
	for range 300 {
		select {
		case err := <-ended:
			ended <- err
			b, _ := os.ReadFile(out.Name())
			t.Fatalf("the mail server ended: %v\n%s", err, b)
		default:
		}
		c, err := net.Dial("tcp", "127.0.0.1:"+x.tls)
		if err == nil {
			c.Close()
			return x
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the mail server does not listen")
	return nil
}

// freePort finds one that nobody listens at, outside of the range that systems
// give to connections: there another test could take it before the server.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + mathrand.IntN(12000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// Mood switches one of the server's on or off: sender (refuses the sender),
// busy, busydata, refuse.
func (x *Server) Mood(t testing.TB, name string, on bool) {
	t.Helper()
	path := filepath.Join(x.Dir, "moods", name)
	var err error
	if on {
		err = os.WriteFile(path, nil, 0o644)
	} else {
		err = os.Remove(path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Mails is what was delivered, in the order in which we saw it.
func (x *Server) Mails(t testing.TB) []string {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(x.Dir, "mail", "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, f := range files {
		if x.known[f] {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		x.known[f] = true
		x.taken = append(x.taken, string(b))
	}
	return slices.Clone(x.taken)
}

// Address is where a channel reaches it, with TLS from the first byte or by
// STARTTLS.
func (x *Server) Address(tls bool) string {
	if tls {
		return "127.0.0.1:" + x.tls
	}
	return fmt.Sprintf("127.0.0.1:%s", x.port)
}
