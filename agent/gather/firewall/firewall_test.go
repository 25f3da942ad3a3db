package firewall

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// attribute writes one netlink attribute.
func attribute(kind uint16, v []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(v)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, v...)
	return append(b, make([]byte, -len(v)&3)...)
}

func be(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// base writes the message of a base chain.
func base(family byte, table, kind string, hook, policy, uses uint32) []byte {
	b := []byte{family, 0, 0, 0}
	b = append(b, attribute(chainTable, append([]byte(table), 0))...)
	b = append(b, attribute(3, []byte("input\x00"))...)
	b = append(b, attribute(chainHook|1<<15, append(attribute(hookNumber, be(hook)), attribute(2, be(0))...))...)
	b = append(b, attribute(chainPolicy, be(policy))...)
	b = append(b, attribute(chainType, append([]byte(kind), 0))...)
	return append(b, attribute(chainUse, be(uses))...)
}

func TestParseChain(t *testing.T) {
	c, ok := parseChain(base(familyInet, "office", "filter", hookInput, 0, 7))
	if !ok || c != (chain{Family: familyInet, Table: "office", Hook: hookInput, Kind: "filter", Drop: true, Uses: 7}) {
		t.Errorf("%+v, %v", c, ok)
	}
	if _, ok := parseChain(append([]byte{2, 0, 0, 0}, attribute(chainTable, []byte("x\x00"))...)); ok {
		t.Error("a chain without a hook was taken for one with")
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		list    []chain
		word    string
		guarded bool
	}{
		{nil, "allow", false},
		{[]chain{{Family: familyIPv4, Kind: "nat", Hook: hookInput, Uses: 3}}, "allow", false},
		{[]chain{{Family: familyIPv6, Kind: "filter", Hook: hookInput, Drop: true}}, "allow", false},
		{[]chain{{Family: familyIPv4, Kind: "filter", Hook: hookInput}}, "allow", false},
		{[]chain{{Family: familyIPv4, Kind: "filter", Hook: hookInput, Uses: 2}}, "unknown", true},
		{[]chain{{Family: familyIPv4, Kind: "filter", Hook: hookInput, Uses: 2}, {Family: familyInet, Kind: "filter", Hook: hookInput, Drop: true}}, "block", true},
	} {
		if word, guarded := verdict(c.list, hookInput); word != c.word || guarded != c.guarded {
			t.Errorf("%+v: %s, %v", c.list, word, guarded)
		}
	}
}

func TestParseSaved(t *testing.T) {
	s, ok := parseSaved(strings.NewReader("# x\n*nat\n:INPUT DROP [0:0]\n-A x\nCOMMIT\n*filter\n:INPUT DROP [1:2]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j LOG\n" + "-A INPUT " + strings.Repeat("x", 10_000) + "\nCOMMIT\n"))
	if !ok || s != (saved{Input: "block", Output: "allow", Rules: 3, Log: true}) {
		t.Errorf("%+v, %v", s, ok)
	}
	if _, ok := parseSaved(strings.NewReader("*nat\nCOMMIT")); ok {
		t.Error("no filter, and yet something was read")
	}
}

func FuzzFiles(f *testing.F) {
	f.Add("*filter\n:INPUT DROP [0:0]\n-A INPUT -j LOG\nCOMMIT\n")
	f.Add(`<zone target="DROP"><short>x</short><service name="ssh"/><rule><drop/></rule></zone>`)
	f.Add("ENABLED=yes\n### tuple ### allow any 22")
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := parseSaved(strings.NewReader(text)); !ok && s != (saved{}) || s.Rules < 0 {
			t.Errorf("%+v", s)
		}
		parseZone(strings.NewReader(text))
		tuples(strings.NewReader(text))
		for _, v := range values(strings.NewReader(text)) {
			if action(v) == "" {
				t.Errorf("%q has no action", v)
			}
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add(base(familyInet, "t", "filter", hookInput, 0, 1))
	f.Add(bytes.Repeat([]byte{255}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := parseChain(b); ok && len(c.Table) > 256 {
			t.Errorf("%+v", c)
		}
		eachMessage(b, func(_ uint16, body []byte) { parseChain(body) })
	})
}
