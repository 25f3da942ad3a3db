package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/notify"
)

func TestGrouping(t *testing.T) {
	at := all("chat")
	at.Wait = -1
	in(t, []notify.Route{all("mail"), at}, func(w *world) {
		w.tell(1, notify.Opened, notify.Warn)
		sleep(10 * time.Second)
		w.tell(2, notify.Opened, notify.Critical)
		sleep(15 * time.Second)
		w.tell(3, notify.Opened, notify.Info)
		w.tell(2, notify.Worse, notify.Critical)
		sleep(time.Minute)
		w.is("mail", "30s 2:opened+worse 1:opened 3:opened")
		w.is("chat", "0s 1:opened", "10s 2:opened", "25s 2:worse 3:opened")
		w.tell(4, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.is("mail", "30s 2:opened+worse 1:opened 3:opened", "1m55s 4:opened")
	})
}

// Without a Wake announcements are found too.
func TestPoll(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		sleep(time.Second)
		w.n = &notify.Notifier{} // whose Wake reaches nobody
		w.tell(1, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.is("mail", "40s 1:opened")
	})
}

func TestNothingTwice(t *testing.T) {
	second := all("mail")
	second.Name, second.Severity = "criticals to mail", notify.Critical
	in(t, []notify.Route{all("mail"), second}, func(w *world) {
		id := w.tell(1, notify.Opened, notify.Critical)
		same := func(a *notify.Announcement) { a.ID = id }
		w.tell(1, notify.Opened, notify.Critical, same)
		sleep(time.Minute)
		w.tell(1, notify.Opened, notify.Critical, same)
		w.end()
		w.start()
		w.tell(1, notify.Opened, notify.Critical, same)
		sleep(time.Hour)
		w.is("mail", "30s 1:opened")
	})
}

func TestEnds(t *testing.T) {
	ends := all("ends")
	ends.Kinds = []notify.Kind{notify.Opened, notify.Worse, notify.Escalated, notify.Resolved}
	in(t, []notify.Route{all("mail"), ends}, func(w *world) {
		w.tell(1, notify.Opened, notify.Warn) // over before anybody was told
		w.tell(2, notify.Opened, notify.Warn)
		sleep(10 * time.Second)
		w.tell(1, notify.Resolved, notify.Warn)
		sleep(time.Minute)
		w.is("mail", "30s 2:opened")
		w.is("ends", "30s 2:opened 1:opened+resolved")
		w.tell(2, notify.Worse, notify.Critical)
		w.tell(2, notify.Resolved, notify.Critical)
		w.tell(3, notify.Resolved, notify.Critical) // nobody knew of it
		sleep(time.Minute)
		w.is("mail", "30s 2:opened")
		w.is("ends", "30s 2:opened 1:opened+resolved", "1m40s 2:worse+resolved")
		// It comes back, with its old number.
		w.tell(2, notify.Opened, notify.Critical)
		sleep(time.Minute)
		w.is("mail", "30s 2:opened", "2m40s 2:opened")
		if c := w.counts("mail"); c.Waiting != 0 || c.Unsent != 0 || c.Dropped != 4 {
			w.Errorf("%+v", c)
		}
	})
}

// One incident that opens and ends once a minute, for hours.
func TestFlapping(t *testing.T) {
	ends := all("ends")
	ends.Kinds = []notify.Kind{notify.Opened, notify.Worse, notify.Escalated, notify.Resolved}
	in(t, []notify.Route{all("mail"), ends}, func(w *world) {
		const hours = 3
		for range hours * 60 {
			w.tell(1, notify.Opened, notify.Warn)
			sleep(45 * time.Second)
			w.tell(1, notify.Resolved, notify.Warn)
			sleep(15 * time.Second)
		}
		for _, name := range []string{"mail", "ends"} {
			f := w.channel(name)
			if n := len(f.all()); n < hours || n > hours*notify.FlapLimit {
				w.Errorf("%s was told %d times in %d hours", name, n, hours)
			}
			for i, m := range f.all() {
				if m.Kind != notify.Notices {
					w.Errorf("%s: message %d is a %s", name, i, m.Kind)
				}
				if i >= notify.FlapLimit && m.at-f.all()[i-notify.FlapLimit].at < notify.FlapWindow {
					w.Errorf("%s: message %d came %s after the one %d before it", name, i, m.at-f.all()[i-notify.FlapLimit].at, notify.FlapLimit)
				}
				if len(m.Notices) != 1 || len(m.Notices[0].Past) > 12 {
					w.Errorf("%s: message %d has %d notices", name, i, len(m.Notices))
				}
			}
		}
		// A person's word comes through.
		before := len(w.channel("mail").all())
		w.tell(1, notify.Escalated, notify.Critical)
		sleep(time.Minute)
		if n := len(w.channel("mail").all()); n != before+1 {
			w.Errorf("an escalation made %d messages", n-before)
		}
		// But not without end.
		for range 50 {
			w.tell(1, notify.Escalated, notify.Critical)
			sleep(time.Minute)
		}
		if n := len(w.channel("mail").all()) - before; n > 2*notify.FlapLimit {
			w.Errorf("50 escalations in an hour made %d messages", n)
		}
	})
}

func TestHoursHold(t *testing.T) {
	office := notify.Hours{From: "08:00", To: "17:00", Days: []time.Weekday{1, 2, 3, 4, 5}, Zone: "America/New_York"}
	hold, urgent := all("hold"), all("urgent")
	hold.Hours, urgent.Hours, urgent.Urgent = office, office, true
	in(t, []notify.Route{hold, urgent}, func(w *world) {
		sleep(12 * time.Hour) // Saturday noon, UTC
		w.tell(1, notify.Opened, notify.Warn)
		w.tell(2, notify.Opened, notify.Critical)
		w.tell(3, notify.Opened, notify.Warn)
		sleep(time.Hour)
		w.tell(1, notify.Escalated, notify.Warn)
		w.tell(3, notify.Resolved, notify.Warn)
		sleep(24 * time.Hour)
		w.is("hold", "")
		w.is("urgent", "12h0m30s 2:opened", "13h0m30s 1:opened+escalated")
		sleep(25 * time.Hour)
		w.is("hold", "61h0m0s 2:opened 1:opened+escalated") // Monday 13:00 UTC is 08:00 in New York
		w.is("urgent", "12h0m30s 2:opened", "13h0m30s 1:opened+escalated")
		w.tell(4, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.is("urgent", "12h0m30s 2:opened", "13h0m30s 1:opened+escalated", "62h0m30s 4:opened")
	})
}

func TestRate(t *testing.T) {
	r := all("mail")
	r.Rate = 4
	in(t, []notify.Route{r}, func(w *world) {
		for n := range 60 {
			w.tell(int64(n+1), notify.Opened, notify.Warn)
			sleep(time.Minute)
		}
		sleep(3 * time.Hour)
		got := w.channel("mail").all()
		told := 0
		for i, m := range got {
			told += m.Incidents()
			if i >= 4 && m.at-got[i-4].at < time.Hour {
				w.Errorf("message %d came %s after the fourth before it", i, m.at-got[i-4].at)
			}
		}
		if told != 60 || len(got) > 8 {
			w.Errorf("%d incidents were told in %d messages", told, len(got))
		}
	})
}

// A site outage: a thousand incidents within an hour.
func TestStorm(t *testing.T) {
	in(t, []notify.Route{all("mail"), all("chat")}, func(w *world) {
		w.change(func() { w.outlet("chat").Brake = notify.Brake{Letters: 2, Period: time.Hour, Hold: 30 * time.Minute} })
		for n := range 1000 {
			w.tell(int64(n+1), notify.Opened, notify.Warn)
			sleep(3600 * time.Millisecond)
		}
		sleep(2 * time.Hour)
		for name, most := range map[string]int{"mail": 12 + 1 + 4, "chat": 2 + 1 + 3} {
			told, storms := 0, 0
			for _, m := range w.channel(name).all() {
				told += m.Incidents()
				if m.Kind == notify.Storm {
					if storms++; m.Until.Sub(m.At) <= 0 {
						w.Errorf("a storm without an end: %+v", m)
					}
				}
				if len(m.Notices) > 30 {
					w.Errorf("%d notices in one message", len(m.Notices))
				}
				more := 0
				for _, c := range m.More {
					more += c.Count
				}
				if more != len(m.Numbers) {
					w.Errorf("%d incidents are counted, %d numbered", more, len(m.Numbers))
				}
			}
			if n := len(w.channel(name).all()); told != 1000 || n > most || storms == 0 {
				w.Errorf("%s: %d incidents in %d messages (at most %d), %d of them storms:\n%s", name, told, n, most, storms, w.got(name))
			}
			if c := w.counts(name); c.Storms != storms || c.Waiting != 0 {
				w.Errorf("%s: %+v", name, c)
			}
		}
		// When it is over, single messages come as before.
		before := len(w.channel("chat").all())
		w.tell(2000, notify.Opened, notify.Warn)
		sleep(31 * time.Second)
		got := w.channel("chat").all()
		if len(got) != before+1 || got[before].Kind != notify.Notices {
			w.Errorf("after the storm:\n%s", w.got("chat"))
		}
	})
}

func fail(f notify.Failure) func(context.Context, notify.Message) error {
	return func(context.Context, notify.Message) error { return &f }
}

func TestRetry(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		var mu sync.Mutex
		var all []arrived
		w.channel("mail").say(func(_ context.Context, m notify.Message) error {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, arrived{m, time.Since(begin)})
			return &notify.Failure{Fate: notify.Temporary, Said: "451 come back\r\nlater\x00"}
		})
		w.tell(1, notify.Opened, notify.Warn)
		sleep(12 * time.Hour)
		mu.Lock()
		tries := slices.Clone(all)
		mu.Unlock()
		if len(tries) < 12 || len(tries) > 60 {
			w.Errorf("%d tries in 12 hours", len(tries))
		}
		for i, m := range tries {
			if m.ID != tries[0].ID || m.Attempt != i+1 || m.Text() != tries[0].Text() {
				w.Errorf("try %d is number %d of %s", i+1, m.Attempt, m.ID)
			}
			if i < 2 {
				continue
			}
			if gap, before := m.at-tries[i-1].at, tries[i-1].at-tries[i-2].at; gap > time.Hour || gap < before {
				w.Errorf("try %d came after %s, the one before it after %s", i, gap, before)
			}
		}
		l, err := w.store.Letters(w.Context(), notify.Query{})
		if err != nil || len(l) != 1 || l[0].Said != "the server says: 451 come back later" || l[0].State != notify.Unsent {
			w.Fatalf("%+v, %v", l, err)
		}
		sleep(13 * time.Hour)
		if c := w.counts("mail"); c.Failed != 1 || c.Unsent != 0 {
			w.Errorf("after a day: %+v", c)
		}
		n := w.channel("mail").tried()
		sleep(48 * time.Hour)
		if w.channel("mail").tried() != n {
			w.Error("it was tried after it was put aside")
		}
		// A person sends it again.
		w.channel("mail").say(nil)
		if err := w.store.Again(w.Context(), l[0].ID, time.Now()); err != nil {
			w.Fatal(err)
		}
		w.n.Reload()
		sleep(time.Second)
		if got := w.channel("mail").all(); len(got) != 1 || got[0].ID != tries[0].ID {
			w.Errorf("%+v", got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		w.channel("mail").say(fail(notify.Failure{Fate: notify.Temporary, After: 40 * time.Minute}))
		w.tell(1, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.channel("mail").say(nil)
		sleep(30 * time.Minute)
		w.is("mail", "")
		sleep(31 * time.Minute)
		w.is("mail", "50m30s 1:opened") // 40 minutes and up to half as much again
	})
}

func TestPermanent(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		w.channel("mail").say(func(_ context.Context, m notify.Message) error {
			switch m.Notices[0].Incident.Number {
			case 1:
				return &notify.Failure{Fate: notify.Permanent, Said: "554 spam"}
			case 2:
				panic("what no template expects")
			case 3:
				return &notify.Partly{Note: "nobody@example.org: 550 unknown"}
			}
			return nil
		})
		for n := range 4 {
			w.tell(int64(n+1), notify.Opened, notify.Warn)
			sleep(time.Minute)
		}
		w.is("mail", "3m30s 4:opened")
		list, err := w.store.Letters(w.Context(), notify.Query{})
		var got []string
		for _, l := range list {
			got = append(got, string(l.State)+" "+l.Said)
		}
		want := []string{"sent ", "sent nobody@example.org: 550 unknown", "failed a fault in Muster's channel: what no template expects", "failed the server says: 554 spam"}
		if err != nil || !slices.Equal(got, want) {
			w.Errorf("%q, %v", got, err)
		}
		if w.channel("mail").tried() != 4 {
			w.Errorf("%d tries", w.channel("mail").tried())
		}
	})
}

// A password that is wrong must not be tried until the account is locked; when
// somebody mends it, what waits goes at once.
func TestSetupFailure(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		f := w.channel("mail")
		f.say(fail(notify.Failure{Fate: notify.Setup, Said: "535 wrong password"}))
		w.tell(1, notify.Opened, notify.Warn)
		sleep(31 * time.Minute)
		if f.tried() > 6 || f.tried() < 3 {
			w.Errorf("%d tries in half an hour", f.tried())
		}
		w.change(func() { f.say(nil); w.outlet("mail").Version = "2" })
		sleep(time.Second)
		w.is("mail", "31m0s 1:opened")
	})
}

// One letter that the far side does not want now holds back its own incident
// and no other.
func TestOrder(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		until := 90 * time.Minute
		w.channel("mail").say(func(_ context.Context, m notify.Message) error {
			for _, n := range m.Notices {
				if n.Incident.Number == 1 && time.Since(begin) < until {
					return &notify.Failure{Fate: notify.Temporary, Said: "450 greylisted"}
				}
			}
			return nil
		})
		w.tell(1, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.tell(2, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.tell(1, notify.Worse, notify.Critical)
		sleep(time.Minute)
		w.tell(3, notify.Opened, notify.Warn)
		sleep(80 * time.Minute)
		w.is("mail", "1m30s 2:opened", "3m30s 3:opened")
		sleep(2 * time.Hour)
		got := w.got("mail")
		if lines := strings.Split(got, "\n"); len(lines) != 4 || !strings.HasSuffix(lines[2], " 1:opened") || !strings.HasSuffix(lines[3], " 1:worse") {
			w.Errorf("in order:\n%s", got)
		}
	})
}

// A server that is down for hours is asked now and then, and hears all in few
// messages when it is back.
func TestServerDown(t *testing.T) {
	in(t, []notify.Route{all("mail"), all("chat")}, func(w *world) {
		w.channel("mail").say(func(context.Context, notify.Message) error { return errors.New("connection refused") })
		for n := range 3 * 60 {
			w.tell(int64(n+1), notify.Opened, notify.Warn)
			sleep(time.Minute)
		}
		if n := w.channel("mail").tried(); n > 60 {
			w.Errorf("%d tries in 3 hours", n)
		}
		if c := w.counts("mail"); c.Unsent > 3 {
			w.Errorf("%d letters wait: %+v", c.Unsent, c)
		}
		w.channel("mail").say(nil)
		sleep(2 * time.Hour)
		told := 0
		for _, m := range w.channel("mail").all() {
			told += m.Incidents()
		}
		if n := len(w.channel("mail").all()); told != 180 || n > 6 {
			w.Errorf("%d incidents in %d messages", told, n)
		}
		told = 0
		for _, m := range w.channel("chat").all() {
			told += m.Incidents()
		}
		if told != 180 {
			w.Errorf("the other channel heard of %d", told)
		}
	})
}

// A channel that hangs holds up no other, and is let go.
func TestHangs(t *testing.T) {
	in(t, []notify.Route{all("mail"), all("chat")}, func(w *world) {
		w.channel("mail").say(func(ctx context.Context, _ notify.Message) error { <-ctx.Done(); return ctx.Err() })
		w.tell(1, notify.Opened, notify.Warn)
		sleep(40 * time.Second)
		w.is("chat", "30s 1:opened")
		w.channel("mail").say(nil)
		sleep(10 * time.Minute)
		if len(w.channel("mail").all()) != 1 {
			w.Errorf("after the hang: %s", w.got("mail"))
		}
		// A process that ends leaves a moment to a channel under way.
		w.channel("mail").say(func(ctx context.Context, _ notify.Message) error {
			select {
			case <-time.After(2 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		w.tell(2, notify.Opened, notify.Warn)
		sleep(31 * time.Second)
		w.end()
		if c := w.counts("mail"); c.Sent != 2 {
			w.Errorf("ended in the middle: %+v", c)
		}
		w.channel("mail").say(func(ctx context.Context, _ notify.Message) error { <-ctx.Done(); return ctx.Err() })
		w.start()
		w.tell(3, notify.Opened, notify.Warn)
		sleep(31 * time.Second)
		since := time.Now()
		w.end()
		if took := time.Since(since); took > 6*time.Second {
			w.Errorf("it took %s to end", took)
		}
		w.start()
	})
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	in(t, []notify.Route{all("mail")}, func(w *world) {
		w.end()
		w.fails = errors.New("the key file is missing")
		w.start()
		w.tell(1, notify.Opened, notify.Warn)
		sleep(10 * time.Minute)
		if _, pending, _ := w.store.Counts(w.Context()); pending != 1 {
			w.Errorf("%d announcements are pending", pending)
		}
		if err := w.n.Test(w.Context(), "mail"); err == nil || !strings.Contains(err.Error(), "key file") {
			w.Errorf("test: %v", err)
		}
		w.change(func() { w.fails = nil })
		sleep(time.Minute)
		w.is("mail", "10m30s 1:opened")
		// From then on the last answer stands.
		w.change(func() { w.fails = errors.New("the database is locked") })
		w.tell(2, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.is("mail", "10m30s 1:opened", "11m30s 2:opened")
	})
}

func TestChannelsComeAndGo(t *testing.T) {
	in(t, []notify.Route{all("mail"), all("chat")}, func(w *world) {
		chat := w.outlet("chat").Channel
		w.change(func() {
			o := w.outlet("chat")
			o.Channel, o.Fault, o.Version = nil, errors.New("CA file: no such file"), "2"
		})
		w.tell(1, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.is("mail", "30s 1:opened")
		if l, err := w.store.Letters(w.Context(), notify.Query{Channel: "chat"}); err != nil || len(l) != 1 || l[0].Said != "CA file: no such file" {
			w.Errorf("%+v, %v", l, err)
		}
		if err := w.n.Test(w.Context(), "chat"); err == nil || err.Error() != "CA file: no such file" {
			w.Errorf("test: %v", err)
		}
		outlets := w.settings.Outlets
		w.change(func() { w.settings.Outlets = outlets[:1] })
		w.tell(2, notify.Opened, notify.Warn)
		sleep(time.Minute)
		w.change(func() {
			w.settings.Outlets = outlets
			o := w.outlet("chat")
			o.Channel, o.Fault, o.Version = chat, nil, "3"
		})
		sleep(time.Second)
		w.is("chat", "2m0s 1:opened", "2m0s 2:opened")
		if err := w.n.Test(w.Context(), "fax"); err == nil || !strings.Contains(err.Error(), `"fax"`) {
			w.Errorf("test: %v", err)
		}
		if err := w.n.Test(w.Context(), "mail"); err != nil {
			w.Errorf("test: %v", err)
		}
		got := w.channel("mail").all()
		if last := got[len(got)-1]; last.Kind != notify.Probe || last.ID == "" || !strings.Contains(last.Text(), "This is a test") {
			w.Errorf("test: %+v", last)
		}
	})
}

func TestDigest(t *testing.T) {
	r := all("mail")
	r.Digest = notify.Digest{At: "07:30", Zone: "America/New_York", Days: []time.Weekday{1, 2, 3, 4, 5}}
	r.Sites = []string{"north/hartford"}
	r.Created = begin
	empty := all("chat")
	empty.Digest, empty.Only = notify.Digest{At: "06:00", Zone: "UTC", Empty: true}, true
	in(t, []notify.Route{r, empty}, func(w *world) {
		stand := func(n int64, s notify.Severity, opened time.Time, edit func(*notify.Standing)) {
			a := notify.Standing{Incident: notify.Incident{Number: n, Title: "Disk is full", Severity: s, Agency: "North", Site: "Hartford", OpenedAt: opened,
				Devices: []notify.Device{{Name: "pc-7", User: "j.doe", Agency: "North", Site: "Hartford"}}, DeviceCount: 3}}
			if edit != nil {
				edit(&a)
			}
			w.open = append(w.open, a)
		}
		w.mu.Lock()
		stand(1, notify.Warn, begin.Add(-50*time.Hour), nil)
		stand(2, notify.Critical, begin.Add(-48*time.Hour), func(s *notify.Standing) { s.Claimed, s.State = true, "claimed by ines" })
		stand(3, notify.Warn, begin.Add(50*time.Hour), nil)
		stand(4, notify.Warn, begin, func(s *notify.Standing) { s.Incident.Backlog = true })
		stand(5, notify.Critical, begin, func(s *notify.Standing) {
			s.Incident.Site, s.Incident.Devices = "Utica", []notify.Device{{Name: "pc-8", Agency: "North", Site: "Utica"}}
		})
		w.mu.Unlock()
		sleep(60*time.Hour + 31*time.Minute) // Monday 07:31 in New York
		w.is("mail", "60h30m0s digest")
		w.is("chat", "6h0m0s digest", "30h0m0s digest", "54h0m0s digest")
		m := w.channel("mail").all()[0]
		d := m.Digest
		if d.OpenedCount != 1 || d.WaitingCount != 2 || d.Unclaimed != 2 || len(d.Backlog) != 1 || d.Backlog[0].Count != 1 || d.Waiting[0].Number != 2 || d.Waiting[0].State != "claimed by ines" {
			w.Errorf("%+v", d)
		}
		if !d.Since.Equal(begin.Add(36*time.Hour + 30*time.Minute)) {
			w.Errorf("the first is since %s", d.Since)
		}
		if got, want := m.Subject(), "[morning] 1 incident new, 2 waiting, 2 unclaimed"; got != want {
			w.Errorf("subject %q", got)
		}
		if text := m.Text(); !strings.Contains(text, "pc-7 and 2 more") || strings.Contains(text, "j.doe") || strings.Contains(text, "pc-8") {
			w.Errorf("text:\n%s", text)
		}
		// Nothing to tell: nothing is sent, and yet it was the digest of that day.
		w.mu.Lock()
		w.open = nil
		w.mu.Unlock()
		sleep(24 * time.Hour)
		w.is("mail", "60h30m0s digest")
		w.is("chat", "6h0m0s digest", "30h0m0s digest", "54h0m0s digest", "78h0m0s digest")
		// A collector that was down at the time sends it late, once.
		w.mu.Lock()
		stand(9, notify.Warn, begin.Add(90*time.Hour), nil)
		w.mu.Unlock()
		w.end()
		time.Sleep(26 * time.Hour)
		w.start()
		sleep(time.Hour)
		w.end()
		w.start()
		sleep(time.Hour)
		w.is("mail", "60h30m0s digest", "110h31m0s digest")
		if d := w.channel("mail").all()[1].Digest; d.OpenedCount != 1 || !d.Since.Equal(begin.Add(84*time.Hour+30*time.Minute)) {
			w.Errorf("%+v", d)
		}
		// Down for longer than half a day: it is another day's by then.
		w.end()
		time.Sleep(34 * time.Hour)
		w.start()
		sleep(time.Hour)
		if n := len(w.channel("mail").all()); n != 2 {
			w.Errorf("%d digests:\n%s", n, w.got("mail"))
		}
	})
}

// A clock that was years ahead for a while: nothing is lost, nothing is stuck.
func TestClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, years := range []int{5, -5} {
			w := &world{T: t}
			testClock(w, time.Duration(years)*365*24*time.Hour)
		}
	})
}

func testClock(w *world, off time.Duration) {
	w.store = newMemory()
	f := &fake{}
	w.settings = notify.Settings{Outlets: []notify.Outlet{{Name: "mail", Channel: f}}, Routes: []notify.Route{all("mail")}}
	w.settings.Routes[0].Hours = notify.Hours{From: "00:00", To: "00:00"}
	wrong := off
	n, err := notify.New(notify.Options{Store: w.store, Open: func(context.Context) ([]notify.Standing, error) { return nil, nil },
		Setup: func(context.Context) (notify.Settings, error) { return w.settings, nil },
		Now:   func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return time.Now().Add(wrong) }})
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	w.n, w.end = n, func() { cancel(); <-done }
	defer w.end()
	f.say(fail(notify.Failure{Fate: notify.Temporary}))
	w.tell(1, notify.Opened, notify.Warn)
	sleep(5 * time.Minute)
	w.tell(2, notify.Opened, notify.Warn)
	sleep(10 * time.Second)
	w.mu.Lock()
	wrong = 0
	w.mu.Unlock()
	f.say(nil)
	sleep(3 * time.Hour)
	w.tell(3, notify.Opened, notify.Warn)
	sleep(5 * time.Minute)
	told := map[int64]int{}
	for _, m := range f.all() {
		for _, n := range m.Notices {
			told[n.Incident.Number]++
		}
	}
	if fmt.Sprint(told) != "map[1:1 2:1 3:1]" {
		w.Errorf("off by %s: told %v, counts %+v", off, told, w.counts("mail"))
	}
}
