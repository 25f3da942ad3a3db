package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gosnmp/gosnmp"
)

// Session asks one device.
type Session struct {
	o       Options
	version gosnmp.SnmpVersion

	// turn is held by the question that is asked. What lies below it is that
	// question's alone; mu is for what others look at meanwhile.
	turn     chan struct{}
	id       int32
	keys     *keys // of version 3, at the engine that was asked last
	met      bool  // an engine told its name and clock since Open
	proven   bool  // an answer came that only the engine can have given
	bulked   bool  // a GETBULK was answered as it should be
	good     int   // full answers since the size of questions last changed
	goodGets int   // as good, for GET
	said     gosnmp.SnmpPacket
	packet   []byte // the packet said last
	decoder  decoder
	frame    frame              // of the packet heard last
	heard    *gosnmp.SnmpPacket // what it says; nil while that was not read

	mu      sync.Mutex
	link    Link
	closed  bool
	learned Learned
	stats   Stats
}

// maxCommunity is the longest community that gosnmp writes as it is: above, it
// cuts off a part of the length.
const maxCommunity = 127

// Open prepares a session. No packet is sent, and no socket is opened, before
// the first question.
func Open(o Options) (*Session, error) {
	s := &Session{o: o, turn: make(chan struct{}, 1)}
	c := o.Credential
	switch strings.ToLower(c.Version) {
	case "1", "v1":
		s.version = gosnmp.Version1
	case "2c", "v2c":
		s.version = gosnmp.Version2c
	case "3", "v3":
		s.version = gosnmp.Version3
		if err := c.checkUser(); err != nil {
			return nil, fmt.Errorf("credential %s: %w", c.Name, err)
		}
	default:
		return nil, fmt.Errorf("credential %s: there is no version %q of SNMP: there is 3, 2c and 1", c.Name, c.Version)
	}
	if n := len(c.Community); n > maxCommunity {
		return nil, fmt.Errorf("credential %s: community of %d bytes, at most %d", c.Name, n, maxCommunity)
	}
	if !o.Address.IsValid() || o.Address.Port() == 0 {
		return nil, fmt.Errorf("open SNMP session: %v is no address with a port", o.Address)
	}
	if s.o.Dial == nil {
		s.o.Dial = dialUDP
	}
	if s.o.Now == nil {
		s.o.Now = time.Now
	}
	if s.o.Passwords == nil {
		s.o.Passwords = &Passwords{}
	}
	if o.Learned != nil {
		s.learned = *o.Learned.clone()
		if e := s.learned.Engine; e != nil && !GoodEngine(e.ID) {
			s.learned.Engine = nil
		}
	}
	s.bulked = s.learned.Repetitions > 0
	var b [4]byte
	rand.Read(b[:])
	s.id = int32(binary.BigEndian.Uint32(b[:]) & (1<<31 - 1))
	return s, nil
}

// Learned is what is known of the device by now.
func (s *Session) Learned() *Learned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.learned.clone()
}

// Stats counts what was sent and received since Open.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Counts is the part of Stats that tells how asking goes: packets sent, those
// that nothing answered, and answers that were refused as unreadable or to no
// question of ours.
func (s *Session) Counts() (requests, timeouts, refused int64) {
	n := s.Stats()
	return n.Requests, n.Timeouts, n.Garbage + n.Strange
}

// Close gives the socket back and ends a question that is being asked.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.link == nil {
		return nil
	}
	err := s.link.Close()
	s.link = nil
	return err
}

// count changes the statistics.
func (s *Session) count(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

// learn changes what is known of the device.
func (s *Session) learn(f func(*Learned)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.learned)
}

// begin waits for its turn to ask.
func (s *Session) begin(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

func (s *Session) end() { <-s.turn }

// way is the link to the device, opened when there is none.
func (s *Session) way() (Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.link == nil {
		l, err := s.o.Dial(s.o.Address)
		if err != nil {
			return nil, err
		}
		s.link = l
	}
	return s.link, nil
}

// nextID numbers requests. None is 0: agents answer what they could not read
// with that.
func (s *Session) nextID() int32 {
	s.id = (s.id + 1) & (1<<31 - 1)
	if s.id == 0 {
		s.id = 1
	}
	return s.id
}

// Get asks for single objects.
func (s *Session) Get(ctx context.Context, oids ...string) ([]Variable, error) {
	return s.in("").Get(ctx, oids...)
}

// Table follows columns of one table.
func (s *Session) Table(ctx context.Context, columns []string, l Limits) (Table, error) {
	return s.in("").Table(ctx, columns, l)
}

// Walk follows everything below root.
func (s *Session) Walk(ctx context.Context, root string, l Limits) ([]Variable, error) {
	return s.in("").Walk(ctx, root, l)
}

// In is the same device in a context.
func (s *Session) In(context string) Asker { return s.in(context) }

func (s *Session) in(context string) *view {
	if context == "" {
		context = s.o.Credential.Context
	}
	v := &view{Session: s, name: context}
	if s.version != gosnmp.Version3 {
		c := string(s.o.Credential.Community)
		if context != "" {
			c += "@" + context
		}
		v.community = c
	}
	return v
}

// view is a device in one context.
type view struct {
	*Session
	name      string
	community string
}

// In is another context of the same device.
func (v *view) In(context string) Asker { return v.Session.In(context) }
