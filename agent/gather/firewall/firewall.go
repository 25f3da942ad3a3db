// Package firewall reads section firewall: whether a host firewall is in
// force, and what it does with packets that no rule names.
//
// It owns the files of ufw, firewalld and iptables and the kernel's dumps of
// nftables. It must not load a module of the kernel by asking for it, and it
// keeps no rule, only how many there are.
package firewall

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"io"
	"strings"

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

// action turns a firewall's word into the catalogue's.
func action(word string) string {
	switch strings.ToLower(strings.Trim(word, `"'%`)) {
	case "accept", "allow":
		return "allow"
	case "drop", "deny":
		return "block"
	case "reject":
		return "reject"
	}
	return "unknown"
}

// values reads the keys of a file without sections.
func values(r io.Reader) map[string]string {
	m := map[string]string{}
	_ = keyfile.Parse(r, func(_, key, value string) {
		if len(m) < 500 {
			m[key] = keyfile.Unquote(value)
		}
	})
	return m
}

// tuples counts the rules in ufw's user.rules: each stands behind a comment
// that tells it in ufw's own form.
func tuples(r io.Reader) int64 {
	n := int64(0)
	eachLine(r, func(line []byte) {
		if bytes.HasPrefix(line, []byte("### tuple ###")) {
			n++
		}
	})
	return n
}

// saved is what iptables-save wrote of the table filter.
type saved struct {
	Input, Output string // policies
	Rules         int64
	Log           bool
}

// parseSaved reads the output of iptables-save: *table, :CHAIN POLICY
// [packets:bytes], -A rules, COMMIT.
func parseSaved(r io.Reader) (s saved, ok bool) {
	filter := false
	eachLine(r, func(line []byte) {
		text := string(line)
		switch {
		case strings.HasPrefix(text, "*"):
			filter = text == "*filter"
			ok = ok || filter
		case !filter:
		case strings.HasPrefix(text, ":"):
			if w := strings.Fields(text[1:]); len(w) >= 2 {
				switch w[0] {
				case "INPUT":
					s.Input = action(w[1])
				case "OUTPUT":
					s.Output = action(w[1])
				}
			}
		case strings.HasPrefix(text, "-A "):
			s.Rules++
			s.Log = s.Log || strings.Contains(text, " -j LOG") || strings.Contains(text, " -j NFLOG")
		}
	})
	return s, ok
}

// maxRules bounds a file of rules; address lists make them long.
const maxRules = 16 << 20

// eachLine calls f for every line; those longer than 4 KB are cut.
func eachLine(r io.Reader, f func([]byte)) {
	b := bufio.NewReaderSize(io.LimitReader(r, maxRules), 4<<10)
	more := false
	for {
		line, err := b.ReadSlice('\n')
		if !more {
			f(bytes.TrimSpace(line))
		}
		more = err == bufio.ErrBufferFull
		if err != nil && !more {
			return
		}
	}
}

// zone is a zone of firewalld, firewalld.zone(5).
type zone struct {
	Target string
	Rules  int64
}

// parseZone reads a zone's file. What it lets in are its elements of the first
// level apart from words for people and where it applies.
func parseZone(r io.Reader) (z zone, ok bool) {
	d := xml.NewDecoder(io.LimitReader(r, 1<<20))
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			return z, ok
		}
		switch e := t.(type) {
		case xml.StartElement:
			depth++
			switch {
			case depth == 1 && e.Name.Local == "zone":
				ok = true
				for _, a := range e.Attr {
					if a.Name.Local == "target" {
						z.Target = a.Value
					}
				}
			case depth == 2:
				switch e.Name.Local {
				case "short", "description", "interface", "source":
				default:
					z.Rules++
				}
			}
		case xml.EndElement:
			depth--
		}
	}
}

// chain is a base chain of nftables, as far as it is kept.
type chain struct {
	Family byte
	Table  string
	Hook   uint32
	Kind   string // filter, nat, route
	Drop   bool
	Uses   uint32 // its rules
}

// Numbers of linux/netfilter.h and linux/netfilter/nf_tables.h.
const (
	familyInet = 1
	familyIPv4 = 2
	familyIPv6 = 10

	hookInput  = 1
	hookOutput = 3

	chainTable  = 1
	chainHook   = 4
	chainPolicy = 5
	chainUse    = 6
	chainType   = 7
	hookNumber  = 1
)

// parseChain reads an NFT_MSG_NEWCHAIN message behind its netlink header:
// nfgenmsg of four bytes, then attributes with numbers in network order. ok is
// false for chains that no hook leads to.
func parseChain(b []byte) (c chain, ok bool) {
	if len(b) < 4 {
		return c, false
	}
	c.Family = b[0]
	eachAttribute(b[4:], func(kind uint16, v []byte) {
		switch kind {
		case chainTable:
			c.Table = text(v)
		case chainType:
			c.Kind = text(v)
		case chainPolicy:
			c.Drop = number(v) == 0
		case chainUse:
			c.Uses = number(v)
		case chainHook:
			eachAttribute(v, func(kind uint16, v []byte) {
				if kind == hookNumber && len(v) == 4 {
					c.Hook, ok = number(v), true
				}
			})
		}
	})
	return c, ok
}

func number(v []byte) uint32 {
	if len(v) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

func text(v []byte) string {
	s, _, _ := strings.Cut(string(v[:min(len(v), 256)]), "\x00")
	return s
}

// verdict says what base chains at a hook do with packets over IPv4 that no
// rule names. Of a chain that accepts by policy the last rule may still refuse
// everything, which is not looked at.
func verdict(list []chain, hook uint32) (word string, guarded bool) {
	word = "allow"
	for _, c := range list {
		if c.Hook != hook || c.Kind != "filter" || c.Family != familyInet && c.Family != familyIPv4 {
			continue
		}
		switch {
		case c.Drop:
			return "block", true
		case c.Uses > 0:
			word, guarded = "unknown", true
		}
	}
	return word, guarded
}

// eachMessage calls f for every netlink message: a header of 16 bytes (length,
// type, flags, sequence, port) and its content, aligned to four.
func eachMessage(b []byte, f func(kind uint16, body []byte)) {
	for len(b) >= 16 {
		n := int(binary.NativeEndian.Uint32(b))
		if n < 16 || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[4:]), b[16:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// eachAttribute calls f for every attribute: length and type of two bytes
// each, then the value, aligned to four. The upper two bits of the type are
// marks.
func eachAttribute(b []byte, f func(kind uint16, value []byte)) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:])&0x3fff, b[4:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}
