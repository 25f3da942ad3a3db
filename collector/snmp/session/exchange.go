package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gosnmp/gosnmp"
)

const (
	// firstTimeout is how long a device is waited for that nothing is known of.
	firstTimeout = 2 * time.Second
	minTimeout   = 500 * time.Millisecond
	maxTimeout   = 5 * time.Second
	// maxNoise is how many packets that answer nothing are read for one that was
	// sent. A device that floods is as good as silent.
	maxNoise = 64
	// maxResync is how often one question is sent again at once because the
	// engine's identity or clock was not what we thought.
	maxResync = 3
)

// errStrange: the packet is well formed and answers no question of ours.
var errStrange = errors.New("answer to another question")

// request is one packet to send.
type request struct {
	kind        gosnmp.PDUType
	names       []string
	repetitions int // of GETBULK
}

// budget is what a table may still spend.
type budget struct {
	requests int
}

// sent is a packet on its way.
type sent struct {
	id  int32
	at  time.Time
	req request
}

// exchange sends a request and hands the answer to take, with the request it
// answers. A repetition may be another request, as shrink makes it. take returns
// errStrange for an answer to another question, which is then waited for
// further.
func (v *view) exchange(ctx context.Context, req request, b *budget, shrink func(*request), take func(*gosnmp.SnmpPacket, request) error) error {
	x := exchange{view: v, b: b, take: take}
	timeout := v.timeout()
	for try := 0; ; try++ {
		done, err := x.try(ctx, req, timeout)
		if done {
			return err
		}
		x.last = err
		if x.version == gosnmp.Version3 && !x.met && !x.proven {
			// Some agents say nothing to those who know another engine.
			x.learn(func(l *Learned) { l.Engine = nil })
		}
		if try >= v.o.Retries {
			return x.failed()
		}
		if v.o.Timeout == 0 {
			timeout = min(2*timeout, maxTimeout)
		}
		if try > 0 && shrink != nil {
			// The first repetition is the same: it is more often the network
			// that loses a packet than the size of it.
			shrink(&req)
		}
	}
}

// exchange is one question with its repetitions.
type exchange struct {
	*view
	b       *budget
	take    func(*gosnmp.SnmpPacket, request) error
	ways    []sent
	last    error // of the last try
	garbage error // the last packet that could not be read
	greeted int   // tries that nothing answered although the engine told its name
	resync  int
}

// failed says why there is no answer.
func (x *exchange) failed() error {
	switch {
	case errors.Is(x.last, ErrRefused):
		return x.last
	case x.garbage != nil:
		return fmt.Errorf("%w: %w", ErrGarbage, x.garbage)
	case x.greeted > 1:
		return fmt.Errorf("%w: device tells its engine and then says nothing to user %q: its cipher or the password of it is another", ErrCredential, x.o.Credential.User)
	}
	return x.last
}

// timeout is how long an answer is waited for.
func (s *Session) timeout() time.Duration {
	switch {
	case s.o.Timeout > 0:
		return s.o.Timeout
	case s.learned.RoundTrip > 0:
		return min(max(3*s.learned.RoundTrip, minTimeout), maxTimeout)
	}
	return firstTimeout
}

// try sends once and waits. done says that no further try helps.
func (x *exchange) try(ctx context.Context, req request, timeout time.Duration) (done bool, err error) {
	for {
		if x.version == gosnmp.Version3 && x.learned.Engine == nil {
			if err := x.discover(ctx, timeout); err != nil {
				return final(err), err
			}
		}
		again, err := x.once(ctx, req, timeout)
		if err == nil {
			return true, nil
		}
		if again && x.resync < maxResync {
			x.resync++
			continue
		}
		return final(err), err
	}
}

// final says whether repeating cannot help.
func final(err error) bool {
	return !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrRefused)
}

// once sends one packet and waits for its answer. again says that what was not
// right about it is put right.
func (x *exchange) once(ctx context.Context, req request, timeout time.Duration) (again bool, err error) {
	way := sent{id: x.nextID(), req: req}
	if err := x.write(way.id, req); err != nil {
		return false, err
	}
	if err := x.send(ctx, &way.at); err != nil {
		return false, err
	}
	x.ways = append(x.ways, way)
	err = x.receive(ctx, timeout, func() error {
		err := x.judge()
		if errors.Is(err, errAgain) {
			again = true
		}
		return err
	})
	if errors.Is(err, ErrTimeout) && x.version == gosnmp.Version3 && x.met && !x.proven {
		x.greeted++
	}
	return again, err
}

// send sends the packet that was written.
func (x *exchange) send(ctx context.Context, at *time.Time) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if x.b != nil {
		if x.b.requests <= 0 {
			return fmt.Errorf("%w: as many packets as one table may take", ErrLimit)
		}
		x.b.requests--
	}
	link, err := x.way()
	if err != nil {
		return err
	}
	*at = time.Now()
	x.count(func(n *Stats) { n.Requests++ })
	if err := link.Send(x.packet); err != nil {
		if errors.Is(err, ErrRefused) {
			x.count(func(n *Stats) { n.Refused++ })
		}
		return fmt.Errorf("ask %v: %w", x.o.Address, err)
	}
	return nil
}

// receive waits until judge is content with a packet, whose outside lies in
// x.frame.
func (x *exchange) receive(ctx context.Context, timeout time.Duration, judge func() error) error {
	until := time.Now().Add(timeout)
	for range maxNoise {
		link, err := x.way()
		if err != nil {
			return err
		}
		var verdict error
		err = link.Receive(ctx, until, func(packet []byte) {
			x.heard = nil
			if x.frame, verdict = look(packet); verdict == nil {
				verdict = judge()
			}
			x.note(len(packet), verdict)
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			x.count(func(n *Stats) { n.Timeouts++ })
			return fmt.Errorf("%w from %v within %v", ErrTimeout, x.o.Address, timeout.Round(time.Millisecond))
		case errors.Is(err, ErrRefused):
			x.count(func(n *Stats) { n.Refused++ })
			return err
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("hear %v: %w", x.o.Address, err)
		}
		if errors.Is(verdict, ErrForm) || errors.Is(verdict, ErrDecrypt) {
			x.garbage = verdict
		} else if !errors.Is(verdict, errStrange) {
			return verdict
		}
	}
	return fmt.Errorf("%w from %v: %d packets came and none is one", ErrTimeout, x.o.Address, maxNoise)
}

// note counts what became of a packet.
func (x *exchange) note(size int, verdict error) {
	x.count(func(n *Stats) {
		n.Bytes += int64(size)
		switch {
		case errors.Is(verdict, ErrForm), errors.Is(verdict, ErrDecrypt):
			n.Garbage++
		case errors.Is(verdict, errStrange):
			n.Strange++
		case x.heard.PDUType == gosnmp.Report:
			n.Reports++
		default:
			n.Answers++
			n.Variables += int64(len(x.heard.Variables))
		}
	})
}

// write makes the packet of a request.
func (x *exchange) write(id int32, req request) (err error) {
	if len(x.community) > maxCommunity {
		return fmt.Errorf("community with context %q has %d bytes, at most %d", x.name, len(x.community), maxCommunity)
	}
	m := &x.said
	m.Version, m.Community = x.version, x.community
	m.PDUType, m.RequestID, m.MaxRepetitions = req.kind, uint32(id), uint32(req.repetitions)
	m.Variables = m.Variables[:0]
	for _, n := range req.names {
		m.Variables = append(m.Variables, gosnmp.SnmpPDU{Name: n, Type: gosnmp.Null})
	}
	if x.version == gosnmp.Version3 {
		if err := x.protect(id); err != nil {
			return err
		}
	}
	if x.packet, err = m.MarshalMsg(); err != nil {
		return fmt.Errorf("write SNMP message: %w", err)
	}
	return nil
}

// judge says whether a packet answers the question, and hands it on.
func (x *exchange) judge() (err error) {
	if x.frame.version != x.version {
		return errStrange
	}
	if x.version == gosnmp.Version3 {
		err = x.open()
	} else {
		x.heard, err = x.decoder.read(&x.frame, nil)
	}
	if err != nil {
		return err
	}
	m := x.heard
	if m.PDUType != gosnmp.GetResponse {
		return errStrange
	}
	for i := range x.ways {
		w := &x.ways[i]
		if uint32(w.id) != m.RequestID {
			continue
		}
		if err := x.take(m, w.req); err != nil {
			return err
		}
		x.answered(time.Since(w.at))
		return nil
	}
	return errStrange
}

// answered learns how long an answer takes.
func (x *exchange) answered(took time.Duration) {
	x.proven = true
	took = max(took, time.Millisecond) // 0 is not known
	x.learn(func(l *Learned) {
		if took >= l.RoundTrip {
			l.RoundTrip = min(took, maxTimeout)
		} else {
			l.RoundTrip -= (l.RoundTrip - took) / 32
		}
	})
}
