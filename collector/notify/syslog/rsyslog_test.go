package syslog

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rsyslog is a real syslog server: UDP, TCP and TLS on ports of this machine,
// each line taken apart and written as JSON.
type rsyslog struct {
	dir, ca       string
	udp, tcp, tls string
	cmd           *exec.Cmd
	ended         chan error
}

// rsyslogConfig is the server's whole configuration (rsyslog 8.2302; imudp,
// imtcp, omfile). RFC 5424 is told from the old form by itself.
const rsyslogConfig = `
global(workDirectory="@DIR@" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="on"
  defaultNetstreamDriverCAFile="@DIR@/cert.pem" defaultNetstreamDriverCertFile="@DIR@/cert.pem" defaultNetstreamDriverKeyFile="@DIR@/key.pem")
module(load="imudp")
module(load="imtcp")
template(name="taken" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf")
  property(outname="at" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="procid" name="procid" format="jsonf")
  property(outname="msgid" name="msgid" format="jsonf")
  property(outname="protocol" name="protocol-version" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
ruleset(name="taken") { action(type="omfile" file="@DIR@/taken" template="taken" asyncWriting="off") }
input(type="imudp" address="127.0.0.1" port="@UDP@" ruleset="taken")
input(type="imtcp" address="127.0.0.1" port="@TCP@" ruleset="taken" streamDriver.name="ptcp" streamDriver.mode="0")
input(type="imtcp" address="127.0.0.1" port="@TLS@" ruleset="taken" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
`

func startRsyslog(t *testing.T) *rsyslog {
	t.Helper()
	program := ""
	for _, name := range []string{"rsyslogd", "/usr/sbin/rsyslogd"} {
		if p, err := exec.LookPath(name); err == nil {
			program = p
			break
		}
	}
	if program == "" {
		t.Fatal("rsyslogd is missing: run packaging/test-deps")
	}
	r := &rsyslog{dir: t.TempDir(), udp: freePort(t, "udp"), tcp: freePort(t, "tcp"), tls: freePort(t, "tcp"), ended: make(chan error, 1)}
	r.ca = r.certificate(t)
	conf := filepath.Join(r.dir, "rsyslog.conf")
	text := strings.NewReplacer("@DIR@", r.dir, "@UDP@", r.udp, "@TCP@", r.tcp, "@TLS@", r.tls).Replace(rsyslogConfig)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(r.dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r.cmd = exec.Command(program, "-n", "-f", conf, "-i", filepath.Join(r.dir, "pid"))
	r.cmd.Stdout, r.cmd.Stderr = out, out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() {
		r.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-r.ended:
		case <-time.After(5 * time.Second):
			r.cmd.Process.Kill()
			<-r.ended
		}
		if b, err := os.ReadFile(out.Name()); err == nil && t.Failed() {
			t.Logf("output of the syslog server:\n%.4000s", b)
		}
	})
	for range 300 {
		select {
		case err := <-r.ended:
			r.ended <- err
			b, _ := os.ReadFile(out.Name())
			t.Fatalf("the syslog server ended: %v\n%s", err, b)
		default:
		}
		c, err := net.Dial("tcp", "127.0.0.1:"+r.tls)
		if err == nil {
			c.Close()
			return r
		}
		time.Sleep(20 * time.Millisecond)
	}
	b, _ := os.ReadFile(out.Name())
	t.Fatalf("the syslog server does not listen:\n%s", b)
	return nil
}

// freePort finds one that nobody listens at, outside of the range that systems
// give to connections: there another test could take it before the server.
func freePort(t *testing.T, network string) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + mathrand.IntN(12000))
		var c io.Closer
		var err error
		if network == "udp" {
			c, err = net.ListenPacket("udp", "127.0.0.1:"+port)
		} else {
			c, err = net.Listen("tcp", "127.0.0.1:"+port)
		}
		if err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

func (r *rsyslog) certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(r.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(r.dir, "cert.pem")
}

// taken is all that it has written.
func (r *rsyslog) taken(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, "taken"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	whole := b[:strings.LastIndexByte(string(b), '\n')+1]
	if len(whole) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(whole), "\n"), "\n")
}
