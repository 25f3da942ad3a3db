package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWilson(t *testing.T) {
	// 10 of 100: 0.0552 to 0.1744 (Brown, Cai, DasGupta 2001, by hand).
	low, high := wilson(10, 100)
	if math.Abs(low-0.0552) > 0.0005 || math.Abs(high-0.1744) > 0.0005 {
		t.Errorf("10 of 100: %.4f to %.4f", low, high)
	}
	for _, x := range []struct{ k, n int }{{0, 0}, {0, 5}, {5, 5}} {
		if low, high := wilson(x.k, x.n); low < 0 || high > 1 || low >= high {
			t.Errorf("%d of %d: %f to %f", x.k, x.n, low, high)
		}
	}
}

// data is a small folder of the layout that is judged: what each drive does is
// known, and so what must come out.
func data(t *testing.T) string {
	dir := t.TempDir()
	begin := time.Date(2013, 4, 1, 0, 0, 0, 0, time.UTC)
	var daily strings.Builder
	daily.WriteString("serial,model,date,failure,smart_1_raw,smart_5_raw,smart_9_raw,smart_194_raw,smart_197_raw\n")
	for d := range 40 {
		date := begin.AddDate(0, 0, d).Format(time.DateOnly)
		row := func(serial string, fail, s5, s197 int) {
			fmt.Fprintf(&daily, "%s,M,%s,%d,0,%d,%d,30,%d\n", serial, date, fail, s5, 20000+24*d, s197)
		}
		for i := range 150 {
			row(fmt.Sprintf("HEALTHY%03d", i), 0, 0, 0)
		}
		row("OLD", 0, 4000, 0) // bad since before anybody looked
		if d <= 30 {
			bad := 0
			if d >= 10 {
				bad = 400 * (d - 9)
			}
			row("FAILS", map[bool]int{true: 1}[d == 30], bad, bad/10)
		}
	}
	put(t, dir, dailyFile, daily.String())

	var history strings.Builder
	history.WriteString("drive_id,days_to_failure,smart_5_raw,smart_9_raw,smart_194_raw,smart_197_raw,smart_198_raw,smart_199_raw\n")
	for left := 60; left >= 0; left-- {
		bad := 0
		if left <= 20 {
			bad = 300 * (21 - left)
		}
		fmt.Fprintf(&history, "F1,%d,%d,9000,30,%d,0,0\nF2,%d,0,9000,30,0,0,0\n", left, bad, bad/10, left)
	}
	put(t, dir, historyFile, history.String())

	var long strings.Builder
	long.WriteString("drive,kind,vendor,model,poh,health,selftest_fail,s5,s187,s197,s198,s199,nv_used,nv_duw,nv_spare,nv_spare_thr,nv_media\n")
	for k := range 4 {
		fmt.Fprintf(&long, "N1,NVMe,V,M,%d,PASSED,0,,,,,,%d,%d,100,10,0\n", 1000*(k+1), 2*(k+1), 1000000*(k+1))
		fmt.Fprintf(&long, "H1,HDD,V,M,%d,PASSED,0,%d,0,%d,0,0,,,,,\n", 1000*(k+1), 500*k, 20*k)
		for i := range 60 {
			fmt.Fprintf(&long, "G%d,HDD,V,M,%d,PASSED,0,0,0,0,0,0,,,,,\n", i, 1000*(k+1))
		}
	}
	put(t, dir, longFile, long.String())

	var tickets strings.Builder
	tickets.WriteString("model,failure_time,node_id,rack_id,machine_room_id\n")
	for i := range 30 {
		at := begin.AddDate(0, 0, 20*i)
		fmt.Fprintf(&tickets, "A,%s,n%d,r%d,%d\n", at.Format(time.DateTime), i, i, i%10)
	}
	for i := range 6 { // one rack goes within an hour
		fmt.Fprintf(&tickets, "A,%s,m%d,R,99\n", begin.AddDate(2, 0, 0).Add(time.Duration(i)*10*time.Minute).Format(time.DateTime), i)
	}
	put(t, dir, ticketFile, tickets.String())

	const name = "made/one.csv"
	var series strings.Builder
	series.WriteString("timestamp,value\n")
	at := begin
	for i := range 3000 {
		v := 50 + 3*math.Sin(float64(i)/46) + math.Mod(float64(i)*0.37, 1)
		if i >= 2500 && i < 2520 {
			v = 200
		}
		fmt.Fprintf(&series, "%s,%.3f\n", at.Format(time.DateTime), v)
		at = at.Add(5 * time.Minute)
	}
	put(t, dir, "nab/"+name, series.String())
	window := [2]string{begin.Add(2480 * 5 * time.Minute).Format("2006-01-02 15:04:05.000000"), begin.Add(2540 * 5 * time.Minute).Format("2006-01-02 15:04:05.000000")}
	b, err := json.Marshal(map[string][][2]string{name: {window}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "nab/windows.json", string(b))
	return dir
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	var b bytes.Buffer
	if filepath.Ext(name) == ".gz" {
		z := gzip.NewWriter(&b)
		z.Write([]byte(text))
		z.Close()
	} else {
		b.WriteString(text)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheWholeOfASmallFolder(t *testing.T) {
	dir, out := data(t), t.TempDir()
	docs := filepath.Join(out, "page.md")
	var b bytes.Buffer
	if err := run(t.Context(), []string{"-data", dir, "-out", out, "-docs", docs}, &b); err != nil {
		t.Fatal(err)
	}
	got := map[string]figure{}
	for line := range strings.Lines(b.String()) {
		var f figure
		if strings.HasPrefix(line, `{"figure"`) {
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatal(err)
			}
			got[f.Figure] = f
		}
	}
	for name, want := range map[string]float64{
		"hdd_recall_at_2pct": 1, "hdd_recall_at_1pct": 1, "hdd_recall_top1pct_day": 1,
		"hdd_false_alarms_per_1000_drive_days": 0, "history_warned_7d": 0.5, "history_warned_1d": 0.5, "history_warned_30d": 0,
		"nvme_wear_coverage": 1, "incident_purity": 1, "worsening_capture": 1,
	} {
		if f, ok := got[name]; !ok || math.Abs(f.Value-want) > 1e-9 {
			t.Errorf("%s is %+v, expected %v", name, f, want)
		}
	}
	for name, least := range map[string]float64{"hdd_median_lead_days": 10, "hdd_backlog_share": 1e-6, "nab_standard": 50, "nab_low_fp": 50, "incident_reduction": 5.0/36 - 1e-9} {
		if got[name].Value < least {
			t.Errorf("%s is %v, expected %v at least", name, got[name].Value, least)
		}
	}
	if f := got["nvme_wear_mae_points"]; f.Value > 1 {
		t.Errorf("wear is told %.2f points wrong", f.Value)
	}
	page, err := os.ReadFile(docs)
	if err != nil || !bytes.Contains(page, []byte("# How well")) || !bytes.Contains(page, []byte("## Wear of NVMe drives")) {
		t.Errorf("the page: %v", err)
	}

	alerts := rows(t, out, "alerts.csv", "drive,date,rule,severity,score,backlog")
	of := func(serial string) []string {
		i := slices.IndexFunc(alerts, func(r []string) bool { return r[0] == serial })
		if i < 0 {
			t.Fatalf("nothing is said of %s: %v", serial, alerts)
		}
		return alerts[i]
	}
	if r := of("FAILS"); r[1] < "2013-04-10" || r[1] > "2013-04-20" || r[5] != "0" {
		t.Errorf("the drive that fails: %v", r)
	}
	if r := of("OLD"); r[1] != "2013-04-01" || r[5] != "1" {
		t.Errorf("the drive that was bad before: %v", r)
	}
	if slices.ContainsFunc(alerts, func(r []string) bool { return strings.HasPrefix(r[0], "HEALTHY") && r[3] != "info" }) {
		t.Error("a healthy drive is warned of")
	}
	if w := rows(t, out, "wear.csv", "drive,predicted,low,high"); len(w) != 1 || w[0][0] != "N1" {
		t.Errorf("wear: %v", w)
	}
	incidents := rows(t, out, "incidents.csv", "ticket_line,incident,cause")
	if len(incidents) != 36 {
		t.Errorf("%d tickets have an incident, expected 36", len(incidents))
	}
	for _, name := range []string{"nab/made/one.csv", "nab/one.csv"} {
		if r := rows(t, out, name, "timestamp,score,alert"); len(r) != 3000 {
			t.Errorf("%s has %d rows", name, len(r))
		}
	}
}

func rows(t *testing.T, dir, name, head string) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(list[0], ","); got != head {
		t.Errorf("%s begins with %s, expected %s", name, got, head)
	}
	return list[1:]
}

func TestSaysWhatIsWrong(t *testing.T) {
	empty := t.TempDir()
	broken := t.TempDir()
	put(t, broken, dailyFile, "serial,model,date\nA,B,2013-04-01\n")
	torn := t.TempDir()
	put(t, torn, "x.csv", "")
	if err := os.WriteFile(filepath.Join(torn, ticketFile), []byte("no gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{nil, "-data DIR"},
		{[]string{"-data", filepath.Join(empty, "none")}, "is no folder"},
		{[]string{"-data", empty}, "nothing in"},
		{[]string{"-data", broken}, "there is no column failure"},
		{[]string{"-data", torn}, "gzip"},
	} {
		var b bytes.Buffer
		if err := run(t.Context(), x.args, &b); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: %v, expected %q", x.args, err, x.want)
		}
	}
}

func TestOnlyOnePart(t *testing.T) {
	var b bytes.Buffer
	if err := run(t.Context(), []string{"-data", data(t), "-only", "tickets"}, &b); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "nab_standard") || !strings.Contains(s, "incident_purity") {
		t.Error(s)
	}
}

// What a ticket joins rests on those before it alone.
func TestTicketsJoinAsTheyCome(t *testing.T) {
	begin := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	var list []ticket
	for i := range 40 {
		rack := fmt.Sprint("r", i%20)
		if i >= 30 {
			rack = "bad"
		}
		list = append(list, ticket{line: i, at: begin.Add(time.Duration(i) * 30 * time.Hour), shares: map[string]string{
			"node": fmt.Sprint("n", i), "rack": rack, "room": "1", "model in a room": "1/A"}})
	}
	whole, _, _ := gather(list)
	for _, n := range []int{10, 25, 35} {
		part, _, _ := gather(list[:n])
		for i := range part {
			// Numbers may join later, but who is told apart early on stays so
			// only by later tickets, never the other way round.
			for k := range i {
				if part[i] == part[k] && whole[i] != whole[k] {
					t.Errorf("tickets %d and %d were one incident and are not with more tickets", k, i)
				}
			}
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("a\n\"x")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		err := rowsOf("x", strings.NewReader(text), []string{"a"}, func(_ int, r record) error {
			n++
			_ = r.number("a")
			_ = r.text("none")
			return nil
		})
		if err == nil && !strings.Contains(text, "a") {
			t.Errorf("%q has %d rows", text, n)
		}
	})
}
