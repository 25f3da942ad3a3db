package cli

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"muster/collector/api"
	"muster/collector/config"
	"muster/internal/buildinfo"
)

// SocketName is the collector's socket inside its data folder. Whoever can
// open it is an admin, so the folder is the collector's alone.
const SocketName = "muster.sock"

// client finds the collector: the socket of --data, or the address of --server
// with a token; without both, the socket at the system's place if it is there.
func (s *session) client() (*api.Client, error) {
	server := s.server
	if server == "" && s.data == "" {
		server = s.env("MUSTER_SERVER")
	}
	if server != "" {
		return s.remote(server)
	}
	data := s.data
	if data == "" {
		data = config.Default().Data
		if _, err := os.Stat(filepath.Join(data, SocketName)); os.IsNotExist(err) {
			return nil, fmt.Errorf("no collector runs at %s: name its folder with --data DIR on its machine, or use --server https://HOST with a token from --token-file or MUSTER_TOKEN", data)
		}
	}
	path := filepath.Join(data, SocketName)
	if most := longestSocket(runtime.GOOS); len(path) > most {
		return nil, fmt.Errorf("the path %s is longer than the %d bytes that a socket's may have: give --data relative to a folder nearby", path, most)
	}
	c := api.Socket(path)
	s.prepare(c)
	return c, nil
}

func (s *session) prepare(c *api.Client) {
	c.Agent = "muster/" + buildinfo.Read().Version
	c.HTTP.Timeout = api.Patience
}

// longestSocket is the room for a path in sockaddr_un, less the end: 104 bytes
// on the BSDs, 108 elsewhere.
func longestSocket(goos string) int {
	if goos == "darwin" {
		return 103
	}
	return 107
}

func (s *session) remote(server string) (*api.Client, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	trust, err := s.trust()
	if err != nil {
		return nil, err
	}
	c, err := api.Remote(server, token, trust)
	if err != nil {
		return nil, usage("%w", err)
	}
	s.prepare(c)
	return c, nil
}

// token comes by file or environment: what stands on a command line is seen by
// every process of the machine and kept in the shell's history.
func (s *session) token() (api.Secret, error) {
	text, from := s.env("MUSTER_TOKEN"), "MUSTER_TOKEN"
	if s.tokenFile != "" {
		f, err := os.Open(s.tokenFile)
		if err != nil {
			return "", fileError("read token file", s.tokenFile, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			s.note("others on this machine may read %s: chmod 600 it", s.tokenFile)
		}
		b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
		if err != nil {
			return "", fileError("read token file", s.tokenFile, err)
		}
		text, from = string(b), s.tokenFile
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "" && s.tokenFile == "":
		return "", usage("--server needs a token: put it into a file and name that with --token-file, or into MUSTER_TOKEN; muster token new makes one")
	case text == "":
		return "", fmt.Errorf("%s is empty: it is to hold a token, which muster token new makes", from)
	case len(text) > maxSecret || strings.ContainsAny(text, " \t\r\n"):
		return "", fmt.Errorf("%s holds no token: one word without blanks is expected", from)
	}
	return api.Secret(text), nil
}

// trust is what the server's certificate is checked against: the system's
// authorities, or those of --ca alone.
func (s *session) trust() (*tls.Config, error) {
	file := s.ca
	if file == "" {
		file = s.env("MUSTER_CA")
	}
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fileError("read authority", file, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate: PEM that begins with -----BEGIN CERTIFICATE----- is expected", file)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}
