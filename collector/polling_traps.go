package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"

	"muster/collector/snmp/session"
	"muster/collector/snmp/trap"
	"muster/collector/store"
	"muster/internal/segment"
)

// texts are the items of a list, as a column of lists holds them; another text
// is one item.
func texts(v any) []string {
	s, _ := v.(string)
	if s == "" {
		return nil
	}
	var list []string
	if json.Unmarshal([]byte(s), &list) == nil {
		return list
	}
	return []string{s}
}

// listen hears traps until ctx ends.
func (p *polling) listen(ctx context.Context) error {
	address := p.c.cfg.SNMP.Traps
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return fmt.Errorf("listen for traps on %s: %w; name another address with snmp.traps, or leave it empty", address, err)
	}
	engine, err := p.engine()
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	notes := make(chan trap.Notice, 1024)
	l := trap.New(trap.Options{Allowed: p.isPolled, Users: p.trapUsers, Passwords: p.passwords, Engine: engine, Log: p.c.log, Now: p.c.now,
		Heard: func(n trap.Notice) {
			p.poller.Hint(n.From)
			select {
			case notes <- n:
			default: // the hint is what counts
			}
		}})
	p.trapped.Store(l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.noteTraps(ctx, notes)
	}()
	p.c.log.Info("traps are heard", "address", socket.LocalAddr().String())
	err = l.Run(ctx, socket)
	close(notes)
	<-done
	return err
}

// noteTraps keeps the events of traps.
func (p *polling) noteTraps(ctx context.Context, notes <-chan trap.Notice) {
	for n := range notes {
		kind, attributes, ok := n.Event()
		if !ok || ctx.Err() != nil {
			continue
		}
		p.mu.Lock()
		device := p.targets[p.byAddr[n.From]].Device
		p.mu.Unlock()
		if device == "" {
			continue
		}
		err := p.c.door.Note(ctx, device, []store.EventReading{{Kind: kind, At: n.At, Count: 1, Attributes: attributes}})
		if err != nil && ctx.Err() == nil {
			p.c.log.Debug("the event of a trap could not be kept", "from", n.From, "error", err)
		}
	}
}

// isPolled says whether a target is at an address: others may send no traps.
func (p *polling) isPolled(a netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.byAddr[a]
	return ok
}

// trapUsers are the users of version 3.
func (p *polling) trapUsers() []session.Credential {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []session.Credential
	for _, c := range p.credentials {
		if c.Version == store.SNMPv3 {
			out = append(out, c.open)
		}
	}
	return out
}

// engineFile holds who we are to senders of informs, and how often we started
// (RFC 3414 §2.2.2: both outlive a restart).
const engineFile = "snmp-engine"

// engine reads it, and counts this start.
func (p *polling) engine() (trap.Engine, error) {
	path := filepath.Join(p.c.cfg.Data, engineFile)
	var e trap.Engine
	b, err := segment.ReadState(segment.OS(), path)
	switch {
	case err == nil:
		err = json.Unmarshal(b, &e)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil || len(e.ID) < 5 || e.Boots < 0 || e.Boots >= 1<<31-2 {
		if err != nil {
			p.c.log.Warn("the engine of SNMP traps begins anew: senders of informs learn it again", "error", err)
		}
		e = trap.Engine{ID: trap.NewEngineID()}
	}
	e.Boots++
	if b, err = json.Marshal(e); err == nil {
		err = segment.WriteState(segment.OS(), path, b)
	}
	if err != nil {
		return e, fmt.Errorf("keep the engine of SNMP traps: %w", err)
	}
	return e, nil
}
