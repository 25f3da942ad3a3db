package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// An agent that answers badly to much is followed to the end, and asked for
// less from then on.
func TestHardAgents(t *testing.T) {
	const cols, rows = 5, 120
	for _, c := range []struct {
		name    string
		faults  snmptest.Faults
		retries int
		learned func(*session.Learned) bool
		// most packets for the second round, when all is learned
		again int
	}{
		{"answers with tooBig", snmptest.Faults{TooBig: 30}, 0, func(l *session.Learned) bool { return l.Variables >= 15 && l.Variables <= 30 }, 42},
		{"answers with tooBig to more than one", snmptest.Faults{TooBig: 1}, 0, func(l *session.Learned) bool { return l.Variables <= 2 }, 640},
		{"cuts repetitions", snmptest.Faults{MaxRepetitions: 4}, 0, func(l *session.Learned) bool { return l.Repetitions == 4 }, 32},
		{"cuts in mid-row", snmptest.Faults{MaxVariables: 7}, 0, func(l *session.Learned) bool { return l.Repetitions <= 3 }, 140},
		{"cuts to less than a row", snmptest.Faults{MaxVariables: 3}, 0, nil, 250},
		{"says nothing to much", snmptest.Faults{Silent: 26}, 0, func(l *session.Learned) bool { return l.Variables >= 10 && l.Variables <= 26 && l.NoBulk.IsZero() }, 61},
		{"says nothing to much, with repetitions", snmptest.Faults{Silent: 30}, 3, func(l *session.Learned) bool { return l.Variables <= 30 || l.Repetitions <= 6 }, 40},
		{"does not answer GETBULK", snmptest.Faults{NoBulk: true}, 1, func(l *session.Learned) bool { return !l.NoBulk.IsZero() }, 121},
		{"answers GETBULK with genErr", snmptest.Faults{BulkStatus: 5}, 1, func(l *session.Learned) bool { return !l.NoBulk.IsZero() }, 121},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, table(cols, rows))
				a.Set(c.faults)
				s := open(t, a, func(o *session.Options) { o.Retries = c.retries })
				if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
					t.Fatal(err)
				}
				got, err := s.Table(t.Context(), columns(cols), session.Limits{})
				if err != nil || !got.Complete {
					t.Fatal(err, got.Fault)
				}
				if err := holds(got, cols, rows); err != nil {
					t.Fatal(err)
				}
				l := s.Learned()
				if c.learned != nil && !c.learned(l) {
					t.Errorf("learned %+v", l)
				}
				// What was learned goes to JSON and to the next session.
				b, err := json.Marshal(l)
				if err != nil {
					t.Fatal(err)
				}
				var back session.Learned
				if err := json.Unmarshal(b, &back); err != nil {
					t.Fatal(err)
				}
				a.Forget()
				s = open(t, a, func(o *session.Options) { o.Learned = &back })
				got, err = s.Table(t.Context(), columns(cols), session.Limits{})
				if err := errors.Join(err, got.Fault, holds(got, cols, rows)); err != nil {
					t.Fatal(err)
				}
				if n := len(a.Requests()); n > c.again {
					t.Errorf("%d packets once all is known, want %d at most", n, c.again)
				}
				if n := s.Stats().Timeouts; n > 0 {
					t.Errorf("%d packets without an answer once all is known", n)
				}
			})
		})
	}
}

// An agent of version 1 that says nothing to several columns at once.
func TestSilentToWideQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(6, 30))
		a.Set(snmptest.Faults{Silent: 2})
		s := open(t, a, func(o *session.Options) { o.Credential, o.Retries = as(a, "1"), 0 })
		if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Table(t.Context(), columns(6), session.Limits{})
		if err := errors.Join(err, got.Fault, holds(got, 6, 30)); err != nil {
			t.Fatal(err)
		}
		if n := s.Stats().Timeouts; n != 2 {
			t.Errorf("%d packets without an answer, want 2 (6, 3, 2 columns)", n)
		}
	})
}

// One broken row costs its column, and does not make the rest slow.
func TestBulkGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(3, 300))
		s := open(t, a, nil)
		if _, err := s.Table(t.Context(), columns(3), session.Limits{}); err != nil {
			t.Fatal(err)
		}
		a.Set(snmptest.Faults{Status: map[string]int32{top + "2.7": 5}})
		a.Forget()
		got, err := s.Table(t.Context(), columns(3), session.Limits{})
		if err != nil || !errors.Is(got.Fault, session.ErrStatus) || len(got.Rows) != 300 {
			t.Fatal(err, got.Fault, len(got.Rows))
		}
		if n := len(a.Requests()); n > 35 {
			t.Errorf("%d packets for 300 rows", n)
		}
		if !s.Learned().NoBulk.IsZero() {
			t.Error("GETBULK is given up for one broken row")
		}
	})
}

// That GETBULK is not answered is found out by a table that was empty, too.
func TestNoBulkAndNoRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(1, 0))
		a.Set(snmptest.Faults{NoBulk: true})
		s := open(t, a, func(o *session.Options) {
			o.Retries, o.Learned = 0, &session.Learned{Rows: map[string]int{top + "1": 1}}
		})
		if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Table(t.Context(), columns(1), session.Limits{})
		if err != nil || !got.Complete || len(got.Rows) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// GETBULK is tried again after a day, in case the agent learned it.
func TestBulkIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(2, 40))
		a.Set(snmptest.Faults{NoBulk: true})
		s := open(t, a, func(o *session.Options) { o.Retries = 0 })
		ask := func() (bulk int) {
			t.Helper()
			a.Forget()
			if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
				t.Fatal(err)
			}
			got, err := s.Table(t.Context(), columns(2), session.Limits{})
			if err := errors.Join(err, got.Fault, holds(got, 2, 40)); err != nil {
				t.Fatal(err)
			}
			for _, r := range a.Requests() {
				if r.Kind == message.GetBulkRequest {
					bulk++
				}
			}
			return bulk
		}
		if n := ask(); n != 2 {
			t.Errorf("%d GETBULK until it was given up, want 2", n)
		}
		if n := ask(); n != 0 {
			t.Errorf("%d GETBULK although it is not answered", n)
		}
		time.Sleep(24 * time.Hour)
		a.Set(snmptest.Faults{})
		if n := ask(); n != 3 {
			t.Errorf("%d GETBULK after a day, want 3", n)
		}
	})
}

// Rows that GETBULK leaves out are seen when the device says how many there
// are. That is checked once.
func TestSkippedRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(2, 60))
		a.Set(snmptest.Faults{SkipAbove: 10})
		s := open(t, a, nil)
		got, err := s.Table(t.Context(), columns(2), session.Limits{Expect: 60})
		if err := errors.Join(err, got.Fault, holds(got, 2, 60)); err != nil {
			t.Fatal(err)
		}
		if s.Learned().NoBulk.IsZero() {
			t.Error("GETBULK is still trusted")
		}
		a = snmptest.New(t, table(2, 60))
		s = open(t, a, nil)
		for _, want := range []int{4 + 61, 4, 4} { // it says 70 and has 60: asked once row by row
			a.Forget()
			got, err := s.Table(t.Context(), columns(2), session.Limits{Expect: 70})
			if err := errors.Join(err, got.Fault, holds(got, 2, 60)); err != nil {
				t.Fatal(err)
			}
			if n := len(a.Requests()); n > want+1 || n < want-1 {
				t.Errorf("%d packets, want about %d", n, want)
			}
		}
	})
}

// How many rows there were bounds what is asked for.
func TestKnownRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(2, 3))
		s := open(t, a, nil)
		for _, want := range []int{20, 4} {
			a.Forget()
			if _, err := s.Table(t.Context(), columns(2), session.Limits{}); err != nil {
				t.Fatal(err)
			}
			if r := a.Requests(); len(r) != 1 || r[0].Repetitions != want {
				t.Errorf("%+v, want one question for %d rows", r, want)
			}
		}
		// More rows than before are found all the same.
		w, err := snmptest.ParseWalk(table(2, 33))
		if err != nil {
			t.Fatal(err)
		}
		a.Play(w)
		got, err := s.Table(t.Context(), columns(2), session.Limits{})
		if err := errors.Join(err, got.Fault, holds(got, 2, 33)); err != nil {
			t.Fatal(err)
		}
	})
}

// No row that came is lost when an agent loops, and the loop is told.
func TestLoops(t *testing.T) {
	for name, next := range map[string]map[string]string{
		"the same again":     {top + "1.30": top + "1.30"},
		"back to the first":  {top + "1.30": top + "1.1"},
		"back to the middle": {top + "1.30": top + "1.17"},
	} {
		for _, v := range versions() {
			t.Run(name+"/"+v, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := snmptest.New(t, table(3, 40))
					a.Set(snmptest.Faults{Next: next})
					s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
					got, err := s.Table(t.Context(), columns(3), session.Limits{})
					if err != nil {
						t.Fatal(err)
					}
					if got.Complete || !errors.Is(got.Fault, session.ErrLoop) || len(got.Rows) != 40 {
						t.Errorf("%d rows, complete %v, %v", len(got.Rows), got.Complete, got.Fault)
					}
					for i, r := range got.Rows {
						if r.Cells[1].Kind == session.Missing || (r.Cells[0].Kind == session.Missing) != (i >= 30) {
							t.Errorf("row %s: %+v", r.Index, r.Cells)
						}
					}
					if n := len(a.Requests()); n > 60 {
						t.Errorf("%d packets", n)
					}
					vs, err := s.Walk(t.Context(), top+"1", session.Limits{})
					if !errors.Is(err, session.ErrLoop) || len(vs) != 30 {
						t.Errorf("walk: %d, %v", len(vs), err)
					}
				})
			})
		}
	}
}

// Rows in another order than their names are followed and noted.
func TestUnordered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(2, 30))
		// 1, 20, 3…19, 2, 21…30
		next := map[string]string{}
		for c := 1; c <= 2; c++ {
			col := fmt.Sprint(top, c)
			next[col+".1"], next[col+".20"], next[col+".19"], next[col+".2"] = col+".20", col+".3", col+".2", col+".21"
		}
		a.Set(snmptest.Faults{Next: next})
		s := open(t, a, nil)
		got, err := s.Table(t.Context(), columns(2), session.Limits{})
		if err != nil || !got.Complete || len(got.Rows) != 30 {
			t.Fatal(err, got.Fault, len(got.Rows))
		}
		var order []string
		for i, r := range got.Rows {
			order = append(order, r.Index)
			if i == 1 && (r.Index != "20" || r.Cells[1].N != 200_020) {
				t.Errorf("%+v", r)
			}
		}
		if !slices.Equal(order[:3], []string{"1", "20", "3"}) {
			t.Errorf("order %v is not the device's", order)
		}
		if l := s.Learned().Unordered; !slices.Equal(l, []string{top + "1", top + "2"}) {
			t.Errorf("learned %v", l)
		}
		if vs, err := s.Walk(t.Context(), top+"1", session.Limits{}); err != nil || len(vs) != 30 {
			t.Errorf("walk: %d, %v", len(vs), err)
		}
	})
}

// A device that never ends is left at the limit, with what it gave.
func TestLimits(t *testing.T) {
	for what, l := range map[string]session.Limits{
		"more than 500 rows": {Rows: 500},
		"as many packets":    {Requests: 10},
		"within 1s":          {Time: time.Second},
		"100000 rows":        {},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, table(1, 3))
				a.Set(snmptest.Faults{Endless: top + "1", Delay: 20 * time.Millisecond})
				s := open(t, a, nil)
				began := time.Now()
				got, err := s.Table(t.Context(), columns(1), l)
				if err != nil || got.Complete || !errors.Is(got.Fault, session.ErrLimit) || !strings.Contains(got.Fault.Error(), what) {
					t.Errorf("%v %v", err, got.Fault)
				}
				if n := len(got.Rows); n < 40 || l.Rows > 0 && n != l.Rows || n > 100_000 {
					t.Errorf("%d rows", n)
				}
				if n := len(a.Requests()); l.Requests > 0 && n != l.Requests {
					t.Errorf("%d packets", n)
				}
				if d := time.Since(began); l.Time > 0 && d != l.Time {
					t.Errorf("took %v", d)
				}
				if l.Rows > 0 {
					if vs, err := s.Walk(t.Context(), top+"1", l); !errors.Is(err, session.ErrLimit) || len(vs) != l.Rows {
						t.Errorf("walk: %d, %v", len(vs), err)
					}
				}
			})
		})
	}
}

// Without an answer, all told is a timeout for each try, and the last ones are
// longer.
func TestTimeouts(t *testing.T) {
	for _, v := range versions() {
		synctest.Test(t, func(t *testing.T) {
			a := snmptest.New(t, system)
			a.Set(snmptest.Faults{Dead: true})
			began := time.Now()
			s := open(t, a, func(o *session.Options) { o.Credential = as(a, v); o.Retries = 2 })
			_, err := s.Get(t.Context(), systemN+"1.0")
			if d := time.Since(began); !errors.Is(err, session.ErrTimeout) || d != (2+4+5)*time.Second {
				t.Errorf("version %s: %v after %v", v, err, d)
			}
			began = time.Now()
			s = open(t, a, func(o *session.Options) {
				o.Credential = as(a, v)
				o.Retries, o.Timeout = 2, 50*time.Millisecond
			})
			_, err = s.Table(t.Context(), columns(1), session.Limits{})
			if d := time.Since(began); !errors.Is(err, session.ErrTimeout) || d != 150*time.Millisecond {
				t.Errorf("version %s: %v after %v", v, err, d)
			}
			if n, lost, bad := s.Counts(); n != 3 || lost != 3 || bad != 0 {
				t.Errorf("version %s: %d packets, %d lost, %d bad", v, n, lost, bad)
			}
		})
	}
}

// How long a device takes decides how long it is waited for.
func TestTimeoutFollowsRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		s := open(t, a, func(o *session.Options) { o.Retries = 0 })
		lost := func() time.Duration {
			t.Helper()
			began := time.Now()
			if _, err := s.Get(t.Context(), systemN+"1.0"); !errors.Is(err, session.ErrTimeout) {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		for _, c := range []struct{ takes, waits time.Duration }{
			{time.Millisecond, 500 * time.Millisecond},
			{300 * time.Millisecond, 900 * time.Millisecond},
			{800 * time.Millisecond, 2400 * time.Millisecond},
		} {
			a.Set(snmptest.Faults{Delay: c.takes})
			if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
				t.Fatal(err)
			}
			a.Set(snmptest.Faults{Dead: true})
			if d := lost(); d != c.waits {
				t.Errorf("waited %v for a device that takes %v, want %v", d, c.takes, c.waits)
			}
		}
		// One slow answer is forgotten after some hundred quick ones.
		a.Set(snmptest.Faults{})
		for range 300 {
			if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
				t.Fatal(err)
			}
		}
		a.Set(snmptest.Faults{Dead: true})
		if d := lost(); d != 500*time.Millisecond {
			t.Errorf("still waits %v", d)
		}
	})
}

// Lost packets cost time and no rows, and do not make questions smaller.
func TestLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(4, 400))
		a.Set(snmptest.Faults{Drop: func(n int, _ snmptest.Request) bool { return n%5 == 2 }})
		s := open(t, a, nil)
		got, err := s.Table(t.Context(), columns(4), session.Limits{})
		if err := errors.Join(err, got.Fault, holds(got, 4, 400)); err != nil {
			t.Fatal(err)
		}
		if l := s.Learned(); l.Repetitions != 20 || l.Variables != 0 {
			t.Errorf("learned %+v", l)
		}
	})
}

// An answer that comes after its question was repeated is an answer; one to an
// earlier question is none.
func TestLateAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(1, 3))
		a.Set(snmptest.Faults{Lag: map[int]time.Duration{1: 130 * time.Millisecond, 2: 10 * time.Second}})
		s := open(t, a, func(o *session.Options) { o.Timeout = 100 * time.Millisecond })
		got, err := s.Get(t.Context(), top+"1.1")
		if err != nil || got[0].N != 100_001 {
			t.Fatal(got, err)
		}
		if rt := s.Learned().RoundTrip; rt != 130*time.Millisecond {
			t.Errorf("round trip %v is not that of the try that was answered", rt)
		}
		// Number 3 is answered after its question was given up, and comes
		// while number 5 is waited for.
		a.Set(snmptest.Faults{Lag: map[int]time.Duration{3: 210 * time.Millisecond, 4: time.Hour, 5: 50 * time.Millisecond}})
		if _, err := s.Get(t.Context(), top+"1.2"); !errors.Is(err, session.ErrTimeout) {
			t.Fatal(err)
		}
		got, err = s.Get(t.Context(), top+"1.3")
		if err != nil || got[0].N != 100_003 {
			t.Fatal(got, err)
		}
		if n := s.Stats(); n.Strange != 1 || n.Timeouts != 3 {
			t.Errorf("%+v", n)
		}
	})
}

// What is no answer to the question is not taken for one, and is told apart
// from silence.
func TestWrongAnswers(t *testing.T) {
	garbage := func(b ...byte) func(int, []byte) [][]byte {
		return func(int, []byte) [][]byte { return [][]byte{b} }
	}
	half := func(_ int, p []byte) [][]byte { return [][]byte{p[:len(p)/2]} }
	for _, c := range []struct {
		name   string
		faults snmptest.Faults
		want   error
		count  func(session.Stats) int64
	}{
		{"another request-id", snmptest.Faults{WrongID: true}, session.ErrTimeout, func(n session.Stats) int64 { return n.Strange }},
		{"other objects", snmptest.Faults{WrongNames: true}, session.ErrTimeout, func(n session.Stats) int64 { return n.Strange }},
		{"no BER", snmptest.Faults{Tamper: garbage(1, 2, 3)}, session.ErrGarbage, func(n session.Stats) int64 { return n.Garbage }},
		{"empty", snmptest.Faults{Tamper: garbage()}, session.ErrGarbage, func(n session.Stats) int64 { return n.Garbage }},
		{"half", snmptest.Faults{Tamper: half}, session.ErrGarbage, func(n session.Stats) int64 { return n.Garbage }},
		{"refused", snmptest.Faults{Refuse: true}, session.ErrRefused, func(n session.Stats) int64 { return n.Refused }},
	} {
		for _, v := range versions() {
			t.Run(c.name+"/"+v, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := snmptest.New(t, system)
					s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
					if _, err := s.Get(t.Context(), systemN+"1.0"); err != nil {
						t.Fatal(err)
					}
					a.Set(c.faults)
					got, err := s.Get(t.Context(), systemN+"5.0")
					if !errors.Is(err, c.want) || len(got) != 0 {
						t.Errorf("%v %v, want %v", got, err, c.want)
					}
					for _, other := range []error{session.ErrTimeout, session.ErrGarbage, session.ErrRefused, session.ErrCredential} {
						if other != c.want && errors.Is(err, other) {
							t.Errorf("%v is %v too", err, other)
						}
					}
					if n := c.count(s.Stats()); n != 2 {
						t.Errorf("%+v", s.Stats())
					}
				})
			})
		}
	}
}

// Noise, repetitions and padding around an answer do no harm.
func TestNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(3, 200))
		a.Set(snmptest.Faults{Tamper: func(_ int, p []byte) [][]byte {
			padded := append(bytes.Clone(p), 0, 0, 0)
			return [][]byte{{0x30}, bytes.Repeat([]byte{0x30, 0x80}, 700), padded, p, p}
		}})
		for _, v := range versions() {
			s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
			got, err := s.Table(t.Context(), columns(3), session.Limits{})
			if err := errors.Join(err, got.Fault, holds(got, 3, 200)); err != nil {
				t.Errorf("version %s: %v", v, err)
			}
		}
		// A flood is not read for ever.
		a.Set(snmptest.Faults{Tamper: func(int, []byte) [][]byte { return make([][]byte, 1000) }})
		s := open(t, a, nil)
		if _, err := s.Get(t.Context(), systemN+"1.0"); !errors.Is(err, session.ErrGarbage) {
			t.Error(err)
		}
		if n := s.Stats().Garbage; n != 128 {
			t.Errorf("%d packets were looked at", n)
		}
	})
}

// An error about one object leaves the others.
func TestErrorStatus(t *testing.T) {
	for _, v := range versions() {
		for _, noIndex := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, table(3, 30))
				a.Set(snmptest.Faults{Status: map[string]int32{top + "2.7": 5, systemN + "2.0": 16}, NoIndex: noIndex})
				s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
				got, err := s.Get(t.Context(), systemN+"1.0", systemN+"2.0", systemN+"9.0", systemN+"7.0")
				var status *session.StatusError
				if !errors.Is(err, session.ErrStatus) || !errors.As(err, &status) || status.Status != 16 || status.OID != systemN+"2.0" ||
					!strings.Contains(err.Error(), "authorizationError") {
					t.Errorf("version %s: %v", v, err)
				}
				if len(got) != 3 || got[1].Kind != session.Missing || got[2].N != -1 {
					t.Errorf("version %s: %+v", v, got)
				}
				tab, err := s.Table(t.Context(), columns(3), session.Limits{})
				if err != nil || tab.Complete || !errors.As(tab.Fault, &status) || status.Status != 5 || len(tab.Rows) != 30 {
					t.Fatalf("version %s: %v %v %d", v, err, tab.Fault, len(tab.Rows))
				}
				for i, r := range tab.Rows {
					if r.Cells[0].N != int64(100_001+i) || r.Cells[2].N != int64(300_001+i) || (r.Cells[1].Kind == session.Missing) != (i >= 6) {
						t.Errorf("version %s, row %s: %+v", v, r.Index, r.Cells)
					}
				}
			})
		}
	}
}

// A table that cannot be read is an error, never an empty table.
func TestNothingIsNotEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(1, 10))
		s := open(t, a, func(o *session.Options) { o.Retries = 0 })
		for name, f := range map[string]snmptest.Faults{
			"dead":     {Dead: true},
			"genErr":   {Status: map[string]int32{top + "1.1": 5}},
			"tooBig":   {TooBig: 1, MaxVariables: 2, Status: map[string]int32{top + "1.1": 1}},
			"nothing":  {Tamper: func(_ int, p []byte) [][]byte { return nil }},
			"noAccess": {Status: map[string]int32{top + "1.1": 6}},
		} {
			a.Set(f)
			got, err := s.Table(t.Context(), columns(1), session.Limits{})
			if err == nil || got.Complete || got.Fault == nil {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// A device dies in the middle of a table: what came stays, and the reason.
func TestDiesMidway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(2, 200))
		a.Set(snmptest.Faults{Drop: func(n int, _ snmptest.Request) bool { return n > 3 }})
		s := open(t, a, nil)
		began := time.Now()
		got, err := s.Table(t.Context(), columns(2), session.Limits{})
		if err != nil || got.Complete || !errors.Is(got.Fault, session.ErrTimeout) || len(got.Rows) != 60 {
			t.Errorf("%d rows, %v, %v", len(got.Rows), err, got.Fault)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("took %v to give it up", d)
		}
	})
}
