package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/snmp/session"
	"muster/collector/snmp/snmptest/message"
)

// served is a device that the simulator plays.
type served struct {
	Addr   string `json:"addr"`
	Rec    string `json:"rec"`
	Quirks struct {
		MaxReps int    `json:"maxReps"`
		TooBig  int    `json:"tooBig"`
		NoBulk  bool   `json:"noBulk"`
		V1Only  bool   `json:"v1Only"`
		Loop    string `json:"loop"`
		Dead    bool   `json:"dead"`
	} `json:"quirks"`
	at netip.AddrPort
}

// simulator builds the simulator of recorded devices, where it is.
func simulator(t testing.TB) (program, recordings string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a simulator of recorded devices")
	}
	shared, err := filepath.Abs("../../../../shared")
	if err != nil {
		t.Fatal(err)
	}
	source, recordings := filepath.Join(shared, "tools/snmprecd"), filepath.Join(shared, "corpus/devices")
	for _, dir := range []string{source, recordings} {
		if _, err := os.Stat(dir); err != nil {
			t.Skip("the recordings (../shared/corpus) and what serves them (../shared/tools/snmprecd) are not beside this repository: walks written by hand and a real snmpd were asked instead")
		}
	}
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("the simulator binds to the loopback interface, for which it needs root on Linux")
	}
	program = filepath.Join(t.TempDir(), "snmprecd")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program, recordings
}

// serve starts it on addresses of its own.
func serve(t testing.TB, program, recordings, net string, flags ...string) []served {
	t.Helper()
	port := free(t).Port()
	manifest := filepath.Join(t.TempDir(), "devices.json")
	start(t, exec.Command(program, append([]string{"-dir", recordings, "-net", net, "-port", fmt.Sprint(port), "-manifest", manifest, "-workers", "1"}, flags...)...))
	var out []served
	for range 200 {
		b, err := os.ReadFile(manifest)
		if err == nil {
			err = json.Unmarshal(b, &out)
		}
		if err == nil && len(out) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond) // it loads recordings first
	}
	if len(out) == 0 {
		t.Fatal("the simulator does not start")
	}
	for i := range out {
		out[i].at = netip.AddrPortFrom(netip.MustParseAddr(out[i].Addr), port)
	}
	for i := range out {
		if !out[i].Quirks.Dead {
			up(t, out[i].at, session.Credential{Version: "1", Community: "public"}, systemN+"1.0")
			break
		}
	}
	return out
}

// truth is what recordings hold, as the simulator itself lists it: for each,
// "name tag hex" in order.
func truth(t testing.TB, program, recordings string) map[string][]string {
	t.Helper()
	b, err := exec.Command(program, "-dir", recordings, "-dump").Output()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		rec, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		out[rec] = append(out[rec], rest)
	}
	return out
}

// written writes a value as the simulator lists it.
func written(v session.Variable) string {
	tag, value := 0, ""
	wide := func(n uint64, signed bool) string {
		b := []byte{byte(n)}
		for n >>= 8; n > 0; n >>= 8 {
			b = append([]byte{byte(n)}, b...)
		}
		if b[0] >= 0x80 && !signed {
			b = append([]byte{0}, b...)
		}
		return fmt.Sprintf("%x", b)
	}
	switch v.Kind {
	case session.Integer:
		tag = message.Integer
		b := []byte{byte(v.N)}
		for n := v.N; n > 0x7f || n < -0x80; {
			n >>= 8
			b = append([]byte{byte(n)}, b...)
		}
		value = fmt.Sprintf("%x", b)
	case session.OctetString:
		tag, value = message.OctetString, fmt.Sprintf("%x", v.B)
	case session.ObjectID:
		o, _ := message.ParseOID(v.S)
		tag, value = message.ObjectIdentifier, fmt.Sprintf("%x", []byte(o))
	case session.IPAddress:
		tag, value = message.IPAddress, fmt.Sprintf("%x", netip.MustParseAddr(v.S).AsSlice())
	case session.Counter32:
		tag, value = message.Counter32, wide(v.U, false)
	case session.Gauge32:
		tag, value = message.Gauge32, wide(v.U, false)
	case session.TimeTicks:
		tag, value = message.TimeTicks, wide(v.U, false)
	case session.Counter64:
		tag, value = message.Counter64, wide(v.U, false)
	case session.Null:
		tag = message.Null
	}
	return fmt.Sprintf("%s %d %s", v.OID, tag, value)
}

// Every variable of every recording comes as it was recorded, in all versions.
func TestRecordings(t *testing.T) {
	program, recordings := simulator(t)
	want := truth(t, program, recordings)
	devices := serve(t, program, recordings, "127.41.0.0", "-unique=false", "-user", "v3:SHA256:authpass1:AES256:privpass1")
	var total, packets int64
	for i, d := range devices {
		credential := session.Credential{Version: "2c", Community: "public"}
		switch i % 3 {
		case 1:
			credential = session.Credential{Version: "1", Community: "public"}
		case 2:
			credential = session.Credential{Version: "3", User: "v3", AuthProtocol: "SHA256", AuthSecret: "authpass1", PrivProtocol: "AES256", PrivSecret: "privpass1"}
		}
		s, err := session.Open(session.Options{Address: d.at, Credential: credential, Retries: 2})
		if err != nil {
			t.Fatal(err)
		}
		var got []session.Variable
		for _, root := range []string{"1.0", "1.2", "1.3"} {
			vs, err := s.Walk(t.Context(), root, session.Limits{})
			if err != nil {
				t.Fatalf("%s: %v", d.Rec, err)
			}
			got = append(got, vs...)
		}
		var expect []string
		for _, line := range want[d.Rec] {
			if credential.Version != "1" || !strings.Contains(line, " 70 ") {
				expect = append(expect, line)
			}
		}
		if len(got) != len(expect) {
			t.Errorf("%s over version %s: %d variables, want %d", d.Rec, credential.Version, len(got), len(expect))
		}
		wrong := 0
		for i := range min(len(got), len(expect)) {
			if w := written(got[i]); w != strings.TrimSpace(expect[i]) && w != expect[i] && wrong < 3 {
				wrong++
				t.Errorf("%s: %s, want %s", d.Rec, w, expect[i])
			}
		}
		n := s.Stats()
		if n.Timeouts+n.Garbage+n.Strange > 0 {
			t.Errorf("%s: %+v", d.Rec, n)
		}
		total += n.Variables
		packets += n.Requests
		s.Close()
	}
	t.Logf("%d devices, %d variables in %d packets", len(devices), total, packets)
}

// Columns of tables come whole from devices that lose, double, cut and refuse.
func TestRecordingsWithFaults(t *testing.T) {
	program, recordings := simulator(t)
	want := truth(t, program, recordings)
	devices := serve(t, program, recordings, "127.42.0.0", "-unique=false", "-devices", "180", "-latency", "2ms", "-jitter", "3ms", "-loss", "0.02", "-dup", "0.05",
		"-trunc", "0.2", "-toobig", "0.2", "-loop", "0.1", "-nobulk", "0.1", "-v1only", "0.1", "-dead", "0.05")
	const interfaces = "1.3.6.1.2.1.2.2.1."
	var cols []string
	for _, c := range []int{2, 3, 4, 5, 6, 7, 8, 9} {
		cols = append(cols, fmt.Sprint(interfaces, c))
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, 60)
	for _, d := range devices {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			version := "2c"
			if d.Quirks.V1Only {
				version = "1"
			}
			s, err := session.Open(session.Options{Address: d.at, Credential: session.Credential{Version: version, Community: "public"}, Retries: 4, Timeout: 250 * time.Millisecond})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			_, err = s.Get(t.Context(), systemN+"1.0", systemN+"3.0")
			if d.Quirks.Dead {
				if !errors.Is(err, session.ErrTimeout) {
					t.Errorf("%s is dead: %v", d.Rec, err)
				}
				return
			}
			if err != nil {
				t.Errorf("%s: %v", d.Rec, err)
				return
			}
			var cells, expect int
			got, err := s.Table(t.Context(), cols, session.Limits{})
			if d.Quirks.Loop != "" && len(got.Rows) > 0 {
				// The loop is where the walk comes to the table's end: it has
				// all then, or says what happened.
				if !got.Complete && !errors.Is(got.Fault, session.ErrLoop) {
					t.Errorf("%s loops: %v", d.Rec, got.Fault)
				}
			} else if err := errors.Join(err, got.Fault); err != nil {
				t.Errorf("%s %+v: %v", d.Rec, d.Quirks, err)
				return
			}
			have := map[string]bool{}
			for _, r := range got.Rows {
				for c, v := range r.Cells {
					if v.Kind != session.Missing {
						cells++
						have[written(session.Variable{OID: cols[c] + "." + r.Index, Value: v})] = true
					}
				}
			}
			for _, line := range want[d.Rec] {
				for _, c := range cols {
					if strings.HasPrefix(line, c+".") {
						expect++
						if !have[line] {
							t.Errorf("%s %+v: %q did not come", d.Rec, d.Quirks, line)
							return
						}
					}
				}
			}
			if cells != expect {
				t.Errorf("%s %+v: %d cells, want %d", d.Rec, d.Quirks, cells, expect)
			}
			if d.Quirks.NoBulk && version == "2c" && s.Learned().NoBulk.IsZero() {
				t.Errorf("%s: not learned that it does not answer GETBULK", d.Rec)
			}
		})
	}
	wg.Wait()
}
