package collector

import (
	"bytes"
	"context"
	"maps"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/exposition"
	"muster/collector/intake"
	"muster/collector/store"
	"muster/internal/buildinfo"
)

// metricsPatience bounds the queries behind one page of metrics.
const metricsPatience = 10 * time.Second

// serveMetrics answers one scrape. No number here tells of a single device.
func (c *collector) serveMetrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), metricsPatience)
	defer cancel()
	var b bytes.Buffer
	if err := exposition.Write(&b, c.metrics(ctx)); err != nil {
		c.log.Error("metrics", "error", err)
		http.Error(w, "the metrics could not be written; the collector's log says why", http.StatusInternalServerError)
		return
	}
	plain(w, exposition.ContentType, http.StatusOK)
	w.Write(b.Bytes()) // who asked may be gone
}

// metrics is everything that operations need to see. Names begin with muster_,
// but for those of the process, which are the ones that everybody uses.
func (c *collector) metrics(ctx context.Context) []exposition.Family {
	return slices.Concat(
		c.ownMetrics(ctx),
		c.intakeMetrics(),
		c.storeMetrics(ctx),
		c.fleetMetrics(ctx),
		c.gearMetrics(),
		processMetrics(c.started),
	)
}

const (
	counter = exposition.Counter
	gauge   = exposition.Gauge
)

// labelled is a family of which samples differ in one label.
func labelled(kind exposition.Kind, name, help, label string, values map[string]float64) exposition.Family {
	f := exposition.Family{Name: name, Help: help, Kind: kind}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		f.Samples = append(f.Samples, exposition.Sample{Labels: []exposition.Label{{Name: label, Value: k}}, Value: values[k]})
	}
	return f
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (c *collector) ownMetrics(ctx context.Context) []exposition.Family {
	info := buildinfo.Read()
	build := exposition.One(gauge, "muster_build_info", "Always 1; its labels say which build this is.", 1)
	build.Samples[0].Labels = []exposition.Label{{Name: "version", Value: info.Version}, {Name: "go", Value: info.Go}}
	r := c.ready(ctx)
	parts := map[string]float64{}
	for _, p := range r.Parts {
		parts[p.Name] = yes(p.Ready)
	}
	ends := map[string]float64{}
	put := func(name string, at time.Time) {
		if !at.IsZero() {
			ends[name] = float64(at.Unix())
		}
	}
	signer, listener := c.authority.Expiry()
	put("ca", signer)
	put("agents", listener)
	put("web", c.webExpiry())
	return []exposition.Family{
		build,
		exposition.One(gauge, "muster_ready", "1 while reports can be taken, as /readyz says.", yes(r.Ready)),
		labelled(gauge, "muster_part_ready", "1 while a part does what taking reports needs of it.", "part", parts),
		labelled(gauge, "muster_certificate_expiry_timestamp_seconds", "When a certificate ends (Unix time): of the CA, of the agents' listener (renewed by itself), of web.certificate.", "certificate", ends),
		labelled(counter, "muster_dead_man_calls_total", "Calls of the dead man's address by what came of them; held are those not made because the collector was not ready.", "result", map[string]float64{
			"sent": float64(c.pings.sent.Load()), "failed": float64(c.pings.failed.Load()), "held": float64(c.pings.held.Load())}),
	}
}

func (c *collector) intakeMetrics() []exposition.Family {
	s := c.door.Stats()
	waiting, room := c.door.Waiting()
	requests, _ := c.receiver.Counts()
	wire, decoded := c.receiver.Bytes()
	reasons := map[string]float64{}
	for k, n := range c.receiver.Reasons() {
		reasons[k] = float64(n)
	}
	commits := exposition.Sample{Counts: s.Commits, Value: (s.OutboxTime + s.StoreTime).Seconds()}
	for _, b := range intake.CommitBounds() {
		commits.Bounds = append(commits.Bounds, b.Seconds())
	}
	return []exposition.Family{
		exposition.One(counter, "muster_requests_total", "Requests of agents.", float64(requests)),
		labelled(counter, "muster_refusals_total", "Requests of agents that were refused or put off, by the code they were told.", "reason", reasons),
		exposition.One(counter, "muster_report_wire_bytes_total", "Bodies of reports as they came.", float64(wire)),
		exposition.One(counter, "muster_report_decoded_bytes_total", "The same after decompression.", float64(decoded)),
		exposition.One(counter, "muster_reports_total", "Reports that became durable, of agents and of polled gear.", float64(s.Reports)),
		exposition.One(counter, "muster_report_repeats_total", "Reports that came again and changed nothing.", float64(s.Repeats)),
		exposition.One(counter, "muster_report_conflicts_total", "Reports whose number was taken with another content.", float64(s.Conflicts)),
		exposition.One(counter, "muster_report_resends_total", "Answers that asked a device to send again what is missing.", float64(s.Resends)),
		exposition.One(counter, "muster_report_bent_total", "Reports whose time was corrected.", float64(s.Bent)),
		exposition.One(counter, "muster_samples_total", "Numbers in reports that became durable.", float64(s.Samples)),
		exposition.One(counter, "muster_sections_total", "Sections in reports that became durable.", float64(s.Sections)),
		exposition.One(counter, "muster_events_total", "Events in reports that became durable.", float64(s.Events)),
		exposition.One(gauge, "muster_intake_waiting", "Envelopes that wait to be committed.", float64(waiting)),
		exposition.One(gauge, "muster_intake_room", "Envelopes that may wait; beyond, senders are put off.", float64(room)),
		exposition.One(counter, "muster_groups_total", "Groups of reports that were committed together.", float64(s.Groups)),
		{Name: "muster_commit_seconds", Help: "How long a group took to become durable: outbox and inventory.", Kind: exposition.Histogram, Samples: []exposition.Sample{commits}},
		exposition.One(counter, "muster_commit_outbox_seconds_total", "Of it, time in the outbox.", s.OutboxTime.Seconds()),
		exposition.One(counter, "muster_commit_store_seconds_total", "Of it, time in the inventory.", s.StoreTime.Seconds()),
	}
}

func (c *collector) storeMetrics(ctx context.Context) []exposition.Family {
	o := c.outboxStatus()
	st := c.outbox.Stats()
	d := c.drain.Stats()
	available, refusing, rate, again := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, x := range o.Stores {
		available[x.Name] = yes(x.Since == nil)
		refusing[x.Name] = yes(x.State == api.StoreRefuses)
		rate[x.Name] = x.Rate
		again[x.Name] = float64(x.Again)
	}
	nan := math.NaN()
	free, total, stop := nan, nan, nan
	if disk, err := c.diskStatus(); err == nil {
		free, total, stop = float64(disk.FreeBytes), float64(disk.TotalBytes), float64(disk.StopBytes)
	}
	series, seriesBytes, loaded := nan, nan, nan
	if s, err := c.series.Stats(ctx); err == nil {
		seriesBytes, loaded = float64(s.Bytes), s.Ready
		if s.Ready == 1 {
			series = float64(s.Series)
		}
	}
	rows, open, events, inventoryBytes := nan, nan, nan, nan
	if n, err := c.inventory.Counts(ctx); err == nil {
		rows, open, events, inventoryBytes = float64(n.Rows), float64(n.CurrentRows), float64(n.Events), float64(n.Bytes)
	}
	_, closed := c.isClosed()
	return []exposition.Family{
		exposition.One(gauge, "muster_outbox_records", "Records on their way to the series store.", float64(o.Records)),
		exposition.One(gauge, "muster_outbox_bytes", "Files of the outbox, the last hour for a replay included.", float64(o.Bytes)),
		exposition.One(gauge, "muster_outbox_limit_bytes", "Room of the outbox.", float64(o.LimitBytes)),
		exposition.One(gauge, "muster_outbox_fill_ratio", "How much of the room is taken by what cannot be given up; from 0.8 on agents are put off.", st.Fill),
		exposition.One(gauge, "muster_outbox_lag_seconds", "Age of the oldest record that the series store has not taken.", o.LagSeconds),
		exposition.One(gauge, "muster_outbox_arriving_records_per_second", "Records that came a second, over the last minute.", o.Arriving),
		exposition.One(gauge, "muster_outbox_kept", "Records put aside that can still be taken back.", float64(o.Kept)),
		exposition.One(counter, "muster_outbox_lost_total", "Records put aside that were let go for want of room.", float64(o.Lost)),
		labelled(gauge, "muster_outbox_store_available", "1 while a store takes numbers, 0 while it is tried again and again.", "store", available),
		labelled(gauge, "muster_outbox_store_refusing", "1 while a store waits for somebody to change something.", "store", refusing),
		labelled(gauge, "muster_outbox_store_records_per_second", "Records that a store takes a second while there are some.", "store", rate),
		labelled(gauge, "muster_outbox_store_again", "Records that a store is given once more after a start.", "store", again),
		exposition.One(gauge, "muster_outbox_damaged", "Unreadable stretches of the outbox met since the start.", float64(st.Damaged)),
		exposition.One(counter, "muster_drain_records_total", "Records that the series store took.", float64(d.Records)),
		exposition.One(counter, "muster_drain_samples_total", "Numbers that the series store took.", float64(d.Samples)),
		exposition.One(counter, "muster_drain_doubles_total", "Numbers that it had already, as after each start.", float64(d.Doubles)),
		exposition.One(counter, "muster_drain_failures_total", "Writes to the series store that failed and were tried again.", float64(d.Failures)),
		exposition.One(counter, "muster_drain_poisoned_total", "Records that were put aside because the series store refuses them.", float64(d.Poisoned)),
		exposition.One(gauge, "muster_series", "Series with recent numbers.", series),
		exposition.One(gauge, "muster_series_bytes", "Series on the disk.", seriesBytes),
		exposition.One(gauge, "muster_series_loaded_ratio", "How far the series store has been opened; 1: it answers.", loaded),
		exposition.One(gauge, "muster_inventory_rows", "Rows of the inventory with history.", rows),
		exposition.One(gauge, "muster_inventory_current_rows", "Rows of the inventory that are true now.", open),
		exposition.One(gauge, "muster_inventory_events", "Events kept.", events),
		exposition.One(gauge, "muster_inventory_bytes", "The inventory's database on the disk.", inventoryBytes),
		exposition.One(gauge, "muster_disk_free_bytes", "Free space of the data folder's volume.", free),
		exposition.One(gauge, "muster_disk_size_bytes", "Size of the data folder's volume.", total),
		exposition.One(gauge, "muster_disk_reserve_bytes", "Free space below which reports are put off.", stop),
		exposition.One(gauge, "muster_closed", "1 while reports are put off because the disk is nearly full.", yes(closed)),
	}
}

// urgencies are severities as people see them.
func urgencies() map[string]string {
	return map[string]string{
		"critical": "act_today",
		"warn":     "this_week",
		"info":     "watch",
	}
}

func (c *collector) fleetMetrics(ctx context.Context) []exposition.Family {
	devices, incidents := map[string]float64{}, map[string]float64{}
	for _, p := range []store.Presence{store.Online, store.Asleep, store.Away, store.Missing, store.Retired} {
		devices[string(p)] = 0
	}
	for _, u := range urgencies() {
		incidents[u] = 0
	}
	byPresence, bySeverity, err := c.inventory.Census(ctx)
	if err != nil {
		c.log.Warn("metrics: devices and incidents are left out", "error", err)
		devices, incidents = nil, nil
	}
	for p, n := range byPresence {
		if p == "" {
			p = "unknown"
		}
		devices[string(p)] = float64(n)
	}
	for s, n := range bySeverity {
		incidents[urgencies()[s]] += float64(n)
	}
	notices := map[string]float64{}
	if counts, pending, err := c.inventory.Notices().Counts(ctx); err != nil {
		c.log.Warn("metrics: notices are left out", "error", err)
	} else {
		notices["waiting"], notices["unsent"], notices["failed"] = float64(pending), 0, 0
		for _, n := range counts {
			notices["waiting"] += float64(n.Waiting)
			notices["unsent"] += float64(n.Unsent)
			notices["failed"] += float64(n.Failed)
		}
	}
	j := c.judge.Stats()
	return []exposition.Family{
		labelled(gauge, "muster_devices", "Devices by presence; those hidden behind a merge are left out.", "presence", devices),
		labelled(gauge, "muster_incidents_open", "Incidents that are not resolved, by urgency; backlog and upkeep are left out.", "urgency", incidents),
		labelled(gauge, "muster_notices", "Messages to people: those that wait for their time, those being tried, those given up.", "state", notices),
		exposition.One(gauge, "muster_judge_devices", "Devices that the judge has in memory.", float64(j.Devices)),
		exposition.One(gauge, "muster_judge_waiting", "Reports that wait to be judged.", float64(j.Waiting)),
		exposition.One(counter, "muster_judge_observations_total", "Reports that were judged.", float64(j.Observations)),
		exposition.One(counter, "muster_judge_overflows_total", "Reports for which the judge had no room at once.", float64(j.Overflowed)),
	}
}

func (c *collector) gearMetrics() []exposition.Family {
	s := c.polling.poller.Stats()
	out := []exposition.Family{
		labelled(gauge, "muster_snmp_targets", "Polled targets by state.", "state", map[string]float64{"live": float64(s.Live), "suspect": float64(s.Suspect), "dead": float64(s.Dead)}),
		exposition.One(gauge, "muster_snmp_rounds_running", "Rounds of polling that go on now.", float64(s.InFlight)),
		exposition.One(counter, "muster_snmp_rounds_total", "Rounds of polling.", float64(s.Rounds)),
		exposition.One(counter, "muster_snmp_late_total", "Times at which a round before was still going on.", float64(s.Late)),
		exposition.One(counter, "muster_snmp_requests_total", "Packets sent over SNMP.", float64(s.Requests)),
		exposition.One(counter, "muster_snmp_timeouts_total", "Packets that nothing came back for.", float64(s.Timeouts)),
		exposition.One(counter, "muster_snmp_refused_total", "Packets that were refused or answered with something else.", float64(s.Refused)),
		exposition.One(counter, "muster_snmp_echoes_total", "Pings of targets.", float64(s.Echoes)),
		exposition.One(counter, "muster_snmp_reports_total", "Reports made of polls.", float64(s.Reports)),
		exposition.One(counter, "muster_snmp_unkept_total", "Of them, those that intake did not take at once.", float64(s.Unkept)),
	}
	if l := c.polling.trapped.Load(); l != nil {
		t := l.Stats()
		out = append(out, labelled(counter, "muster_traps_total", "Packets at snmp.traps by what became of them.", "result", map[string]float64{
			"heard": float64(t.Heard), "repeated": float64(t.Repeated), "stranger": float64(t.Strangers), "limited": float64(t.Limited),
			"malformed": float64(t.Malformed), "refused": float64(t.Refused), "stale": float64(t.Stale)}))
	}
	return out
}

func processMetrics(started time.Time) []exposition.Family {
	read := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(read)
	value := func(i int) float64 {
		if read[i].Value.Kind() != metrics.KindUint64 {
			return math.NaN()
		}
		return float64(read[i].Value.Uint64())
	}
	return []exposition.Family{
		exposition.One(gauge, "go_goroutines", "Goroutines.", float64(runtime.NumGoroutine())),
		exposition.One(gauge, "muster_heap_bytes", "Memory of live and not yet collected objects.", value(0)),
		exposition.One(gauge, "muster_memory_bytes", "Memory that the Go runtime has from the system.", value(1)),
		exposition.One(counter, "muster_gc_cycles_total", "Collections of garbage.", value(2)),
		exposition.One(gauge, "process_resident_memory_bytes", "Resident memory; Linux only.", residentBytes()),
		exposition.One(gauge, "process_open_fds", "Open files and sockets; Linux only.", openFiles()),
		exposition.One(gauge, "process_start_time_seconds", "When the collector started (Unix time).", float64(started.UnixMilli())/1000),
		exposition.One(counter, "process_cpu_seconds_total", "Processor time of the collector, in its own and the system's code; not on Windows.", cpuSeconds()),
	}
}

// residentBytes reads proc(5), /proc/pid/statm: the second number is pages.
func residentBytes() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return math.NaN()
	}
	n, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return math.NaN()
	}
	return float64(n * int64(os.Getpagesize()))
}

func openFiles() float64 {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return math.NaN()
	}
	return float64(len(list) - 1) // without the one that lists
}
