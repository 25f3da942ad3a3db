// Package snmptest is an SNMP agent in the test's own process: it plays small
// walks that were written by hand, in all versions, and has the faults of real
// ones on demand. It answers over UDP on the loopback interface, or over a link
// that takes no socket and works in virtual time.
//
// It must not know what an object means or who asks.
package snmptest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"muster/collector/snmp/snmptest/message"
)

// Agent answers. Its fields are set before it is first asked; Faults can be
// changed at any time with Set.
type Agent struct {
	Community string         // of versions 1 and 2c, default public
	Users     []message.User // of version 3
	Contexts  map[string]Walk
	Engine    []byte
	Boots     int32
	// Ticking lets the clocks of the walk go on: sysUpTime, hrSystemUptime and
	// snmpEngineTime, from what the walk says.
	Ticking bool

	mu      sync.Mutex
	walk    Walk
	started time.Time
	faults  Faults
	log     []Request
	keys    map[string]*message.Keys
	pass    message.Passwords
	clocks  map[string]time.Duration
}

// Request is one that came.
type Request struct {
	Version     int32
	Kind        byte // message.GetRequest and so on
	ID          int32
	Names       []string
	Repetitions int
	Context     string
	Sealed      bool
	Report      string // what it was answered with, if with a report
}

// Faults are those of an agent. The zero Faults has none.
type Faults struct {
	// Dead answers nothing; Refuse lets the system answer that nobody listens,
	// on a link only.
	Dead, Refuse bool
	// Drop says whether the n-th request, from 1, is lost.
	Drop func(n int, r Request) bool
	// Delay is before each answer.
	Delay time.Duration
	// Lag is Delay for the n-th request alone.
	Lag map[int]time.Duration

	MaxVariables   int               // answers to GETBULK are cut there
	MaxBytes       int               // as are they where their variables have more bytes
	MaxRepetitions int               // as are they there
	TooBig         int               // more variables than that are too big
	Silent         int               // more variables than that are answered with nothing
	NoBulk         bool              // GETBULK is not answered
	BulkStatus     int32             // GETBULK is answered with this error
	SkipAbove      int               // with more repetitions every other row is left out
	Status         map[string]int32  // objects that are answered with an error
	NoIndex        bool              // errors do not say which object they are about
	Next           map[string]string // what follows a name, against all order
	Endless        string            // below it rows never end

	WrongID       bool // answers have another request-id
	WrongNames    bool // answers are about other objects
	Unsigned      bool // answers of version 3 are not protected
	Amnesia       bool // the count of boots and the engine's time are always 0 and never believed
	StrangeSilent bool // to an unknown engine it says nothing
	// Tamper makes other packets, any number, of an answer.
	Tamper func(n int, packet []byte) [][]byte
}

// New is an agent that plays a walk.
func New(t testing.TB, walk string) *Agent {
	t.Helper()
	w, err := ParseWalk(walk)
	if err != nil {
		t.Fatal(err)
	}
	return Playing(w)
}

// Playing is the same of a walk that was made otherwise.
func Playing(w Walk) *Agent {
	return &Agent{Community: "public", walk: w, started: time.Now(), Boots: 1, Contexts: map[string]Walk{},
		Engine: []byte{0x80, 0, 0, 0, 5, 't', 'e', 's', 't', '-', '1'}, keys: map[string]*message.Keys{}, clocks: clocks()}
}

// Set changes its faults.
func (a *Agent) Set(f Faults) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = f
}

// Play gives it another walk.
func (a *Agent) Play(w Walk) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.walk = w
}

// Reboot starts its clock anew.
func (a *Agent) Reboot() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Boots++
	a.started = time.Now()
}

// Replace makes it another box at the same address.
func (a *Agent) Replace(engine []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Engine, a.Boots, a.started = engine, 1, time.Now()
	clear(a.keys)
}

// Requests are all that came so far.
func (a *Agent) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.log)
}

// Forget forgets what came.
func (a *Agent) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = nil
}

// Answer is what it answers to a packet, after which time.
func (a *Agent) Answer(packet []byte) (answers [][]byte, after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var m message.Message
	if a.faults.Dead || m.Parse(packet) != nil {
		return nil, 0
	}
	r := Request{Version: m.Version}
	n := len(a.log) + 1
	out, keys, ok := a.reply(&m, &r)
	a.log = append(a.log, r)
	if a.faults.Drop != nil && a.faults.Drop(n, r) || !ok {
		return nil, 0
	}
	b, err := out.Append(nil, keys)
	if err != nil {
		return nil, 0
	}
	after = a.faults.Delay + a.faults.Lag[n]
	if a.faults.Tamper != nil {
		return a.faults.Tamper(n, b), after
	}
	return [][]byte{b}, after
}

// reply makes the answer to a message.
func (a *Agent) reply(m *message.Message, r *Request) (out *message.Message, keys *message.Keys, ok bool) {
	out = &message.Message{Version: m.Version, Community: m.Community}
	walk := a.walk
	if m.Version == message.V3 {
		if keys, walk, ok = a.secure(m, out, r); !ok || r.Report != "" {
			return out, keys, ok
		}
	} else if string(m.Community) != a.Community {
		context, found := cutCommunity(string(m.Community), a.Community)
		if walk = a.Contexts[context]; !found || walk == nil {
			return nil, nil, false
		}
		r.Context = context
	}
	r.Kind, r.ID = m.PDU.Type, m.PDU.ID
	for _, v := range m.PDU.Variables {
		r.Names = append(r.Names, v.Name.String())
	}
	p := &out.PDU
	p.Type, p.ID = message.Response, m.PDU.ID
	switch m.PDU.Type {
	case message.GetRequest:
		a.get(walk, m, p)
	case message.GetNextRequest:
		a.next(walk, m, p)
	case message.GetBulkRequest:
		r.Repetitions = int(m.PDU.Index)
		if m.Version == message.V1 || a.faults.NoBulk {
			return nil, nil, false
		}
		a.bulk(walk, m, p)
	default:
		return nil, nil, false
	}
	switch f := a.faults; {
	case f.Silent > 0 && len(p.Variables) > f.Silent:
		return nil, nil, false
	case f.TooBig > 0 && len(p.Variables) > f.TooBig:
		p.Status, p.Index, p.Variables = 1, 0, nil
	case f.WrongNames:
		for i := range p.Variables {
			p.Variables[i].Name, _ = message.ParseOID("1.3.6.1.4.1.99999.1")
		}
	}
	if a.faults.WrongID {
		p.ID++
	}
	return out, keys, true
}

// cutCommunity takes community@context apart.
func cutCommunity(s, community string) (context string, ok bool) {
	if len(s) <= len(community)+1 || s[:len(community)+1] != community+"@" {
		return "", false
	}
	return s[len(community)+1:], true
}

// fail makes the answer an error about the i-th object, from 0.
func (a *Agent) fail(p *message.PDU, m *message.Message, status int32, i int) {
	p.Status, p.Index = status, int32(i+1)
	p.Variables = slices.Clone(m.PDU.Variables)
	if a.faults.NoIndex {
		p.Index = 0
	}
}

func (a *Agent) get(w Walk, m *message.Message, p *message.PDU) {
	for i, q := range m.PDU.Variables {
		if s := a.faults.Status[q.Name.String()]; s != 0 {
			a.fail(p, m, s, i)
			return
		}
		v, ok := w.get(q.Name)
		v = a.now(v)
		switch {
		case ok && (m.Version != message.V1 || v.Tag != message.Counter64):
			p.Variables = append(p.Variables, v)
		case m.Version == message.V1:
			a.fail(p, m, 2, i)
			return
		default:
			p.Variables = append(p.Variables, message.Variable{Name: q.Name, Tag: message.NoSuchInstance})
		}
	}
}

func (a *Agent) next(w Walk, m *message.Message, p *message.PDU) {
	for i, q := range m.PDU.Variables {
		v, ok := a.after(w, q.Name)
		for ok && m.Version == message.V1 && v.Tag == message.Counter64 {
			v, ok = a.after(w, v.Name) // RFC 3584 §4.2.2.1
		}
		switch s := a.faults.Status[v.Name.String()]; {
		case ok && s != 0:
			a.fail(p, m, s, i)
			return
		case ok:
			p.Variables = append(p.Variables, v)
		case m.Version == message.V1:
			a.fail(p, m, 2, i)
			return
		default:
			p.Variables = append(p.Variables, message.Variable{Name: q.Name, Tag: message.EndOfMibView})
		}
	}
}

func (a *Agent) bulk(w Walk, m *message.Message, p *message.PDU) {
	bytes := 0
	if a.faults.BulkStatus != 0 {
		a.fail(p, m, a.faults.BulkStatus, 0)
		return
	}
	reps := int(m.PDU.Index)
	if r := a.faults.MaxRepetitions; r > 0 {
		reps = min(reps, r)
	}
	at := slices.Clone(m.PDU.Variables)
	for n := range reps {
		for i := range at {
			if most := a.faults.MaxVariables; most > 0 && len(p.Variables) >= most {
				return
			}
			v, ok := a.after(w, at[i].Name)
			if s := a.faults.SkipAbove; ok && s > 0 && reps > s && n%2 == 1 {
				if further, more := a.after(w, v.Name); more {
					v = further
				}
			}
			if !ok {
				v = message.Variable{Name: at[i].Name, Tag: message.EndOfMibView}
			} else if s := a.faults.Status[v.Name.String()]; s != 0 {
				a.fail(p, m, s, i)
				return
			}
			const around = 8 // tags and lengths of a variable
			if bytes += len(v.Name) + len(v.Value) + around; a.faults.MaxBytes > 0 && bytes > a.faults.MaxBytes && len(p.Variables) > 0 {
				return
			}
			p.Variables = append(p.Variables, v)
			at[i] = v
		}
	}
}

// after is what follows a name.
func (a *Agent) after(w Walk, name message.OID) (message.Variable, bool) {
	if to, ok := a.faults.Next[name.String()]; ok {
		o, err := message.ParseOID(to)
		if err != nil {
			panic(err)
		}
		return w.get(o)
	}
	v, ok := w.next(name)
	v = a.now(v)
	if a.faults.Endless == "" {
		return v, ok
	}
	top, err := message.ParseOID(a.faults.Endless)
	if err != nil {
		panic(err)
	}
	below := func(o message.OID) bool { return len(o) > len(top) && string(o[:len(top)]) == string(top) }
	if !below(name) || ok && below(v.Name) {
		return v, ok
	}
	// One more than the last part.
	text := name.String()
	for i := len(text) - 1; ; i-- {
		if text[i] == '.' {
			up, err := message.AppendOID(nil, text[:i]+"."+plusOne(text[i+1:]))
			if err != nil {
				panic(err)
			}
			return message.Variable{Name: up, Tag: message.Integer, Value: []byte{1}}, true
		}
	}
}
