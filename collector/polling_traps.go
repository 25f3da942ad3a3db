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
	"muster/internal/inventory"
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
	l := trap.New(trap.Options{Allowed: p.maySend, Users: p.trapUsers, Passwords: p.passwords, Engine: engine, Log: p.c.log, Now: p.c.now,
		Heard: func(n trap.Notice) {
			p.hint(n.From)
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
		device, _ := p.senderOf(n.From)
		if device == "" {
			continue
		}
		err := p.c.door.Note(ctx, device, []store.EventReading{{Kind: kind, At: n.At, Count: 1, Attributes: attributes}})
		if err != nil && ctx.Err() == nil {
			p.c.log.Debug("the event of a trap could not be kept", "from", n.From, "error", err)
		}
	}
}

// senders are addresses of polled devices besides those at which they are
// polled: gear sends traps from whichever of its addresses is nearest.
type senders struct {
	device map[netip.Addr]inventory.DeviceID
	polled map[inventory.DeviceID][]netip.Addr // where
}

// mostSenders bounds the addresses of one device that may send: what it says of
// itself is hostile.
const mostSenders = 256

// learnSenders finds out which addresses are whose: those of aliases, and those
// that a polled device names as its own and no other one does. An address at
// which somebody is polled is that one's.
func (p *polling) learnSenders(ctx context.Context) {
	s := senders{map[netip.Addr]inventory.DeviceID{}, map[inventory.DeviceID][]netip.Addr{}}
	p.mu.Lock()
	byAddr := p.byAddr
	for _, t := range p.targets {
		_, polled := byAddr[t.Address]
		switch {
		case t.Device == "":
		case t.State != store.Alias:
			s.polled[t.Device] = append(s.polled[t.Device], t.Address)
		case !polled:
			s.device[t.Address] = t.Device
		}
	}
	p.mu.Unlock()
	own, err := p.registry.addresses(ctx, s.polled)
	if err != nil && ctx.Err() == nil {
		p.c.log.Warn("traps are heard only from addresses at which gear is polled: which others it has could not be read", "error", err)
	}
	claims := map[netip.Addr]inventory.DeviceID{} // empty: of several
	for id, list := range own {
		for _, a := range list[:min(len(list), mostSenders)] {
			a = a.Unmap().WithZone("")
			_, polled := byAddr[a]
			if _, alias := s.device[a]; polled || alias || !a.IsGlobalUnicast() {
				continue
			}
			if other, ok := claims[a]; ok && other != id {
				claims[a] = ""
			} else {
				claims[a] = id
			}
		}
	}
	for a, id := range claims {
		if id != "" {
			s.device[a] = id
		}
	}
	p.mu.Lock()
	p.senders = s
	p.mu.Unlock()
}

// senderOf is the device that sends from an address; it may not be known yet.
// False: nobody's, and others may send no traps.
func (p *polling) senderOf(a netip.Addr) (inventory.DeviceID, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, ok := p.byAddr[a]; ok {
		return p.targets[id].Device, true
	}
	id, ok := p.senders.device[a]
	return id, ok
}

// maySend says whether traps of an address are heard.
func (p *polling) maySend(a netip.Addr) bool {
	_, ok := p.senderOf(a)
	return ok
}

// hint has the device that sent from an address polled now, wherever that is.
func (p *polling) hint(from netip.Addr) {
	p.poller.Hint(from)
	id, ok := p.senderOf(from)
	if !ok || id == "" {
		return
	}
	p.mu.Lock()
	at := p.senders.polled[id]
	p.mu.Unlock()
	for _, a := range at {
		if a != from {
			p.poller.Hint(a)
		}
	}
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
