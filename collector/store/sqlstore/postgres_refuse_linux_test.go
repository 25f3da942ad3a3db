package sqlstore

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/store"
	"muster/collector/store/sqlstore/postgrestest"
)

// signer is a CA that signs one server's certificate, for "localhost".
type signer struct{ ca, certificate, key []byte } // PEM

func newSigner(t *testing.T, ends time.Time) signer {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	make := func(c, by *x509.Certificate, signs *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		if by == nil {
			by, signs = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, by, key.Public(), signs)
		must(err)
		made, err := x509.ParseCertificate(der)
		must(err)
		return made, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	begins := time.Now().Add(-48 * time.Hour)
	ca, caKey, caPEM := make(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "database CA"}, NotBefore: begins, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	_, key, certificate := make(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "db"}, DNSNames: []string{"localhost"}, NotBefore: begins, NotAfter: ends,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return signer{caPEM, certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
}

func fileOf(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Over a network: TLS as libpq has it, and passwords. Each refusal says what to
// do, and may be over by itself: nothing was written.
func TestPostgresOverTLS(t *testing.T) {
	mine, other := newSigner(t, time.Now().Add(time.Hour)), newSigner(t, time.Now().Add(time.Hour))
	s, err := postgrestest.StartWith(postgrestest.Options{Certificate: mine.certificate, Key: mine.key,
		Rules: "hostssl all keeper 127.0.0.1/32 scram-sha-256\nhostssl all postgres 127.0.0.1/32 trust"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := s.SQL("postgres", "CREATE ROLE keeper LOGIN PASSWORD 'opossum'"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SQL("postgres", "CREATE DATABASE office OWNER keeper TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	told := "opossum"
	good := Server{Host: "localhost", Port: s.Port, Database: "office", User: "keeper", TLS: "verify-full", CA: fileOf(t, mine.ca), Password: func() (string, error) {
		if told == "" {
			return "", errors.New("postgres.password_file: the file holds nothing: put the password into it")
		}
		return told, nil
	}}
	with := func(f func(*Server)) Server {
		x := good
		f(&x)
		return x
	}
	for name, x := range map[string]struct {
		at   Server
		pass string
		says string // empty: it opens
	}{
		"verify-full":                  {good, "opossum", ""},
		"verify-full by default":       {with(func(x *Server) { x.TLS = "" }), "opossum", ""},
		"verify-ca under another name": {with(func(x *Server) { x.TLS, x.Host = "verify-ca", "127.0.0.1" }), "opossum", ""},
		"require under another CA":     {with(func(x *Server) { x.TLS, x.CA = "require", fileOf(t, other.ca) }), "opossum", ""},
		"another CA":                   {with(func(x *Server) { x.CA = fileOf(t, other.ca) }), "opossum", "name the CA's PEM file with postgres.ca_file"},
		"another CA, verify-ca":        {with(func(x *Server) { x.TLS, x.CA = "verify-ca", fileOf(t, other.ca) }), "opossum", "name the CA's PEM file with postgres.ca_file"},
		"the system's CAs":             {with(func(x *Server) { x.CA = "" }), "opossum", "name the CA's PEM file with postgres.ca_file"},
		"another name":                 {with(func(x *Server) { x.Host = "127.0.0.1" }), "opossum", "write postgres.host as the certificate has it"},
		"in the clear":                 {with(func(x *Server) { x.TLS = "disable" }), "opossum", "set postgres.tls to verify-full"},
		"wrong password":               {good, "wombat", "see postgres.user and password_file"},
		"no password":                  {with(func(x *Server) { x.Password = nil }), "", "see postgres.user and password_file"},
		"an empty file":                {good, "", "put the password into it"},
		"nobody by that name":          {with(func(x *Server) { x.User = "stranger" }), "opossum", "see postgres.user and password_file"},
	} {
		told = x.pass
		i, err := OpenPostgres(t.Context(), x.at, Options{})
		switch {
		case err == nil && i.Close() != nil:
			t.Errorf("%s: it does not close", name)
		case x.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case x.says != "" && (err == nil || !strings.Contains(err.Error(), x.says) || !errors.Is(err, store.ErrBusy) || strings.Contains(err.Error(), "wombat")):
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, x := range map[string]Server{"no such file": with(func(x *Server) { x.CA = "/no/such/ca.pem" }), "no PEM": with(func(x *Server) { x.CA = fileOf(t, []byte("opossum")) }),
		"no such way": with(func(x *Server) { x.TLS = "prefer" })} {
		if _, err := OpenPostgres(t.Context(), x, Options{}); err == nil || errors.Is(err, store.ErrBusy) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A password is read at each connection: one that was changed holds from the
	// next on, and until the file follows the store is busy and not lost.
	told = "opossum"
	x := openOn(t, good)
	addDevice(t, x, 1)
	if _, err := s.SQL("postgres", "ALTER ROLE keeper PASSWORD 'bilby'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'"); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context(), []store.Entry{entry(1, 1)}); !errors.Is(err, store.ErrBusy) {
		t.Errorf("with the old password: %v", err)
	}
	told = "bilby"
	eventually(t, func() error { return x.Commit(t.Context(), []store.Entry{entry(1, 1)}) })
}

// eventually waits until f does what it should.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
		if !errors.Is(err, store.ErrBusy) {
			break
		}
	}
	t.Fatalf("it never does: %v", err)
}

// A server without TLS, and one whose certificate has ended.
func TestPostgresTLSOfTheServer(t *testing.T) {
	late := newSigner(t, time.Now().Add(-time.Hour))
	s, err := postgrestest.StartWith(postgrestest.Options{Certificate: late.certificate, Key: late.key, Rules: "host all all 127.0.0.1/32 trust"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	at := Server{Host: "localhost", Port: s.Port, Database: "postgres", User: postgrestest.User, CA: fileOf(t, late.ca)}
	if _, err := OpenPostgres(t.Context(), at, Options{}); err == nil || !strings.Contains(err.Error(), "is not good; have the server given another") || !errors.Is(err, store.ErrBusy) {
		t.Errorf("a certificate that has ended: %v", err)
	}
	plain, err := postgrestest.StartWith(postgrestest.Options{Certificate: late.certificate, Key: late.key, Rules: "host all all 127.0.0.1/32 trust", Settings: []string{"ssl=off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plain.Stop)
	at.Port = plain.Port
	if _, err := OpenPostgres(t.Context(), at, Options{}); err == nil || !strings.Contains(err.Error(), "does not speak TLS; set ssl = on there") || !errors.Is(err, store.ErrBusy) {
		t.Errorf("no TLS: %v", err)
	}
}

// What suits a collector, and what is said of what does not.
func TestPostgresSuits(t *testing.T) {
	for _, x := range []struct {
		version           int
		encoding          string
		standby, readOnly bool
		says              string
	}{
		{150004, "UTF8", false, false, ""},
		{149999, "UTF8", false, false, "version 15 or newer is needed; move the database"},
		{170000, "LATIN1", false, false, "make it with ENCODING 'UTF8'"},
		{160000, "UTF8", true, true, "name the primary server with postgres.host"},
		{160000, "UTF8", false, true, "default_transaction_read_only = off"},
	} {
		if err := suits("database office at db", x.version, "14.9", x.encoding, x.standby, x.readOnly); x.says == "" && err != nil || x.says != "" && (err == nil || !strings.Contains(err.Error(), x.says)) {
			t.Errorf("%+v: %v", x, err)
		}
	}
}

// A real standby is refused at the start. So is a database that is set to read
// only; one that becomes so is busy, until it is no more.
func TestPostgresReadOnly(t *testing.T) {
	s := realServer(t)
	x := on(s, s.Copy(t))
	standby, err := s.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Stop)
	there := x
	there.Host = standby.Dir
	if _, err := OpenPostgres(t.Context(), there, Options{}); err == nil || !strings.Contains(err.Error(), "is a standby that is only read: name the primary server") {
		t.Errorf("a standby: %v", err)
	}
	set := func(how string) {
		t.Helper()
		if _, err := s.SQL("postgres", "ALTER DATABASE "+x.Database+" "+how); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SQL("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+x.Database+"'"); err != nil {
			t.Fatal(err)
		}
	}
	i := openOn(t, x)
	addDevice(t, i, 1)
	set("SET default_transaction_read_only = on")
	err = nil
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		if err = i.Commit(t.Context(), []store.Entry{entry(1, 1)}); err != nil && strings.Contains(err.Error(), "only read") {
			break
		}
	}
	if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), "name the primary server") {
		t.Errorf("it became read only: %v", err)
	}
	if _, err := OpenControlPostgres(t.Context(), x, Options{}); err == nil || !strings.Contains(err.Error(), "is set to read only") {
		t.Errorf("set to read only: %v", err)
	}
	set("RESET default_transaction_read_only")
	eventually(t, func() error { return i.Commit(t.Context(), []store.Entry{entry(1, 1)}) })
}

// A server that has no connection left is busy, and says how it gets more.
func TestPostgresOutOfConnections(t *testing.T) {
	s := realServer(t)
	name := s.Empty(t)
	if _, err := s.SQL("postgres", "CREATE ROLE few LOGIN; ALTER DATABASE "+name+" OWNER TO few"); err != nil {
		t.Fatal(err)
	}
	at := on(s, name)
	at.User = "few"
	x, err := OpenPostgres(t.Context(), at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	addDevice(t, x, 1)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SQL("postgres", "ALTER ROLE few CONNECTION LIMIT 0"); err != nil {
		t.Fatal(err)
	}
	_, err = OpenPostgres(t.Context(), at, Options{})
	if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), "raise max_connections, or lower postgres.connections") {
		t.Errorf("no connection left: %v", err)
	}
	if _, err := s.SQL("postgres", "ALTER ROLE few CONNECTION LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { // the one before may still be closing
		x, err = OpenPostgres(t.Context(), at, Options{})
		if err != nil || x.Close() != nil {
			return errors.Join(err, store.ErrBusy)
		}
		return nil
	})
}

// What is remembered of identities and accounts beyond a server that was away
// is what is there: whom somebody disabled meanwhile is out, who is new is in.
func TestPostgresControlAfterReconnect(t *testing.T) {
	s, err := postgrestest.Start(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := s.SQL("postgres", "CREATE DATABASE office TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c, err := OpenControlPostgres(ctx, on(s, "office"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // the server is killed: it may have nothing to say
	a := accounts(c, time.Now)
	hash, err := a.HashPassword(ctx, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ines", "jonas"} {
		if _, err := c.PutUser(ctx, account.User{Name: name, Role: account.Staff, Scope: store.Scope{All: true}, Disabled: name == "jonas", CreatedAt: time.Now()}, hash); err != nil {
			t.Fatal(err)
		}
	}
	_, text, err := a.NewToken(ctx, account.Token{Name: "night", Role: account.Admin, Scope: store.Scope{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.SignIn(ctx, "ines", "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ByToken(ctx, text); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	for what, err := range map[string]error{
		"sign in": second(a.SignIn(ctx, "ines", "correct horse battery")), "token": second(a.ByToken(ctx, text)),
		"disable": second(c.PutUser(ctx, account.User{ID: 1, Name: "ines", Role: account.Staff, Disabled: true, CreatedAt: time.Now()}, "")),
	} {
		if !errors.Is(err, store.ErrBusy) || errors.Is(err, account.ErrWrong) || errors.Is(err, account.ErrSignedOut) {
			t.Errorf("%s while the server is away: %v", what, err)
		}
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	// By somebody else than this store: a restore, or an administrator's SQL.
	if _, err := s.SQL("office", "UPDATE control.account_user SET disabled = 1 - disabled; UPDATE control.account_token SET revoked_at = 1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return second(c.Users(ctx)) })
	if _, err := a.SignIn(ctx, "ines", "correct horse battery"); !errors.Is(err, account.ErrWrong) {
		t.Errorf("who was disabled: %v", err)
	}
	if _, err := a.SignIn(ctx, "jonas", "correct horse battery"); err != nil {
		t.Errorf("who was let in: %v", err)
	}
	if _, err := a.ByToken(ctx, text); !errors.Is(err, account.ErrSignedOut) {
		t.Errorf("a token that was revoked: %v", err)
	}
	eventually(t, func() error {
		return second(c.PutUser(ctx, account.User{Name: "kim", Role: account.Intern, CreatedAt: time.Now()}, hash))
	})
	if _, err := a.SignIn(context.WithoutCancel(ctx), "kim", "correct horse battery"); err != nil {
		t.Errorf("who is new: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// What muster doctor lists of a server: each thing, and what to do about those
// that are not as they should be. The tests' server does not sync.
func TestPostgresAbilities(t *testing.T) {
	s := realServer(t)
	at := on(s, s.Copy(t))
	at.Reader = "no_such_role"
	list, err := AbilitiesPostgres(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]bool{"durability": true, "people's SQL": true}
	seen := map[string]int{}
	for _, a := range list {
		seen[a.Name]++
		if a.Found == "" || a.Good != (a.Do == "") || !a.Good && !bad[a.Name] {
			t.Errorf("%+v", a)
		}
		if !a.Good {
			delete(bad, a.Name)
		}
	}
	for _, name := range []string{"version", "durability", "connection", "connections", "ownership", "extension citext", "extension pg_trgm", "autovacuum", "size", "people's SQL"} {
		if seen[name] == 0 {
			t.Errorf("nothing is told of %s: %+v", name, list)
		}
	}
	if len(bad) > 0 {
		t.Errorf("not told: %v", bad)
	}
	at.Database = "no_such"
	if _, err := AbilitiesPostgres(t.Context(), at); !errors.Is(err, store.ErrBusy) {
		t.Errorf("no database: %v", err)
	}
}
