package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"

	"muster/collector/snmp/profile/score"
	"muster/collector/snmp/snmptest"
)

// box is a recorded device that answers.
type box struct {
	id    string
	agent *snmptest.Agent
	conn  *net.UDPConn
	at    netip.AddrPort
	done  chan struct{}
}

// mostBad is the share of lines that a recording may have that hold no object:
// names and addresses were blackened in some. With more it is no recording.
const mostBad = 0.1

// fits is how many bytes of variables an agent puts into an answer, so that it
// goes into one Ethernet frame, as real ones do.
const fits = 1400

// boxesOf reads the recordings; none listens yet.
func boxesOf(dir string, expected []score.Expected) ([]*box, error) {
	var out []*box
	for _, e := range expected {
		if e.ID == "" || e.ID != filepath.Base(e.ID) {
			return nil, fmt.Errorf("expected.json: %q is no name of a recording", e.ID)
		}
		w, err := walkOf(filepath.Join(dir, e.ID+".snmprec"))
		if err != nil {
			return nil, err
		}
		b := &box{id: e.ID, agent: snmptest.Playing(w), done: make(chan struct{})}
		b.agent.Ticking = true
		b.agent.Engine = engine(e.ID)
		b.agent.Set(snmptest.Faults{MaxBytes: fits})
		contexts, err := filepath.Glob(filepath.Join(dir, e.ID+"@*.snmprec"))
		if err != nil {
			return nil, err
		}
		for _, file := range contexts {
			_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".snmprec"), "@")
			if b.agent.Contexts[name], err = walkOf(file); err != nil {
				return nil, err
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// engine is an engine of its own for each.
func engine(id string) []byte {
	return append([]byte{0x80, 0, 0, 0, 4}, id[:min(len(id), 27)]...)
}

// walkOf reads a recording.
func walkOf(file string) (snmptest.Walk, error) {
	r, err := score.Read(file)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if r.Lines == 0 {
		return nil, fmt.Errorf("recording %s is empty", file)
	}
	if float64(r.Bad) > mostBad*float64(r.Lines) {
		return nil, fmt.Errorf("recording %s, line %d: OID|TAG|VALUE is expected; %d of %d lines are not like that", file, r.FirstBad, r.Bad, r.Lines)
	}
	return snmptest.Of(r.Variables()), nil
}

// network holds the addresses of the boxes. Each has one of its own, since who
// has an address is part of who a device is.
func network() netip.Addr { return netip.AddrFrom4([4]byte{127, 21, 0, 0}) }

// serve lets all answer.
func serve(boxes []*box) error {
	a := network()
	for _, b := range boxes {
		a = a.Next()
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		if err != nil {
			return fmt.Errorf("answer for %s: %w; Linux has all of 127.0.0.0/8, elsewhere the address has to be added to the loopback interface", b.id, err)
		}
		b.conn, b.at = c, c.LocalAddr().(*net.UDPAddr).AddrPort()
		go func() {
			defer close(b.done)
			b.agent.Serve(c)
		}()
	}
	return nil
}

func (b *box) close() {
	if b.conn != nil {
		b.conn.Close()
		<-b.done
	}
}
