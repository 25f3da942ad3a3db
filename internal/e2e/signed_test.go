//go:build linux

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// signs is an office's SIGN: it writes down what it is asked to sign, and signs
// what is of Windows, in place.
const signs = `#!/bin/sh
set -eu
here=$(dirname "$0")
echo "$1" >>"$here/asked"
case $1 in
*.exe | *.msi)
	osslsigncode sign -certs "$here/cert.pem" -key "$here/key.pem" -h sha256 -in "$1" -out "$here/signed" >/dev/null
	cat "$here/signed" >"$1"
	rm "$here/signed"
	;;
esac
`

// With SIGN each program for Windows and macOS is signed before it is packed,
// and the MSI afterwards; sums are of what was signed. A signature that fails
// fails the build.
func TestSignedPackages(t *testing.T) {
	dir := folder(t)
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	cert := filepath.Join(dir, "cert.pem")
	run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Test Office", "-addext", "extendedKeyUsage=codeSigning",
		"-keyout", filepath.Join(dir, "key.pem"), "-out", cert)
	sign := filepath.Join(dir, "sign")
	if err := os.WriteFile(sign, []byte(signs), 0o700); err != nil {
		t.Fatal(err)
	}
	dist := packages(t, "ARCHES=amd64", "SYSTEMS=windows darwin", "NAMES=muster-agent", "SIGN="+sign)

	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(asked)) {
		names = append(names, filepath.Base(strings.TrimSpace(line)))
	}
	msi := one(t, dist, "*.msi")
	if got, want := strings.Join(names, " "), "muster-agent.exe "+filepath.Base(msi)+" muster-agent"; got != want {
		t.Errorf("asked to sign %q, want %q", got, want)
	}
	zipped, inside := folder(t), folder(t)
	unzip(t, one(t, dist, "*.zip"), zipped)
	run("msiextract", "-C", inside, msi)
	program := filepath.Join(zipped, "muster-agent.exe")
	for _, file := range []string{program, msi} {
		if out := run("osslsigncode", "verify", "-CAfile", cert, "-in", file); !strings.Contains(out, "Signature verification: ok") {
			t.Errorf("%s is not signed:\n%s", filepath.Base(file), out)
		}
	}
	packed := strings.TrimSpace(run("find", inside, "-name", "muster-agent.exe"))
	a, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(packed); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the MSI holds another program than the archive (%v)", err)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dist
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sums: %v\n%s", err, out)
	}

	cmd := exec.Command("make", "-s", "packages", "DIST="+folder(t))
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "ARCHES=amd64", "SYSTEMS=darwin", "NAMES=muster-agent", "SIGN=/bin/false")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("packages were built although nothing could be signed:\n%s", out)
	}
}
