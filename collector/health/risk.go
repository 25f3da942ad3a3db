package health

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
)

// risks is the order of the fleet's drives by the drive risk model. Points are
// worked out when asked for; the order is that of the last round.
type risks struct {
	model drive.Model
	at    time.Time
	top   map[riskKey]float64 // how near the top, in percent
	list  []DriveRisk

	listedAt time.Time
	listed   map[riskKey]listing // drives that were put on the daily list
}

type riskKey struct {
	d    *device
	part string
}

// listing is when a drive was put on the daily list, and with how many points.
type listing struct {
	at     time.Time
	points float64
}

// Each day the riskiest hundredth is listed to be looked at. A drive that was
// looked at and has not changed since rests for two weeks, so that the list
// gets on to the next ones.
const (
	listEvery = 23 * time.Hour
	listShare = 100
	listRest  = 14 * 24 * time.Hour
)

// risksEvery is how often the order is made anew.
const risksEvery = time.Hour

// driveRisk is what the model keeps of one drive.
type driveRisk struct {
	history drive.History
	kind    string
}

// counters are the numbers that the model reads.
func counters() []rule.Ref {
	const m = "smart_device"
	return []rule.Ref{
		{Measurement: m, Field: "reallocated_sectors_count"},
		{Measurement: m, Field: "pending_sector_count"},
		{Measurement: m, Field: "uncorrectable_sector_count"},
		{Measurement: m, Field: "uncorrectable_errors"},
	}
}

// rememberDrives lets the model see what drives told in a sample.
func (d *device) rememberDrives(p *plan, at time.Time) {
	for _, c := range d.parts["drive"] {
		var x [4]float64
		told := false
		for i, ref := range counters() {
			x[i] = math.NaN()
			n, ok := p.byNumber[ref]
			if !ok {
				continue
			}
			t := d.tracks[trackKey{n, c.key}]
			if t == nil {
				continue
			}
			if last, ok := t.Last(); ok && last.At == at.Unix() {
				x[i], told = last.V, true
			}
		}
		if !told {
			continue
		}
		if d.risk == nil {
			d.risk = map[string]*driveRisk{}
		}
		r := d.risk[c.key]
		if r == nil {
			r = &driveRisk{}
			d.risk[c.key] = r
		}
		r.kind = d.kindOfDrive(p, c.key)
		r.history.Add(drive.Reading{At: at, Reallocated: x[0], Pending: x[1], Offline: x[2], Uncorrectable: x[3]})
	}
}

// recallDrives lets the model see what the store knows of a device's drives,
// after a start.
func (d *device) recallDrives(p *plan) {
	for _, c := range d.parts["drive"] {
		by := map[int64]*drive.Reading{}
		for i, ref := range counters() {
			n, ok := p.byNumber[ref]
			if !ok || d.tracks[trackKey{n, c.key}] == nil {
				continue
			}
			for _, pt := range d.tracks[trackKey{n, c.key}].Points(time.Time{}) {
				r := by[pt.At]
				if r == nil {
					nan := math.NaN()
					r = &drive.Reading{At: time.Unix(pt.At, 0), Reallocated: nan, Pending: nan, Offline: nan, Uncorrectable: nan}
					by[pt.At] = r
				}
				*[]*float64{&r.Reallocated, &r.Pending, &r.Offline, &r.Uncorrectable}[i] = pt.V
			}
		}
		var list []drive.Reading
		for _, r := range by {
			list = append(list, *r)
		}
		slices.SortFunc(list, func(a, b drive.Reading) int { return a.At.Compare(b.At) })
		r := &driveRisk{kind: d.kindOfDrive(p, c.key)}
		for _, x := range list {
			r.history.Add(x)
		}
		if d.risk == nil {
			d.risk = map[string]*driveRisk{}
		}
		d.risk[c.key] = r
	}
}

// kindOfDrive is disk.kind of a drive; what is not told is taken for a hard
// disk when it counts sectors that wait, as only those do.
func (d *device) kindOfDrive(p *plan, key string) string {
	sp, rs := p.sections["disk"], d.rows["disk"]
	if sp != nil && rs != nil && rs.by[key] != nil {
		if i, ok := sp.at["kind"]; ok {
			if k := textOf(rs.by[key][i]); k != "" {
				return k
			}
		}
	}
	if n, ok := p.byNumber[counters()[1]]; ok && d.tracks[trackKey{n, key}] != nil {
		return "hdd"
	}
	return ""
}

// rankDrives orders the fleet's drives.
func (j *Judge) rankDrives(now time.Time) {
	j.risks.at = now
	type one struct {
		key    riskKey
		points float64
	}
	var all []one
	for _, id := range j.order {
		d := j.devices[id]
		if d.info.Retired || now.Sub(d.at) > 3*24*time.Hour {
			continue
		}
		for part, r := range d.risk {
			if points, ok := j.risks.model.Points(&r.history, r.kind, now); ok {
				all = append(all, one{riskKey{d, part}, points})
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.key.d.info.ID, b.key.d.info.ID), cmp.Compare(a.key.part, b.key.part))
	})
	if now.Sub(j.risks.listedAt) >= listEvery {
		j.risks.listedAt = now
		room := max(len(all)/listShare, 1)
		for _, x := range all {
			l, ok := j.risks.listed[x.key]
			if room == 0 || x.points <= 0 {
				break
			}
			if ok && now.Sub(l.at) < listRest && x.points <= l.points {
				continue
			}
			room--
			j.risks.listed[x.key] = listing{now, x.points}
		}
	}
	j.risks.top = make(map[riskKey]float64, len(all))
	j.risks.list = j.risks.list[:0]
	for i, x := range all {
		top := 100 * float64(i+1) / float64(len(all))
		j.risks.top[x.key] = top
		j.risks.list = append(j.risks.list, DriveRisk{Device: x.key.d.info.ID, Component: x.key.part, Points: x.points, TopPercent: top,
			ListedAt: j.risks.listed[x.key].at})
	}
	// The rules about the order are asked of those near its top, and of those
	// that they have said something of.
	for _, ri := range j.plan.ranked {
		r := j.plan.set.Rules[ri]
		for i, x := range all {
			d := x.key.d
			if i > len(all)/20 && now.Sub(j.risks.listed[x.key].at) > listRest && d.states[stateKey{r.ID, x.key.part}] == nil || !j.concerns(r, d) {
				continue
			}
			if c := d.parts["drive"][x.key.part]; c != nil {
				j.stats.Judgements++
				j.moved(d, stateKey{r.ID, c.key}, j.judge(d, ri, c, newest(d.at, d.info.FirstSeen), true, nil), now)
			}
		}
	}
}

// DriveRisk is a drive's place in the order of the fleet.
type DriveRisk struct {
	Device     inventory.DeviceID `json:"device"`
	Component  string             `json:"component"`
	Points     float64            `json:"points"`
	TopPercent float64            `json:"top_percent"` // 1: the riskiest hundredth
	ListedAt   time.Time          `json:"listed_at,omitzero"`
}

// DriveRisks are the fleet's drives by the drive risk model, the riskiest
// first, as of the last round.
func (j *Judge) DriveRisks() []DriveRisk {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.risks.list)
}

// derivedNumber answers what the model says of the drive.
func (v *view) derivedNumber(group, name string) rule.Value {
	r := v.d.risk[v.part.key]
	if group != "drive_risk" || r == nil {
		return rule.Value{}
	}
	if name == "top_percent" {
		x, ok := v.j.risks.top[riskKey{v.d, v.part.key}]
		return rule.Value{Known: ok, N: x}
	}
	if name == "listed" {
		l, ok := v.j.risks.listed[riskKey{v.d, v.part.key}]
		return rule.Value{Known: !v.j.risks.listedAt.IsZero(), F: ok && v.now.Sub(l.at) <= listRest}
	}
	if name == "points" {
		points, ok := v.j.risks.model.Points(&r.history, r.kind, v.now)
		return rule.Value{Known: ok, N: points}
	}
	s, ok := v.j.risks.model.Score(&r.history, r.kind, v.now)
	return rule.Value{Known: ok, N: s.Probability}
}

// riskTerms are the terms of a drive's score, as evidence.
func (v *view) riskTerms() []store.Evidence {
	if !slices.Contains(v.r.Inputs, v.j.plan.pointsSlot) {
		return nil
	}
	r := v.d.risk[v.part.key]
	if r == nil {
		return nil
	}
	s, ok := v.j.risks.model.Score(&r.history, r.kind, v.now)
	if !ok {
		return nil
	}
	var out []store.Evidence
	for _, t := range s.Terms {
		out = append(out, store.Evidence{Label: featureWords(t.Feature), Value: fmt.Sprintf("%s: %s points", short(t.Value), short(round(t.Points)))})
	}
	if s.Of > 0 {
		out = append(out, store.Evidence{Label: "Drives with as many points", Value: fmt.Sprintf("%d of %d in the data failed", s.Failed, s.Of)})
	}
	return out
}

// featureWords is what a term is about, for people.
func featureWords(f drive.Feature) string {
	switch f {
	case drive.HasReallocated:
		return "Sectors replaced so far"
	case drive.HasPending:
		return "Sectors that do not read now"
	case drive.HasUncorrectable:
		return "Reads that failed so far"
	case drive.Reallocates:
		return "Sectors replaced within a week"
	case drive.Pends:
		return "Sectors that became unreadable within a week"
	case drive.Moves:
		return "Days since a counter rose"
	}
	return words(string(f))
}

// DrivePoints are the points of a drive by the drive risk model, at its
// newest reading; 0 when it is not known.
func (j *Judge) DrivePoints(id inventory.DeviceID, component string) float64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	d := j.devices[id]
	if d == nil || d.risk[component] == nil {
		return 0
	}
	r := d.risk[component]
	points, _ := j.risks.model.Points(&r.history, r.kind, r.history.Last())
	return points
}
