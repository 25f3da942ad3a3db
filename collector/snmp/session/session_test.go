package session_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest"
	"muster/collector/snmp/snmptest/message"
)

// Names in the walks of these tests: a table of three columns, below an
// enterprise number that nobody has.
const (
	top     = "1.3.6.1.4.1.99999.1.1."
	systemN = "1.3.6.1.2.1.1."
)

// system is the system group of an invented switch.
const system = `
1.3.6.1.2.1.1.1.0 text "Test switch, version 7"
1.3.6.1.2.1.1.2.0 oid 1.3.6.1.4.1.99999.5
1.3.6.1.2.1.1.3.0 ticks 4294967295
1.3.6.1.2.1.1.5.0 hex ff00 61
1.3.6.1.2.1.1.7.0 int -1
`

// table makes columns with rows; what follows them is another table.
func table(columns, rows int) string {
	var b strings.Builder
	b.WriteString(system)
	for c := 1; c <= columns; c++ {
		for r := 1; r <= rows; r++ {
			fmt.Fprintf(&b, "%s%d.%d int %d\n", top, c, r, c*100_000+r)
		}
	}
	b.WriteString("1.3.6.1.4.1.99999.2.1.0 text \"end\"\n")
	return b.String()
}

func columns(n int) []string {
	var out []string
	for c := 1; c <= n; c++ {
		out = append(out, fmt.Sprint(top, c))
	}
	return out
}

// open opens a session with an agent that lives in the test.
func open(t testing.TB, a *snmptest.Agent, change func(*session.Options)) *session.Session {
	t.Helper()
	o := session.Options{Address: address(t), Credential: session.Credential{Version: "2c", Community: "public"}, Retries: 1, Dial: a.Dial}
	if change != nil {
		change(&o)
	}
	s, err := session.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// holds says what is wrong with rows of table.
func holds(got session.Table, columns, rows int) error {
	if len(got.Rows) != rows {
		return fmt.Errorf("%d rows, want %d", len(got.Rows), rows)
	}
	for i, r := range got.Rows {
		if r.Index != fmt.Sprint(i+1) {
			return fmt.Errorf("row %d has index %s", i+1, r.Index)
		}
		for c, v := range r.Cells {
			if want := int64((c+1)*100_000 + i + 1); v.Kind != session.Integer || v.N != want {
				return fmt.Errorf("row %d column %d: %+v, want %d", i+1, c+1, v, want)
			}
		}
		if len(r.Cells) != columns {
			return fmt.Errorf("row %d has %d cells, want %d", i+1, len(r.Cells), columns)
		}
	}
	return nil
}

func versions() []string { return []string{"1", "2c", "3"} }

// as makes a credential of a version that the agent of these tests takes.
func as(a *snmptest.Agent, version string) session.Credential {
	if version != "3" {
		return session.Credential{Version: version, Community: "public"}
	}
	a.Users = []message.User{{Name: "muster", Auth: "SHA256", AuthPass: "authpass1", Priv: "AES", PrivPass: "privpass1"}}
	return session.Credential{Version: "3", User: "muster", AuthProtocol: "SHA256", AuthSecret: "authpass1", PrivProtocol: "AES", PrivSecret: "privpass1"}
}

func TestGet(t *testing.T) {
	for _, v := range versions() {
		t.Run(v, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, system)
				s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
				got, err := s.Get(t.Context(), systemN+"7.0", systemN+"9.0", systemN+"1.0", "."+systemN+"2.0", systemN+"3.0", systemN+"5.0", systemN+"7.0")
				if err != nil {
					t.Fatal(err)
				}
				want := []session.Variable{
					{systemN + "7.0", session.Value{Kind: session.Integer, N: -1}},
					{systemN + "9.0", session.Value{Kind: session.Missing}},
					{systemN + "1.0", session.Value{Kind: session.OctetString, B: []byte("Test switch, version 7")}},
					{systemN + "2.0", session.Value{Kind: session.ObjectID, S: "1.3.6.1.4.1.99999.5"}},
					{systemN + "3.0", session.Value{Kind: session.TimeTicks, U: 4294967295}},
					{systemN + "5.0", session.Value{Kind: session.OctetString, B: []byte{0xff, 0, 'a'}}},
					{systemN + "7.0", session.Value{Kind: session.Integer, N: -1}},
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got  %+v\nwant %+v", got, want)
				}
			})
		})
	}
}

// More than one packet can hold are split, and come in order.
func TestGetSplits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(3, 100))
		a.Set(snmptest.Faults{TooBig: 7})
		s := open(t, a, nil)
		var ask []string
		for r := 100; r >= 1; r-- {
			ask = append(ask, fmt.Sprintf("%s2.%d", top, r))
		}
		got, err := s.Get(t.Context(), ask...)
		if err != nil || len(got) != 100 {
			t.Fatalf("%d, %v", len(got), err)
		}
		for i, v := range got {
			if v.OID != ask[i] || v.N != int64(200_100-i) {
				t.Fatalf("%d: %+v", i, v)
			}
		}
		if n := s.Learned().Objects; n != 6 {
			t.Errorf("learned to ask for %d objects, want 6 (24, 12, 6)", n)
		}
		a.Forget()
		if _, err := s.Get(t.Context(), ask...); err != nil {
			t.Fatal(err)
		}
		if n := len(a.Requests()); n != 17 {
			t.Errorf("%d requests for 100 objects, 6 each, want 17", n)
		}
	})
}

func TestTable(t *testing.T) {
	for _, v := range versions() {
		for _, columnsN := range []int{1, 3, 21} {
			for _, rows := range []int{0, 1, 52, 300} {
				t.Run(fmt.Sprint(v, "/", columnsN, "x", rows), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a := snmptest.New(t, table(columnsN, rows))
						s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
						for range 2 { // what was learned by the first must not harm the second
							got, err := s.Table(t.Context(), columns(columnsN), session.Limits{})
							if err != nil || !got.Complete || got.Fault != nil {
								t.Fatal(err, got.Fault)
							}
							if err := holds(got, columnsN, rows); err != nil {
								t.Fatal(err)
							}
						}
					})
				})
			}
		}
	}
}

// Columns differ in length, some are not there, and rows have gaps.
func TestTableWithHoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		b.WriteString(system)
		want := map[string][3]bool{}
		for r := 1; r <= 90; r++ {
			index := fmt.Sprintf("%d.%d", r%3, r)
			has := [3]bool{r%2 == 0, false, r%5 != 0}
			if has[0] || has[2] {
				want[index] = has
			}
			for c, yes := range has {
				if yes {
					fmt.Fprintf(&b, "%s%d.%s counter64 %d\n", top, c+1, index, r)
				}
			}
		}
		a := snmptest.New(t, b.String())
		for _, cut := range []int{0, 1, 2, 7} { // answers that end in mid-row
			a.Set(snmptest.Faults{MaxVariables: cut})
			got, err := open(t, a, nil).Table(t.Context(), columns(3), session.Limits{})
			if err != nil || !got.Complete {
				t.Fatal(err, got.Fault)
			}
			if len(got.Rows) != len(want) {
				t.Errorf("%d rows, want %d", len(got.Rows), len(want))
			}
			for i, r := range got.Rows {
				if i > 0 && !less(got.Rows[i-1].Index, r.Index) {
					t.Errorf("%s comes after %s", r.Index, got.Rows[i-1].Index)
				}
				for c, v := range r.Cells {
					if (v.Kind != session.Missing) != want[r.Index][c] {
						t.Errorf("row %s column %d: %+v", r.Index, c+1, v)
					}
				}
			}
		}
	})
}

// less compares names by the value of their parts.
func less(a, b string) bool {
	return slices.Compare(parts(a), parts(b)) < 0
}

func parts(s string) (out []int) {
	for p := range strings.SplitSeq(s, ".") {
		var n int
		fmt.Sscan(p, &n)
		out = append(out, n)
	}
	return out
}

func TestWalk(t *testing.T) {
	for _, v := range versions() {
		t.Run(v, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := snmptest.New(t, table(3, 40))
				s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
				got, err := s.Walk(t.Context(), strings.TrimSuffix(top, "."), session.Limits{})
				if err != nil || len(got) != 120 {
					t.Fatalf("%d, %v", len(got), err)
				}
				for i, x := range got {
					if want := fmt.Sprintf("%s%d.%d", top, i/40+1, i%40+1); x.OID != want {
						t.Fatalf("%d: %s, want %s", i, x.OID, want)
					}
				}
			})
		})
	}
}

func TestContexts(t *testing.T) {
	for _, v := range []string{"2c", "3"} {
		synctest.Test(t, func(t *testing.T) {
			a := snmptest.New(t, table(1, 3))
			vlan, err := snmptest.ParseWalk(top + "1.7 text \"of the VLAN\"")
			if err != nil {
				t.Fatal(err)
			}
			a.Contexts["7"] = vlan
			s := open(t, a, func(o *session.Options) { o.Credential = as(a, v) })
			got, err := s.In("7").Table(t.Context(), columns(1), session.Limits{})
			if err != nil || len(got.Rows) != 1 || string(got.Rows[0].Cells[0].B) != "of the VLAN" {
				t.Errorf("version %s: %+v, %v", v, got, err)
			}
			// The device itself is still what it was.
			if got, err := s.Table(t.Context(), columns(1), session.Limits{}); err != nil || len(got.Rows) != 3 {
				t.Errorf("version %s: %+v, %v", v, got, err)
			}
			// A context it does not have: silence before version 3, a reason in it.
			_, err = s.In("8").Get(t.Context(), top+"1.1")
			if want := map[string]error{"2c": session.ErrTimeout, "3": session.ErrStatus}[v]; !errors.Is(err, want) {
				t.Errorf("version %s: %v, want %v", v, err, want)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	good := session.Options{Address: address(t), Credential: session.Credential{Version: "3", User: "u", AuthProtocol: "sha", AuthSecret: "12345678"}}
	for what, change := range map[string]func(*session.Options){
		"no version \"4\"":  func(o *session.Options) { o.Credential.Version = "4" },
		"a user name":       func(o *session.Options) { o.Credential.User = "" },
		"no digest":         func(o *session.Options) { o.Credential.AuthProtocol = "SHA3" },
		"no cipher":         func(o *session.Options) { o.Credential.PrivProtocol = "3DES" },
		"8 bytes at least":  func(o *session.Options) { o.Credential.AuthSecret = "1234567" },
		"signed too":        func(o *session.Options) { o.Credential.AuthProtocol, o.Credential.PrivProtocol = "", "AES" },
		"address with a po": func(o *session.Options) { o.Address = session.Options{}.Address },
	} {
		o := good
		change(&o)
		if _, err := session.Open(o); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q in it", err, what)
		}
	}
	s, err := session.Open(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, oid := range []string{"", "1", "1.3.x", "3.1", "1.40", "1.3..6", "1.3.4294967296", "1.3.01"} {
		if _, err := s.Get(t.Context(), oid); err == nil {
			t.Errorf("%q is taken for a name", oid)
		}
	}
	if n := s.Stats().Requests; n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

// A secret is in nothing that is printed.
func TestSecretsAreHidden(t *testing.T) {
	c := session.Credential{Community: "comm-secret", AuthSecret: "auth-secret", PrivSecret: "priv-secret"}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c, c)} {
		if strings.Contains(s, "-secret") {
			t.Errorf("%s", s)
		}
	}
}

// Several goroutines may ask; each gets what it asked for.
func TestConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, table(4, 50))
		a.Set(snmptest.Faults{Delay: 5 * time.Millisecond})
		s := open(t, a, nil)
		done := make(chan error)
		for c := 1; c <= 4; c++ {
			go func() {
				got, err := s.Table(t.Context(), columns(c), session.Limits{})
				if err == nil {
					err = holds(got, c, 50)
				}
				s.Learned()
				s.Stats()
				done <- err
			}()
		}
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// Whoever waits for a turn or an answer stops with its context; Close ends what
// runs.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := snmptest.New(t, system)
		a.Set(snmptest.Faults{Dead: true})
		s := open(t, a, func(o *session.Options) { o.Retries = 100 })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		errs := make(chan error)
		for range 2 {
			go func() {
				_, err := s.Get(ctx, systemN+"1.0")
				errs <- err
			}()
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, session.ErrTimeout) {
				t.Error(err)
			}
		}
		go func() {
			_, err := s.Walk(t.Context(), "1.3", session.Limits{})
			errs <- err
		}()
		synctest.Wait()
		s.Close()
		if err := <-errs; !errors.Is(err, session.ErrClosed) {
			t.Error(err)
		}
		if _, err := s.Get(t.Context(), systemN+"1.0"); !errors.Is(err, session.ErrClosed) {
			t.Error(err)
		}
	})
}
