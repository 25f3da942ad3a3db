package api

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
)

// spreadPoints is how many times a spread is told of: one bit each of a word.
const spreadPoints = 60

// spread counts devices at spreadPoints times from versions of rows, which come
// device by device.
type spread struct {
	from, to time.Time
	of       map[string]*[spreadPoints]int // by version; "" in all is the program itself
	all      [spreadPoints]int
	first    map[string]time.Time

	device inventory.DeviceID
	here   map[string]uint64 // when the device at hand had which version
}

func newSpread(from, to time.Time) *spread {
	return &spread{from: from, to: to, of: map[string]*[spreadPoints]int{}, first: map[string]time.Time{}, here: map[string]uint64{}}
}

// at is the time of a point.
func (s *spread) at(i int) time.Time {
	return s.from.Add(s.to.Sub(s.from) * time.Duration(i) / (spreadPoints - 1))
}

// add takes one version of a row; a zero until is still so.
func (s *spread) add(device inventory.DeviceID, version string, from, until time.Time) {
	if device != s.device {
		s.flush()
		s.device = device
	}
	if old, ok := s.first[version]; !ok || from.Before(old) {
		s.first[version] = from
	}
	var mask uint64
	for i := range spreadPoints {
		if at := s.at(i); !from.After(at) && (until.IsZero() || until.After(at)) {
			mask |= 1 << i
		}
	}
	if mask != 0 {
		s.here[version] |= mask
	}
}

// flush counts the device at hand, once however many rows it had.
func (s *spread) flush() {
	var any uint64
	for version, mask := range s.here {
		any |= mask
		n := s.of[version]
		if n == nil {
			n = new([spreadPoints]int)
			s.of[version] = n
		}
		tally(n, mask)
	}
	tally(&s.all, any)
	clear(s.here)
}

func tally(n *[spreadPoints]int, mask uint64) {
	for ; mask != 0; mask &= mask - 1 {
		n[bits.TrailingZeros64(mask)]++
	}
}

// Days of a spread when nobody says: so many, or fewer of a program that is
// younger, but not less than a week.
const (
	spreadDays  = 90
	spreadLeast = 7
)

func (s SoftwareShow) devices() int { return s.Devices }

// softwareShow tells how a program spread. It reads the rows of this program
// alone, whoever has or had it; of a large fleet that takes a while, so it is
// kept as counts are.
func (s *Server) softwareShow(ctx context.Context, in *SoftwareShowInput) (SoftwareShow, error) {
	name, days := strings.TrimSpace(in.Name), in.Days
	return s.spreads.of(ctx, s.d.Now, fmt.Sprintf("%d %s", days, name), func(ctx context.Context) (SoftwareShow, error) { return s.spreadOf(ctx, name, days) })
}

func (s *Server) spreadOf(ctx context.Context, name string, days int) (SoftwareShow, error) {
	type install struct {
		device      inventory.DeviceID
		version     string
		from, until time.Time
	}
	var list []install
	out := SoftwareShow{Name: name, Versions: []SoftwareVersion{}, Days: []time.Time{}}
	err := s.d.Inventory.Installs(ctx, scopeOf(ctx), []string{name}, func(i *store.Install) error {
		list = append(list, install{i.Device, i.Version, i.From, i.Until})
		if out.Publisher == "" || i.Until.IsZero() && i.Publisher != "" {
			out.Publisher = i.Publisher
		}
		if out.FirstSeen.IsZero() || i.From.Before(out.FirstSeen) {
			out.FirstSeen = i.From
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	if len(list) == 0 {
		return out, NewProblem(notFound, "no device that this account may see has or had a program %q: muster software list NAME looks for a part of a name", clip(printable(name), 80))
	}
	now := s.d.Now().UTC()
	if days == 0 {
		age := int(now.Sub(out.FirstSeen)/(24*time.Hour)) + 1
		days = min(max(age, spreadLeast), spreadDays)
	}
	x := newSpread(now.AddDate(0, 0, -days), now)
	for _, i := range list {
		x.add(i.device, i.version, i.from, i.until)
	}
	x.flush()
	for i := range spreadPoints {
		out.Days = append(out.Days, x.at(i))
	}
	out.Spread, out.Devices = x.all[:], x.all[spreadPoints-1]
	for version, n := range x.of {
		out.Versions = append(out.Versions, SoftwareVersion{Version: version, Devices: n[spreadPoints-1], FirstSeen: x.first[version], Spread: n[:]})
	}
	slices.SortFunc(out.Versions, func(a, b SoftwareVersion) int {
		return -cmp.Or(strings.Compare(inventory.VersionKey(a.Version), inventory.VersionKey(b.Version)), strings.Compare(a.Version, b.Version))
	})
	return out, nil
}

// Bounds of a look for news: changes that are read, and programs whose past is
// looked up.
const (
	newsChanges = 20_000
	newsTitles  = 500
)

// softwareNews tells which programs came that nobody had before. The journal
// says what came, the counts say of what no more devices have it than it came
// to, and only of these the past is read.
func (s *Server) softwareNews(ctx context.Context, in *SoftwareNewsInput) (SoftwareNews, error) {
	days := in.Days
	if days == 0 {
		days = 7
	}
	from := s.d.Now().AddDate(0, 0, -days)
	out := SoftwareNews{Software: []SoftwareNew{}}
	changes, err := s.d.Inventory.Journal(ctx, store.JournalQuery{Scope: scopeOf(ctx), Sections: []string{"software"}, From: from, Limit: newsChanges})
	if err != nil {
		return out, err
	}
	out.Partial = len(changes) == newsChanges
	came := map[string]*SoftwareNew{}
	on := map[string]map[inventory.DeviceID]bool{}
	began := map[inventory.DeviceID]time.Time{} // first readings
	for _, c := range changes {                 // the newest first: what is left at the end is the first
		switch c.Verb {
		case "first_read":
			began[c.Device] = c.At
		case "added":
			name, _ := c.Key["name"].(string)
			if name == "" {
				continue
			}
			if on[name] == nil {
				on[name] = map[inventory.DeviceID]bool{}
			}
			on[name][c.Device] = true
			version, _ := c.After["version"].(string)
			came[name] = &SoftwareNew{Name: name, Version: version, FirstSeen: c.At, Device: c.Device, On: c.Name}
		}
	}
	if len(came) == 0 {
		return out, nil
	}
	titles, err := s.d.Inventory.Software(ctx, store.SoftwareQuery{Scope: scopeOf(ctx), Limit: 100_000})
	if err != nil {
		return out, err
	}
	var names []string
	for _, t := range titles {
		if n := came[t.Name]; n != nil && t.Devices <= len(on[t.Name]) {
			n.Publisher, n.Devices = t.Publisher, t.Devices
			names = append(names, t.Name)
		}
	}
	if len(names) > newsTitles {
		names, out.Partial = names[:newsTitles], true
	}
	if len(names) == 0 {
		return out, nil
	}
	old := map[string]bool{}
	err = s.d.Inventory.Installs(ctx, scopeOf(ctx), names, func(i *store.Install) error {
		if first, ok := began[i.Device]; i.From.Before(from) || ok && !i.From.After(first) {
			old[i.Name] = true
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	for _, name := range names {
		if !old[name] {
			out.Software = append(out.Software, *came[name])
		}
	}
	slices.SortFunc(out.Software, func(a, b SoftwareNew) int {
		return cmp.Or(b.FirstSeen.Compare(a.FirstSeen), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (SoftwareNews) columns() []string {
	return []string{"name", "publisher", "version", "devices", "first_seen", "device", "on"}
}

func (l SoftwareNews) rows(yield func([]any) error) error {
	for _, x := range l.Software {
		if err := yield([]any{x.Name, x.Publisher, x.Version, x.Devices, x.FirstSeen, string(x.Device), x.On}); err != nil {
			return err
		}
	}
	return nil
}
