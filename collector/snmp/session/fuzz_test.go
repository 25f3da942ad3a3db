package session_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

// liar answers each question with the next of its packets, and those that it
// makes fit with the request-id of the question.
type liar struct {
	packets [][]byte
	version int32
	id      int32
	asked   int
}

func (l *liar) Send(packet []byte) error {
	var m message.Message
	if err := m.Parse(packet); err != nil {
		panic(err)
	}
	l.id = m.PDU.ID
	l.asked++
	return nil
}

func (l *liar) Receive(_ context.Context, _ time.Time, take func([]byte)) error {
	if len(l.packets) == 0 {
		return os.ErrDeadlineExceeded
	}
	p := l.packets[0]
	l.packets = append(l.packets[1:], p) // without end
	if len(p) < 3 || p[0]%4 == 0 {
		take(p)
		if l.asked++; l.asked > 5000 {
			return os.ErrDeadlineExceeded
		}
		return nil
	}
	// Of a packet that fits, the first bytes are error-status and -index, the
	// rest is the list of variables.
	body := wrap(message.Integer, binary.BigEndian.AppendUint32(nil, uint32(l.id)))
	body = append(body, wrap(message.Integer, p[1:2])...)
	body = append(body, wrap(message.Integer, p[2:3])...)
	body = append(body, wrap(0x30, p[3:])...)
	all := wrap(message.Integer, []byte{byte(l.version)})
	all = append(all, wrap(message.OctetString, []byte("public"))...)
	all = append(all, wrap(message.Response, body)...)
	take(wrap(0x30, all))
	return nil
}

func (l *liar) Close() error { return nil }

func wrap(tag byte, b []byte) []byte {
	return append([]byte{tag, 0x82, byte(len(b) >> 8), byte(len(b))}, b...)
}

// variables writes a list as it travels.
func variables(f *testing.F, vs ...message.Variable) []byte {
	f.Helper()
	m := message.Message{Version: message.V2c, PDU: message.PDU{Type: message.Response, Variables: vs}}
	var out []byte
	for _, v := range m.PDU.Variables {
		out = append(out, wrap(0x30, append(wrap(message.ObjectIdentifier, v.Name), wrap(v.Tag, v.Value)...))...)
	}
	return out
}

// FuzzAnswers: whatever a device answers, asking it ends, within its limits.
func FuzzAnswers(f *testing.F) {
	cell := func(name string) message.Variable {
		o, err := message.ParseOID(name)
		if err != nil {
			f.Fatal(err)
		}
		return message.Variable{Name: o, Tag: message.Integer, Value: []byte{1}}
	}
	good := variables(f, cell(top+"1.1"), cell(top+"2.1"), cell(top+"1.2"), cell(top+"2.2"))
	f.Add(append([]byte{1, 0, 0}, good...), append([]byte{1, 0, 0}, variables(f, cell(top+"3.1"))...), true)
	f.Add([]byte{1, 1, 0}, append([]byte{1, 0, 0}, good...), false)
	f.Add([]byte{1, 2, 1}, []byte{1, 5, 2}, true)
	f.Add([]byte{0, 1, 2, 3}, []byte{1, 0, 0}, false)
	f.Fuzz(func(t *testing.T, first, second []byte, bulk bool) {
		if len(first) > 20000 || len(second) > 20000 {
			return
		}
		l := &liar{packets: [][]byte{first, second}, version: message.V2c}
		c := session.Credential{Version: "2c", Community: "public"}
		if !bulk {
			c.Version, l.version = "1", message.V1
		}
		s, err := session.Open(session.Options{Address: address(t), Credential: c, Retries: 1, Dial: func(netip.AddrPort) (session.Link, error) { return l, nil }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		limits := session.Limits{Rows: 50, Requests: 100}
		tab, err := s.Table(t.Context(), columns(3), limits)
		if len(tab.Rows) > 50 || tab.Complete != (tab.Fault == nil) || err != nil && tab.Complete {
			t.Fatalf("%d rows, complete %v, %v, %v", len(tab.Rows), tab.Complete, tab.Fault, err)
		}
		for _, r := range tab.Rows {
			if len(r.Cells) != 3 || r.Index == "" {
				t.Fatalf("%+v", r)
			}
		}
		if n := s.Stats().Requests; n > 100 {
			t.Fatalf("%d packets", n)
		}
		if vs, _ := s.Walk(t.Context(), top+"1", limits); len(vs) > 50 {
			t.Fatalf("%d variables", len(vs))
		}
		ask := []string{top + "1.1", top + "2.1", top + "1.2", top + "2.2", top + "9.9"}
		before := s.Stats().Requests
		got, _ := s.Get(t.Context(), ask...)
		for i, at := 0, 0; i < len(got); i++ {
			for at < len(ask) && ask[at] != got[i].OID {
				at++
			}
			if at == len(ask) {
				t.Fatalf("%+v is not what was asked for, in its order", got)
			}
		}
		if n := s.Stats().Requests - before; n > 200 {
			t.Fatalf("%d packets for %d objects", n, len(ask))
		}
	})
}
