//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/agent/send"
	"muster/collector"
	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/authority/seal"
	"muster/collector/store/sqlstore"
	"muster/internal/enroll"
	"muster/internal/report"
)

// answer is what came back for a body.
type answer struct {
	status int
	code   string // of a refusal
	text   string // of a refusal
	after  string
}

func (a answer) String() string { return fmt.Sprintf("%d %s %s", a.status, a.code, a.text) }

// wire is one HTTP client of the agents' listener, with one connection.
type wire struct {
	*http.Client
	address string
}

func newWire(t *testing.T, address string, c *tls.Config) wire {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: c, MaxConnsPerHost: 1, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return wire{&http.Client{Transport: tr, Timeout: 30 * time.Second}, address}
}

// bare is TLS that asks nothing of the server: how the wire meets us, not how
// agents are.
func bare(cert *tls.Certificate) *tls.Config {
	c := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
	if cert != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	return c
}

// post sends a body. An error is one of the connection, such as an alert.
func (w wire) post(path string, body []byte) (answer, error) {
	rs, err := w.Post("https://"+w.address+path, "", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(rs.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: rs.StatusCode, after: rs.Header.Get("Retry-After")}
	if rs.StatusCode != http.StatusOK {
		var no report.Refusal
		if err := report.Unmarshal(b, &no); err != nil {
			return a, fmt.Errorf("status %d without a refusal: %q", rs.StatusCode, b)
		}
		a.code, a.text = no.Code, no.Message
	}
	return a, nil
}

// enrolBody is a request to become a device, with a new key.
func enrolBody(t *testing.T, token enroll.Secret) []byte {
	t.Helper()
	key, err := enroll.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := enroll.CSR(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := enroll.Request{Token: token, CSR: csr, Hostname: "e2e", OS: "linux", Arch: "amd64", AgentVersion: "1"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func renewBody(t *testing.T) []byte {
	t.Helper()
	key, err := enroll.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := enroll.CSR(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := enroll.RenewRequest{CSR: csr}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// F25: a token for one device, used many times at once, makes one.
func TestF25_SingleUseTokenInParallel(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	v := o.invite(1)
	n := times(100, 1000)
	var won atomic.Int64
	var wg sync.WaitGroup
	for range n {
		body := enrolBody(t, v.Token)
		w := newWire(t, o.agents, bare(nil))
		wg.Go(func() {
			a, err := w.post(send.PathEnroll, body)
			switch {
			case err != nil:
				t.Error(err)
			case a.status == http.StatusOK:
				won.Add(1)
			case a.code != string(enroll.CodeTokenUsedUp):
				t.Errorf("refused otherwise: %s", a)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d certificates were given for a token of one use", won.Load())
	}
	list, err := o.api().DeviceList(t.Context(), api.DeviceListInput{})
	if err != nil {
		t.Fatal(err)
	}
	if list.Total != 1 {
		t.Errorf("%d devices are in the inventory", list.Total)
	}
	o.stop(t)
}

// F26: a device is revoked while its connection is open. It is refused on
// every route at once; with a new invitation it may come back.
func TestF26_RevokedWhileConnected(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	v := o.invite(1)
	or := NewOracle(filepath.Join(o.dir, "devices"), DefaultScript(), quiet())
	if err := or.Enrol(t.Context(), 1, v); err != nil {
		t.Fatal(err)
	}
	d := or.Devices[0]
	w := newWire(t, o.agents, clientTLS(t, d.Member.Identity()))
	send1 := func() answer {
		if err := d.Issue(); err != nil {
			t.Fatal(err)
		}
		b, err := d.Body(d.first, 100)
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.post(send.PathReports, b)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := send1(); a.status != http.StatusOK {
		t.Fatalf("before: %s", a)
	}
	o.must("device", "revoke", string(d.ID), "--reason", "lost")
	begin := time.Now()
	for a := send1(); a.status == http.StatusOK; a = send1() {
		if time.Since(begin) > 5*time.Second {
			t.Fatal("still taken 5 s after it was revoked")
		}
	}
	t.Logf("refused after %s", time.Since(begin))
	for path, body := range map[string][]byte{send.PathRenew: renewBody(t), send.PathEnroll: enrolBody(t, v.Token)} {
		a, err := w.post(path, body)
		if err != nil || a.status == http.StatusOK {
			t.Errorf("%s: %s, %v", path, a, err)
		}
		t.Logf("%s: %s", path, a)
	}
	if a := send1(); a.code != report.CodeRevoked || !strings.Contains(a.text, "enrol it with a new enrolment string") {
		t.Errorf("refused with %s", a)
	}
	o.stop(t)
}

// The real agent of a revoked device says what to do, and a new invitation
// lets it back in as another device, with what had waited.
func TestRevokedAgentComesBackWithNewInvitation(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("")
	e.once()
	first := e.device()
	o.must("device", "revoke", first, "--reason", "lost")
	p := e.run("--once")
	if code := p.wait(t, 30*time.Second); code == 0 {
		t.Errorf("a revoked agent delivered:\n%s", p.out)
	}
	oneLine(t, p.out.String(), "muster enroll new|new enrolment string")
	e.invite(o.inviteText(1))
	e.once()
	second := e.device()
	if second == first || second == "" {
		t.Fatalf("device %q after %q was revoked", second, first)
	}
	if o.show(second).Sections["software"] == nil {
		t.Error("nothing of it arrived under its new name")
	}
	o.stop(t)
}

// F27: certificates that are not good. None is taken.
func TestF27_CertificatesThatAreNotGood(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	var shift atomic.Int64
	clock := func(c *collector.Options) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	}
	o.inside(clock)
	or := o.oracle(1, DefaultScript())
	d := or.Devices[0]
	good := d.Member.Identity()
	if err := d.Issue(); err != nil {
		t.Fatal(err)
	}
	body, err := d.Body(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	o.stop(t)
	caCert, caKey := o.caKey()
	o.inside(clock)

	real := &tls.Certificate{Certificate: [][]byte{good.Cert.Raw}, PrivateKey: good.Key}
	stranger, strangerKey := newCA(t, caCert.Subject)
	now := time.Now()
	for _, c := range []struct {
		name  string
		cert  *tls.Certificate
		shift time.Duration
		codes string
	}{
		{"expired", real, 31 * 24 * time.Hour, report.CodeExpired},
		{"not yet valid", real, -48 * time.Hour, string(enroll.CodeNotYet)},
		{"none", nil, 0, string(enroll.CodeNoCertificate) + "|" + report.CodeUnknown},
		{"of another CA with our name", leaf(t, stranger, strangerKey, string(d.ID), ecKey(t, elliptic.P256()), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeWrongCA)},
		{"for servers", leaf(t, caCert, caKey, string(d.ID), ecKey(t, elliptic.P256()), now, x509.ExtKeyUsageServerAuth), 0, string(enroll.CodeWrongUse)},
		{"signed by our CA, never given", leaf(t, caCert, caKey, string(d.ID), ecKey(t, elliptic.P256()), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeUnknown)},
		{"given key, other certificate", leaf(t, caCert, caKey, string(d.ID), good.Key, now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeUnknown)},
		{"RSA 1024", leaf(t, caCert, caKey, string(d.ID), rsaKey(t, 1024), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeKey)},
		{"RSA 3072", leaf(t, caCert, caKey, string(d.ID), rsaKey(t, 3072), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeKey)},
		{"P-384", leaf(t, caCert, caKey, string(d.ID), ecKey(t, elliptic.P384()), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeKey)},
		{"Ed25519", leaf(t, caCert, caKey, string(d.ID), edKey(t), now, x509.ExtKeyUsageClientAuth), 0, string(enroll.CodeKey)},
		{"the CA's own", &tls.Certificate{Certificate: [][]byte{caCert.Raw}, PrivateKey: caKey}, 0, string(enroll.CodeWrongUse) + "|" + string(enroll.CodeWrongCA) + "|" + string(enroll.CodeUnknown)},
	} {
		t.Run(c.name, func(t *testing.T) {
			shift.Store(int64(c.shift))
			defer shift.Store(0)
			w := newWire(t, o.agents, bare(c.cert))
			routes := map[string][]byte{send.PathReports: body, send.PathRenew: renewBody(t)}
			if c.name == "expired" {
				delete(routes, send.PathRenew) // that is what renewal is for
			}
			for path, b := range routes {
				a, err := w.post(path, b)
				switch {
				case err != nil:
					t.Logf("%s: %v", path, err) // refused by TLS
				case a.status == http.StatusOK:
					t.Errorf("%s: accepted", path)
				case !strings.Contains("|"+c.codes+"|", "|"+a.code+"|"):
					t.Errorf("%s: refused with %s, want %s", path, a, c.codes)
				}
			}
		})
	}
	if err := or.Settle(t.Context(), 30*time.Second); err != nil {
		t.Errorf("the good one: %v", err)
	}
	o.stop(t)
}

// caKey reads the CA's key as somebody would who took the whole data folder.
func (o *office) caKey() (*x509.Certificate, *ecdsa.PrivateKey) {
	o.t.Helper()
	ctx := context.Background()
	s, err := seal.Load(filepath.Join(o.data, "secret.key"))
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := sqlstore.OpenControl(ctx, filepath.Join(o.data, "control.db"), sqlstore.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		o.t.Fatal(err)
	}
	defer c.Close()
	list, err := c.AllAuthorities(ctx)
	if err != nil || len(list) != 1 || list[0].State != authority.Active {
		o.t.Fatalf("%d CAs, %v", len(list), err)
	}
	pem, err := s.Open("authority/"+list[0].Hash.String(), list[0].SealedKey)
	if err != nil {
		o.t.Fatal(err)
	}
	key, err := enroll.ParseKey(pem)
	if err != nil {
		o.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(list[0].Certificate)
	if err != nil {
		o.t.Fatal(err)
	}
	return cert, key
}

func newCA(t *testing.T, name pkix.Name) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := ecKey(t, elliptic.P256()).(*ecdsa.PrivateKey)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: name, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// leaf is a certificate over a key, for a use.
func leaf(t *testing.T, ca *x509.Certificate, caKey crypto.Signer, name string, key crypto.Signer, now time.Time, use x509.ExtKeyUsage) *tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(8), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, ca, key.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func ecKey(t *testing.T, c elliptic.Curve) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func edKey(t *testing.T) crypto.Signer {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// F28: the CA is rotated while devices report and renew, and some sleep
// through a step. No honest device is refused.
func TestF28_RotationUnderLoad(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.inside()
	or := o.oracle(times(30, 200), DefaultScript())
	asleep := or.Devices[:5]
	awake := &Oracle{Script: or.Script, Devices: or.Devices[5:]}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- awake.Run(ctx, 300*time.Millisecond) }()
	step := func(stage string) {
		t.Helper()
		if _, err := o.muster("ca", "rotate", "--stage", stage, "--force"); err != nil {
			t.Fatal(err)
		}
	}
	cas := func(d *Device, n int) error {
		if have := len(d.Member.Identity().CAs); have != n {
			return fmt.Errorf("device %d trusts %d CAs, want %d", d.N, have, n)
		}
		return nil
	}
	all := func(list []*Device, f func(*Device) error) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			for _, d := range list {
				if err := f(d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	before := or.Devices[0].Member.Identity().Cert.AuthorityKeyId
	step("publish")
	all(awake.Devices, func(d *Device) error { return cas(d, 2) })
	step("activate")
	// Those that slept through both come back with what they knew.
	if err := settleAll(ctx, asleep); err != nil {
		t.Error(err)
	}
	all(asleep, func(d *Device) error { return cas(d, 2) })
	for _, d := range or.Devices {
		d.renew.Store(true) // as two thirds of the old certificate's life pass
	}
	if err := settleAll(ctx, asleep); err != nil {
		t.Error(err)
	}
	all(or.Devices, func(d *Device) error {
		if c := d.Member.Identity().Cert; bytes.Equal(c.AuthorityKeyId, before) {
			return fmt.Errorf("device %d still has a certificate of the old CA", d.N)
		}
		return nil
	})
	step("remove")
	if err := settleAll(ctx, asleep); err != nil {
		t.Error(err)
	}
	all(or.Devices, func(d *Device) error { return cas(d, 1) })
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if n := or.Counts().Refused; n > 0 {
		t.Errorf("%d honest requests were refused", n)
	}
	if c := or.Counts(); c.Failed > 0 {
		t.Errorf("%d tries failed, the last one: %v", c.Failed, or.lastError())
	}
	o.finish(or)
}

func settleAll(ctx context.Context, list []*Device) error {
	for _, d := range list {
		if err := d.settle(ctx); err != nil {
			return fmt.Errorf("device %d: %w", d.N, err)
		}
	}
	return nil
}
