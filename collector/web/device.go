package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// devicePage is all there is about one device.
type devicePage struct {
	api.DeviceShow
	Edit      bool
	MayAsk    bool
	At        string // as asked for; empty: now
	Incidents []store.Incident
	Worst     string
	Range     string
	Charts    []healthChart
	Behind    texts.T // why there are no numbers
	Shelves   []shelfView
	Where     *api.PortWhere
	Place     *api.Place
	Panel     *panelView
	Changes   []changeView
	Ticks     []tick
	Stops     []stop
	Stop      int // where the slider stands: how many changes back; the last is now
	Days      int
	Before    string
	After     string
	Only      *sectionView // one section alone
	Now       time.Time
}

func (p *devicePage) Head() (texts.T, string) {
	if p.Gear() {
		return texts.As(p.Device.Name), "network"
	}
	return texts.As(p.Device.Name), "devices"
}

// Gear says whether the device is one of the network's.
func (p *devicePage) Gear() bool { return isGear(p.Device.Kind) }

type shelfView struct {
	Title    texts.T
	Sections []sectionView
}

// changeView is a line of the journal, in words.
type changeView struct {
	At   time.Time
	Icon string
	What texts.T
	Text template.HTML
}

// tick is a change on the line of times.
type tick struct {
	X   string
	Hot bool
}

// stop is a time at which something had just changed; JSON for the slider.
type stop struct {
	At   string `json:"at"`
	Word string `json:"word"`
}

// asOfDays is how far back the line of times reaches.
const asOfDays = 30

func (s *Site) device(v *visit) error {
	ref, q := v.r.PathValue("ref"), v.r.URL.Query()
	p := &devicePage{Edit: v.can(account.Edit), MayAsk: v.can(account.Work), At: q.Get("at"), Range: q.Get("range"), Days: asOfDays, Now: v.now}
	if !slices.Contains(ranges(), p.Range) {
		p.Range = "day"
	}
	if v.partial() && q.Get("port") != "" && q.Get("section") == "" {
		return s.portPart(v, ref)
	}
	in := api.DeviceShowInput{Ref: ref, At: p.At}
	if one := q.Get("section"); one != "" {
		in.Sections = []string{one}
	}
	shown, err := v.api.DeviceShow(v.ctx(), in)
	if err != nil {
		return err
	}
	p.DeviceShow = shown
	if q.Get("range") == "" && v.now.Sub(shown.Device.FirstSeen) < 6*time.Hour {
		p.Range = "hour" // a day of it would be empty
	}
	id := string(shown.Device.ID)
	if id != ref && !v.partial() { // one address for one device
		to := refOf(shown.Device.ID)
		if v.r.URL.RawQuery != "" {
			to += "?" + v.r.URL.RawQuery
		}
		return v.send(to)
	}
	c := s.clock(v)
	if one := q.Get("section"); one != "" {
		view := sectionOf(one, shown.Sections[one], shown.Status[one], shown.Hidden, c, true)
		view.Open = true
		if v.partial() {
			return s.renderPart(v, "device", "rows", view)
		}
		p.Only = &view
		return s.render(v, http.StatusOK, "device", "", p)
	}
	p.shelve(c)
	var changes []store.Change
	var wg sync.WaitGroup
	wg.Go(func() {
		list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Filter: "id:" + id, All: true, Limit: 50})
		if err == nil {
			p.Incidents = list.Incidents
			for _, i := range list.Incidents {
				if i.Status != store.Snoozed && !i.Hygiene && !i.Backlog && p.Worst == "" {
					p.Worst = i.Severity
				}
			}
		}
	})
	if p.At == "" {
		wg.Go(func() { p.Charts, p.Behind = s.charts(v, id, p.Range) })
		wg.Go(func() {
			if isGear(shown.Device.Kind) {
				if ports, err := v.api.PortShow(v.ctx(), api.PortShowInput{Ref: id}); err == nil && len(ports.Ports) > 0 {
					p.Panel = s.panel(v, shown, ports)
				}
			}
			if w, err := v.api.PortWhere(v.ctx(), api.PortWhereInput{What: id}); err == nil {
				p.Where = &w
				if len(w.Places) > 0 {
					p.Place = &w.Places[0]
				}
			}
		})
	}
	wg.Go(func() {
		from := v.now.Add(-asOfDays * 24 * time.Hour)
		h, err := v.api.DeviceHistory(v.ctx(), api.DeviceHistoryInput{Ref: id, From: from.UTC().Format(time.RFC3339), Limit: 2000})
		if err == nil {
			changes = h.Changes
		}
	})
	wg.Wait()
	p.journal(changes, v.now.Add(-asOfDays*24*time.Hour), v.now, c)
	return s.render(v, http.StatusOK, "device", "", p)
}

func isGear(kind string) bool { return kind != "pc" && kind != "server" && kind != "" }

// shelve lays the sections out.
func (p *devicePage) shelve(c clock) {
	left := map[string]bool{}
	for name := range p.Status {
		left[name] = true
	}
	add := func(title texts.T, names []string) {
		sv := shelfView{Title: title}
		for _, name := range names {
			if !left[name] {
				continue
			}
			delete(left, name)
			st := p.Status[name]
			if st.Status == "unsupported" && p.Sections[name] == nil && st.Reason == "" {
				continue
			}
			view := sectionOf(name, p.Sections[name], st, p.Hidden, c, false)
			if p.At != "" {
				if view.Count == 0 {
					continue
				}
				view.State, view.Says = "fine", "" // how it was read is known of now only
			}
			// Long ones come when one opens them.
			view.Lazy = !view.Single && view.Count > 12
			view.Open = !view.Lazy && view.Count > 0 && (title == "Machine" || title == "Storage" || name == "interface")
			sv.Sections = append(sv.Sections, view)
		}
		if len(sv.Sections) > 0 {
			p.Shelves = append(p.Shelves, sv)
		}
	}
	for _, sh := range shelves() {
		add(sh.Title, sh.Sections)
	}
	rest := []string{}
	for name := range left {
		rest = append(rest, name)
	}
	sort.Strings(rest)
	add("More", rest)
}

// journal puts the changes of the last days into words, and on a line of times.
func (p *devicePage) journal(list []store.Change, from, now time.Time, c clock) {
	seen := map[int64]bool{}
	for _, ch := range list {
		if ch.Verb == "first_read" || passing(ch.Section) {
			continue
		}
		if len(p.Changes) < 25 {
			p.Changes = append(p.Changes, changeOf(ch, c))
		}
		minute := ch.At.Truncate(time.Minute).Unix()
		if !seen[minute] && len(p.Ticks) < 200 {
			seen[minute] = true
			p.Ticks = append(p.Ticks, tick{X: trim(100 * ch.At.Sub(from).Seconds() / now.Sub(from).Seconds())})
			p.Stops = append(p.Stops, stop{ch.At.UTC().Format(time.RFC3339), c.At(ch.At)})
		}
	}
	for _, i := range p.Incidents {
		if i.OpenedAt.After(from) {
			p.Ticks = append(p.Ticks, tick{trim(100 * i.OpenedAt.Sub(from).Seconds() / now.Sub(from).Seconds()), true})
		}
	}
	// The list is newest first; the buttons go to the change before and after
	// what one looks at.
	at := now
	if t := p.DeviceShow.At; !t.IsZero() {
		at = t
	}
	slices.Reverse(p.Stops) // oldest first, as the slider has it
	p.Stop = len(p.Stops)
	if p.At != "" { // it stands at the last change before
		p.Stop = 0
		for i, st := range p.Stops {
			if t, _ := time.Parse(time.RFC3339, st.At); !t.After(at) {
				p.Stop = i
			}
		}
	}
	for _, st := range slices.Backward(p.Stops) {
		t, _ := time.Parse(time.RFC3339, st.At)
		switch {
		case t.Before(at.Add(-time.Second)) && p.Before == "":
			p.Before = t.Add(-time.Second).UTC().Format(time.RFC3339)
		case t.After(at):
			p.After = t.Add(time.Second).UTC().Format(time.RFC3339)
		}
	}
}

// passing are sections that change all day without anybody doing anything.
func passing(section string) bool {
	switch section {
	case "fdb", "arp", "session", "listening_port", "wireless_client", "process", "neighbor":
		return true
	}
	return false
}

// changeOf is a change in words.
func changeOf(ch store.Change, c clock) changeView {
	out := changeView{At: ch.At, What: sectionTitle(ch.Section)}
	esc := template.HTMLEscapeString
	value := func(x any) string {
		switch x {
		case nil, "":
			return "–"
		case true:
			return c.lang.Say("yes")
		case false:
			return c.lang.Say("no")
		}
		return clip(fmt.Sprint(x), 80)
	}
	name := ""
	for _, k := range []string{"name", "title", "model", "mac", "port", "address"} {
		if x, ok := ch.Key[k]; ok && fmt.Sprint(x) != "" {
			name = clip(fmt.Sprint(x), 80)
			break
		}
	}
	if name == "" {
		var parts []string
		for _, k := range sortedKeys(ch.Key) {
			parts = append(parts, value(ch.Key[k]))
		}
		name = strings.Join(parts, " ")
	}
	if name == "" {
		name = c.lang.Say(out.What)
	}
	b := "<b>" + esc(name) + "</b>"
	switch ch.Verb {
	case "added":
		out.Icon = "add"
		if x, ok := ch.After["version"]; ok && x != nil {
			b += " " + esc(value(x))
		}
		b += " " + esc(c.lang.Say("came"))
	case "removed":
		out.Icon = "gone"
		b += " " + esc(c.lang.Say("went"))
	default:
		out.Icon = "again"
		var parts []string
		for _, k := range sortedKeys(ch.After) {
			parts = append(parts, esc(strings.ReplaceAll(k, "_", " "))+" "+esc(value(ch.Before[k]))+" → <b>"+esc(value(ch.After[k]))+"</b>")
			if len(parts) == 3 {
				break
			}
		}
		b += " " + strings.Join(parts, ", ")
	}
	out.Text = template.HTML(b)
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func ranges() []string { return []string{"hour", "day", "week", "month", "year"} }

func rangeOf(name string) time.Duration {
	switch name {
	case "hour":
		return time.Hour
	case "week":
		return 7 * 24 * time.Hour
	case "month":
		return 30 * 24 * time.Hour
	case "year":
		return 365 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// deviceChart is the charts over another time, to be put in place.
func (s *Site) deviceChart(v *visit) error {
	over := v.r.PathValue("chart")
	if !slices.Contains(ranges(), over) {
		return s.nowhere(v)
	}
	ref := v.r.PathValue("ref")
	if !v.partial() {
		return v.send("/devices/" + url.PathEscape(ref) + "?range=" + over)
	}
	p := &devicePage{Range: over}
	p.Charts, p.Behind = s.charts(v, ref, over)
	p.Device.ID = ""
	return s.renderPart(v, "device", "charts", map[string]any{"Charts": p.Charts, "Behind": p.Behind, "Range": over, "ID": ref})
}

// deviceEdit keeps what people know about a device.
// deviceRefresh asks the device for everything anew; the page then says what
// becomes of it.
func (s *Site) deviceRefresh(v *visit) error {
	ref := v.r.PathValue("ref")
	if _, err := v.api.DeviceRefresh(v.ctx(), api.RefInput{Ref: ref}); err != nil {
		return err
	}
	return v.send("/devices/" + url.PathEscape(ref))
}

func (s *Site) deviceEdit(v *visit) error {
	text := func(name string) *string { // what a form does not have stays
		x := v.form(name)
		if _, ok := v.r.Form[name]; !ok {
			return nil
		}
		return &x
	}
	d, err := v.api.DeviceSet(v.ctx(), api.DeviceSetInput{Ref: v.r.PathValue("ref"), Body: api.DeviceChange{AssetTag: text("asset_tag"), Department: text("department"),
		Purchased: text("purchased"), Warranty: text("warranty"), Site: text("site"), Note: text("note")}})
	if err != nil {
		return err
	}
	return v.send(refOf(d.ID))
}

// roleWord is what a port is for, in words.
func roleWord(role string) texts.T {
	switch role {
	case "free":
		return "Free"
	case "unseen":
		return "Link, nobody seen"
	case "access":
		return "One device"
	case "shared":
		return "Small switch behind it"
	case "access_point":
		return "Access point"
	case "uplink":
		return "Uplink"
	case "unpolled":
		return "Other gear"
	case "internal":
		return "Internal"
	}
	return texts.As(words(role))
}
