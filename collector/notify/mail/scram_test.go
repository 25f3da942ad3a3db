package mail

import (
	"bufio"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"

	"muster/collector/notify/channeltest"
	"muster/collector/notify/mail/mailtest"
)

// TestSCRAM logs in by SCRAM-SHA-256 (RFC 7677), which Debian's Exim does not
// know, at a server of a few lines that checks the proof and proves itself.
func TestSCRAM(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := mailtest.Certificate(t, dir)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const password = "pencil-and-paper"
	results := make(chan string, 4)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			results <- scramSession(c, password)
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	x := exim{&mailtest.Server{Cert: certFile, User: "desk"}}
	for _, auth := range []string{"auto", "scram-sha-256"} {
		c := x.config("127.0.0.1:"+port, "tls")
		c.Auth = auth
		x.Pass = password
		if err := send(t, x.channel(t, c), channeltest.One("scram")); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
		if got := <-results; got != "taken" {
			t.Errorf("%s: the session ended with %q", auth, got)
		}
		x.Pass = "wrong"
		if err := send(t, x.channel(t, c), channeltest.One("scram")); err == nil {
			t.Errorf("%s: a wrong password was taken", auth)
		}
		if got := <-results; got != "wrong proof" {
			t.Errorf("%s: the session ended with %q", auth, got)
		}
	}
}

func scramSession(c net.Conn, password string) string {
	in := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	hear := func() string { s, _ := in.ReadString('\n'); return strings.TrimSpace(s) }
	plain := func(s string) string { b, _ := base64.StdEncoding.DecodeString(s); return string(b) }
	code := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	sum := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}

	say("220 mx.test")
	hear()
	say("250-mx.test\r\n250 AUTH LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS")
	first := hear()
	mechanism, initial, _ := strings.Cut(strings.TrimPrefix(first, "AUTH "), " ")
	if mechanism != "SCRAM-SHA-256" {
		return "it chose " + mechanism
	}
	if initial == "" {
		say("334 ")
		initial = hear()
	}
	bare := strings.TrimPrefix(plain(initial), "n,,")
	_, nonce, _ := strings.Cut(bare, ",r=")
	salt := []byte("salt of the test")
	nonce += rand.Text()
	server := fmt.Sprintf("r=%s,s=%s,i=4096", nonce, code(salt))
	say("334 %s", code([]byte(server)))
	final := plain(hear())
	without, proof, _ := strings.Cut(final, ",p=")
	salted, _ := pbkdf2.Key(sha256.New, password, salt, 4096, sha256.Size)
	all := bare + "," + server + "," + without
	key := sum(salted, "Client Key")
	stored := sha256.Sum256(key)
	signature := sum(stored[:], all)
	for i := range key {
		key[i] ^= signature[i]
	}
	if code(key) != proof || !strings.Contains(without, "r="+nonce) {
		say("535 5.7.8 no")
		return "wrong proof"
	}
	say("334 %s", code([]byte("v="+code(sum(sum(salted, "Server Key"), all)))))
	hear()
	say("235 2.7.0 welcome")
	for {
		switch line := hear(); {
		case strings.HasPrefix(line, "MAIL FROM:<muster@example.org>"), strings.HasPrefix(line, "RCPT TO:<desk@example.org>"):
			say("250 ok")
		case line == "DATA":
			say("354 go on")
			for hear() != "." {
			}
			say("250 taken")
			return "taken"
		default:
			return "it said " + line
		}
	}
}
