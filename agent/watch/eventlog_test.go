package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/host"
)

// recordedLog is an event log of a test.
type recordedLog struct {
	records map[string][]string // by channel; a record's number is its place, from 1
	first   uint64              // number before the first
	refused error
	asked   []uint64 // ids of the System channel
}

func (l *recordedLog) put(channel, provider string, id int, at time.Time, data string) {
	n := l.first + uint64(len(l.records[channel])) + 1
	l.records[channel] = append(l.records[channel], fmt.Sprintf(`<Event><System><Provider Name='%s'/><EventID>%d</EventID><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Channel>%s</Channel></System><EventData>%s</EventData></Event>`,
		provider, id, at.UTC().Format(time.RFC3339Nano), n, channel, data))
}

func (l *recordedLog) After(channel string, id uint64, _ time.Time, most int) (list [][]byte, skipped int, err error) {
	if channel == systemChannel {
		l.asked = append(l.asked, id)
	}
	if l.refused != nil {
		return nil, 0, l.refused
	}
	for i, s := range l.records[channel] {
		if l.first+uint64(i)+1 > id && len(list) < most {
			list = append(list, []byte(s))
		}
	}
	return list, 0, nil
}

func (l *recordedLog) Newest(channel string) (uint64, error) {
	return l.first + uint64(len(l.records[channel])), l.refused
}

// windowsPC is a PC with Windows.
func windowsPC(t *testing.T, p *pc, log *recordedLog) *Watch {
	t.Helper()
	p.w = &Watch{Host: &host.Host{Root: p.root, Now: p.now}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Path: filepath.Join(p.data, "watched"),
		Serial:     func(_ context.Context, disk string) string { return "S-" + disk },
		OpenKernel: func(*host.Host) (kernelLog, error) { return nil, errors.ErrUnsupported },
		OpenEvents: func(*host.Host) (eventLog, error) { return log, nil },
		Awake:      func() (time.Duration, error) { return 0, errors.ErrUnsupported }}
	if err := p.w.Open(1, p.next); err != nil {
		t.Fatal(err)
	}
	return p.w
}

const harddisk = `<Data>\Device\Harddisk1\DR1</Data>`

func TestEventLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pc{t: t, root: t.TempDir(), data: t.TempDir(), next: 1}
		log := &recordedLog{records: map[string][]string{}}
		now := time.Now()
		log.put(systemChannel, "disk", 7, now.Add(-48*time.Hour), harddisk) // before the first look
		log.put(systemChannel, "disk", 7, now.Add(-time.Minute), harddisk)
		log.put(systemChannel, "Service Control Manager", 7036, now, "")
		log.put("Application", "Application Error", 1000, now, "<Data Name='AppName'>app.exe</Data>")
		w := windowsPC(t, p, log)
		w.Pass(t.Context())
		list := p.told()
		if len(list) != 2 || list[0].Kind != "disk_error" || list[0].Attributes["disk"] != "PhysicalDrive1" || list[0].Attributes["serial"] != "S-PhysicalDrive1" || list[1].Kind != "app_crash" {
			t.Fatalf("%+v", list)
		}
		// What was told is not told again, neither by this run nor the next.
		w.Pass(t.Context())
		p.want(p.told())
		w = windowsPC(t, p, log)
		w.Pass(t.Context())
		p.want(p.told())
	})
}

// A start is told once though several records tell of it, and they wait for
// each other, also over a restart of the agent.
func TestEventLogStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pc{t: t, root: t.TempDir(), data: t.TempDir(), next: 1}
		log := &recordedLog{records: map[string][]string{}}
		w := windowsPC(t, p, log)
		w.Pass(t.Context())
		p.told()
		log.put(systemChannel, "Microsoft-Windows-Kernel-General", 12, time.Now(), "<Data Name='StartTime'>"+time.Now().UTC().Format(time.RFC3339Nano)+"</Data>")
		log.put(systemChannel, "disk", 7, time.Now(), harddisk)
		w.Pass(t.Context())
		if list := p.told(); len(list) != 1 || list[0].Kind != "disk_error" {
			t.Fatalf("%+v", list)
		}
		if err := w.Save(); err != nil {
			t.Fatal(err)
		}
		w = windowsPC(t, p, log) // the agent starts anew
		log.put(systemChannel, "Microsoft-Windows-Kernel-Boot", 27, time.Now(), "<Data Name='BootType'>0</Data>")
		w.Pass(t.Context())
		p.want(p.told())
		time.Sleep(heldFor)
		w.Pass(t.Context())
		if list := p.told(); len(list) != 1 || list[0].Kind != "boot" {
			t.Fatalf("%+v", list)
		}
		time.Sleep(2 * heldFor)
		w.Pass(t.Context())
		p.want(p.told())
	})
}

// A stop that was asked for is told when it comes, and never when it was called
// off.
func TestEventLogStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pc{t: t, root: t.TempDir(), data: t.TempDir(), next: 1}
		log := &recordedLog{records: map[string][]string{}}
		w := windowsPC(t, p, log)
		w.Pass(t.Context())
		ask := func() { log.put(systemChannel, "User32", 1074, time.Now(), "<Data>C:\\Windows\\x.exe</Data>") }
		wait := func(d time.Duration) []Event {
			time.Sleep(d)
			w.Pass(t.Context())
			return p.told()
		}
		ask()
		p.want(wait(0))
		p.want(wait(2 * heldFor))
		log.put(systemChannel, "EventLog", 6006, time.Now(), "")
		p.want(wait(0))
		if list := wait(heldFor); len(list) != 1 || list[0].Kind != "clean_stop" || list[0].Count > 1 {
			t.Fatalf("%+v", list)
		}
		ask()
		p.want(wait(0))
		p.want(wait(2 * calledOff))
		p.want(wait(heldFor))
	})
}

// A log that was made anew is read from its beginning; one that may not be read
// is told of once.
func TestEventLogAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pc{t: t, root: t.TempDir(), data: t.TempDir(), next: 1}
		log := &recordedLog{records: map[string][]string{}, first: 1000}
		log.put(systemChannel, "disk", 7, time.Now(), harddisk)
		w := windowsPC(t, p, log)
		w.Pass(t.Context())
		if list := p.told(); len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		log.first, log.records = 0, map[string][]string{}
		time.Sleep(time.Hour)
		log.put(systemChannel, "disk", 11, time.Now(), harddisk)
		w.Pass(t.Context())
		var kinds []string
		for _, e := range p.told() {
			kinds = append(kinds, e.Kind)
		}
		if s := strings.Join(kinds, " "); s != "log_gap disk_error" {
			t.Error(s)
		}
		log.refused = fs.ErrPermission
		w.Pass(t.Context())
		w.Pass(t.Context())
		p.want(p.told(), "log_gap log=event_log reason=denied")
	})
}

func TestQuery(t *testing.T) {
	if got := query(41, time.Time{}); got != "*[System[EventRecordID>41]]" {
		t.Error(got)
	}
	if got := query(0, time.Date(2024, 6, 3, 9, 30, 0, 0, time.FixedZone("", 7200))); got != "*[System[TimeCreated[@SystemTime>='2024-06-03T07:30:00.000Z']]]" {
		t.Error(got)
	}
}

// A host's event log is asked by number, and for the newest from its end.
func TestLogOfHost(t *testing.T) {
	log := &recordedLog{records: map[string][]string{}}
	log.put(systemChannel, "disk", 7, time.Now(), harddisk)
	log.put(systemChannel, "disk", 11, time.Now(), harddisk)
	h := &host.Host{Events: func(channel, question string, newest bool, most int) ([][]byte, int, error) {
		list, _, err := log.After(channel, 0, time.Time{}, 10)
		if newest && question == "*" && most == 1 {
			return list[len(list)-1:], 0, err
		}
		if question != "*[System[EventRecordID>1]]" || newest {
			t.Errorf("asked %q, newest %v", question, newest)
		}
		return list[1:], 0, err
	}}
	l, err := openEvents(h)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.Newest(systemChannel); n != 2 || err != nil {
		t.Errorf("newest is %d, %v", n, err)
	}
	if list, _, err := l.After(systemChannel, 1, time.Time{}, 10); len(list) != 1 || err != nil {
		t.Errorf("%d records, %v", len(list), err)
	}
	if _, err := openEvents(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
