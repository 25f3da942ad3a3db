// Package antivirus reads section antivirus: products against malware, virus
// scanners and EDR, with their state and the age of their signatures.
//
// It owns the table of known products. It must not run any of them, nor read
// more of their files than versions and dates.
package antivirus

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/keyfile"
	"muster/agent/host"
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, faults, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	r, err := gather.Rows(rows, asked...)
	r.Faults = faults
	return r, err
}

// cvd is the head of a ClamAV database.
type cvd struct {
	Made    time.Time
	Version string
}

// cvdHead is its length in bytes (ClamAV's manual, "CVD format").
const cvdHead = 512

// parseCVD reads the head of a .cvd or .cld file, fields divided by colons:
//
//	ClamAV-VDB:03 Jun 2024 08-30 +0000:27295:2062398:90:digest:signature:builder:1717403400
func parseCVD(b []byte) (c cvd, ok bool) {
	if len(b) > cvdHead {
		b = b[:cvdHead]
	}
	w := strings.Split(string(bytes.TrimRight(b, " \x00\n")), ":")
	if len(w) < 8 || w[0] != "ClamAV-VDB" {
		return c, false
	}
	if _, err := strconv.ParseUint(w[2], 10, 32); err != nil {
		return c, false
	}
	c.Version = w[2]
	if at, err := time.Parse("02 Jan 2006 15-04 -0700", w[1]); err == nil {
		c.Made = at.UTC()
	}
	return c, true
}

// parseINI finds a key in a file of KEY=VALUE, whatever section it is in.
func parseINI(r io.Reader, want string) (value string) {
	_ = keyfile.Parse(r, func(_, key, v string) {
		if value == "" && strings.EqualFold(key, want) {
			value = keyfile.Unquote(v)
		}
	})
	return cleanVersion(value)
}

// parseJSON finds a text of an object.
func parseJSON(b []byte, want string) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil {
		return ""
	}
	var s string
	if json.Unmarshal(m[want], &s) != nil {
		return ""
	}
	return cleanVersion(s)
}

// enforcement reads how Defender is told to work, by the file that a console
// lays down for it.
func enforcement(b []byte) string {
	var m struct {
		Engine struct {
			Level string `json:"enforcementLevel"`
		} `json:"antivirusEngine"`
	}
	if json.Unmarshal(b, &m) != nil {
		return ""
	}
	return m.Engine.Level
}

// cleanVersion keeps what looks like a version.
func cleanVersion(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "v")
	if s == "" || len(s) > 64 || s[0] < '0' || s[0] > '9' {
		return ""
	}
	for _, c := range []byte(s) {
		if c != '.' && c != '-' && c != '_' && c != '+' && c != '~' && c != ':' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return s
}

// inName is the version in a folder's name: elastic-agent-8.13.4-a1b2c3.
func inName(name, prefix string) string {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, "-")
	if !strings.Contains(v, ".") {
		return ""
	}
	return cleanVersion(v)
}
