package sqlstore

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

// largeFleet is what is in a database of so many devices, made by the server
// itself: the tables that grow with the fleet are as full as they would be.
func largeFleet(devices int) string {
	return strings.NewReplacer("20000", strconv.Itoa(devices*10), "30000", strconv.Itoa(devices*15), "2000", strconv.Itoa(devices)).Replace(fleetOf2000)
}

const fleetOf2000 = `
INSERT INTO agency (name) SELECT 'agency ' || i FROM generate_series(1, 10) i;
INSERT INTO site (agency, name) SELECT 1 + i % 10, 'site ' || i FROM generate_series(1, 40) i;
INSERT INTO device_rows (device_id, kind, name, site, os, os_family, vendor, model, serial, memory_bytes, first_seen)
	SELECT '0198f000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), 'pc', 'pc-' || i, 1 + i % 40, 'Windows 11 Pro 23H2', 'windows', 'Dell', 'Latitude ' || i % 30, 'S' || i, 17179869184, 1767225600000 FROM generate_series(1, 2000) i;
INSERT INTO site (agency, name) VALUES (1, 'small');
UPDATE device_rows SET site = 41 WHERE device_no IN (4, 1965, 1970);
INSERT INTO seen_rows (device_no, seen_at, address) SELECT device_no, 1767225600000 + device_no, '10.0.0.1' FROM device_rows;
INSERT INTO label_rows SELECT device_no, 'label ' || device_no % 50 FROM device_rows;
INSERT INTO host_ip SELECT decode('00000000000000000000ffff0a' || lpad(to_hex(device_no), 6, '0'), 'hex'), device_no FROM device_rows;
INSERT INTO host_mac SELECT '00:11:22:' || substr(lpad(to_hex(device_no), 6, '0'), 1, 2) || ':' || substr(lpad(to_hex(device_no), 6, '0'), 3, 2) || ':' || substr(lpad(to_hex(device_no), 6, '0'), 5, 2), device_no FROM device_rows;
INSERT INTO device_search SELECT device_no, E'pc-' || device_no || E'\ns' || device_no || E'\nlatitude', 'ines' || device_no FROM device_rows;
INSERT INTO software_facts (fact_digest, name, version, version_sort, publisher) SELECT decode(lpad(to_hex(i), 32, '0'), 'hex'), 'Program ' || i % 800, i % 7 || '.1', decode('1001', 'hex'), 'Maker ' || i % 90 FROM generate_series(1, 4000) i;
INSERT INTO software_rows (device_no, row_no, from_at, fact_no) SELECT device_no, i, 1767225600000, 1 + (device_no * 7 + i * 37) % 4000 FROM device_rows, generate_series(1, 60) i;
INSERT INTO title_rows (name, version, devices) SELECT 'Program ' || i, NULL, 100 FROM generate_series(1, 800) i;
INSERT INTO title_rows (name, version, devices) SELECT 'Program ' || i, v || '.1', 20 FROM generate_series(1, 800) i, generate_series(0, 6) v;
INSERT INTO change_rows SELECT device_no, 1767225600000 + i * 3600000 + device_no, s.section, 1, 1, 0 FROM device_rows, generate_series(1, 15) i, (SELECT section FROM section_name WHERE name = 'software') s;
INSERT INTO event_rows (device_no, at, received_at, kind, count, epoch, seq, ordinal) SELECT device_no, 1767225600000 + i * 3600000 + device_no, 1767225600000, (ARRAY['app_crash', 'disk_error', 'unclean_stop', 'link_down'])[1 + i % 4], 1, 1, i, 0 FROM device_rows, generate_series(1, 20) i;
INSERT INTO state_rows (device_no, section, status, read_at) SELECT device_no, section, 0, 1767225600000 FROM device_rows, section_name;
INSERT INTO fdb_rows (device_no, row_no, from_at, mac) SELECT 1 + i % 20, i, 1767225600000, '00:11:22:' || substr(lpad(to_hex(i), 6, '0'), 1, 2) || ':' || substr(lpad(to_hex(i), 6, '0'), 3, 2) || ':' || substr(lpad(to_hex(i), 6, '0'), 5, 2) FROM generate_series(1, 30000) i;
INSERT INTO incident_rows (kind, key, title, rule, family, severity, backlog, hygiene, flapping, agency, site, site_id, rank, devices, opened_at, updated_at, cleared_at, resolved_at, told_at, told, status)
	SELECT 'device', 'k' || i, 'Title', 'R' || i % 40, 'disk', (ARRAY['info', 'warn', 'critical'])[1 + i % 3], 0, 0, 0, '', '', 1 + i % 40, i % 1000, 1, 1767225600000 + i, 0, 0, i, 0, '', CASE WHEN i % 20 = 0 THEN 'new' ELSE 'resolved' END FROM generate_series(1, 20000) i;
INSERT INTO incident_device_rows SELECT number, 1 + number % 2000, 0 FROM incident_rows;
INSERT INTO incident_step_rows (incident, at, made_by, act, text) SELECT number, 1767225600000, '', 'opened', '' FROM incident_rows;
INSERT INTO finding_rows (device_no, rule, component, family, title, label, state, severity, level, worst, backlog, flapping, hygiene, times, since, fired_at, worse_at, resolved_at, judged_at, began, reason, points, incident)
	SELECT 1 + number % 2000, rule, 'c' || number, family, title, '', CASE WHEN status = 'resolved' THEN 'resolved' ELSE 'firing' END, severity, 1 + number % 3, severity, 0, 0, 0, 1, 1767225600000, 1767225600000 + number, 0, resolved_at, 0, 1767225600000 + number, '', 0, number FROM incident_rows;
`

// planned is how many devices plans are looked at with; make bench-large has more.
func planned() int {
	if n, err := strconv.Atoi(os.Getenv("MUSTER_PLAN_DEVICES")); err == nil && n > 0 {
		return n
	}
	return 2000
}

// walked are sequential scans.
var walked = regexp.MustCompile(`Seq Scan on (\w+)\b`)

// large are the tables with many rows for each device; largeFleet fills them.
// A walk over what has one row a device, or a few for each kind of thing in the
// fleet (facts, titles), is what a search in texts is.
func large() []string {
	return []string{"software_rows", "change_rows", "event_rows", "state_rows", "fdb_rows", "finding_rows", "incident_rows", "incident_device_rows", "incident_step_rows"}
}

// Every list and search at size: none walks a large table.
func TestPostgresPlans(t *testing.T) {
	type asked struct {
		query string
		args  []any
	}
	var list []asked
	server := realServer(t)
	s := on(server, server.Copy(t))
	s.Trace = func(query string, args []any) { list = append(list, asked{query, slices.Clone(args)}) }
	x := openOn(t, s)
	if _, err := server.SQL(s.Database, "SET search_path = inventory, public;"+largeFleet(planned())); err != nil {
		t.Fatal(err)
	}
	if _, err := server.SQL(s.Database, "VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	all, some := store.Scope{All: true}, store.Scope{Sites: []int64{41}}
	dev := inventory.DeviceID("0198f000-0000-7000-8000-000000000010")
	fault := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, scope := range []store.Scope{all, some} {
		// Without software:* and port:, which ask for all there is.
		for _, text := range []string{"", "pc-77", "S1999", "ines", "os:windows ram<32GB", "software:\"Program 7\"<5", "software:\"Program 7\"", "seen>7d", "label:\"label 3\"", "ip:10.0.0.0/24",
			"mac:00:11:22:00:00:10", "site:\"site 3\"", "model:\"Latitude 7\"", "-software:\"Program 3\"", "pc-1 or software:\"Program 9\"", "disk>1TB", "free<10%", "service:spooler=running", "user:ines", "eol<2027-01-01", "agent<2"} {
			f, err := search.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			for _, sort := range []string{"name", "-last_seen", "site", "-severity"} {
				_, err = x.Devices(ctx, store.DeviceQuery{Scope: scope, Filter: f, Sort: sort, Limit: 50, Now: now, Personal: true, Severity: true})
				fault(text, err)
			}
			_, err = x.Breakdown(ctx, store.DeviceQuery{Scope: scope, Filter: f, Now: now, Personal: true, Builds: true})
			fault("breakdown of "+text, err)
		}
		for _, q := range []store.SoftwareQuery{{}, {Name: "gram 7"}, {Versions: true, Name: "gram 7"}} {
			q.Scope, q.Limit = scope, 50
			_, err := x.Software(ctx, q)
			fault("software", err)
		}
		for _, q := range []store.EventQuery{{}, {Devices: []inventory.DeviceID{dev}}, {Kinds: []string{"disk_error"}}, {From: now.Add(-time.Hour), To: now}} {
			q.Scope, q.Limit = scope, 100
			_, err := x.Events(ctx, q)
			fault("events", err)
		}
		for _, q := range []store.JournalQuery{{}, {Devices: []inventory.DeviceID{dev}}, {From: now.Add(-time.Hour)}} {
			q.Scope, q.Limit = scope, 100
			_, err := x.Journal(ctx, q)
			fault("journal", err)
		}
		for _, q := range []store.FindingQuery{{}, {Devices: []inventory.DeviceID{dev}}, {Rules: []string{"R7"}}, {Severities: []string{"critical"}}, {Incident: 7}, {States: []store.FindingState{store.Resolved}}} {
			q.Scope, q.Limit = scope, 100
			_, err := x.Findings(ctx, q)
			fault("findings", err)
		}
		ines := "ines"
		for _, q := range []store.IncidentQuery{{}, {Devices: []inventory.DeviceID{dev}}, {Assignee: &ines}, {Severities: []string{"critical"}}, {Statuses: []store.IncidentStatus{store.Closed}}} {
			q.Scope, q.Limit = scope, 100
			_, err := x.Incidents(ctx, q)
			fault("incidents", err)
		}
		fault("where a program is and was", x.Installs(ctx, scope, []string{"Program 7"}, func(*store.Install) error { return nil }))
		fault("rows of some devices", x.Rows(ctx, store.RowQuery{Section: "software", Columns: []string{"name"}, Devices: []inventory.DeviceID{dev}, Scope: scope}, func(*store.Row) error { return nil }))
		_, err := x.Incident(ctx, scope, 3)
		fault("incident", err)
		_, err = x.Resolve(ctx, scope, "S1965")
		fault("resolve", err)
		_, err = x.Labels(ctx, scope)
		fault("labels", err)
		fault("where an address is", x.Rows(ctx, store.RowQuery{Section: "fdb", Column: "mac", Values: []string{"00:11:22:00:00:10"}, Scope: scope}, func(*store.Row) error { return nil }))
	}
	_, err := x.State(ctx, dev)
	fault("state", err)
	_, err = x.Sections(ctx, dev, time.Time{}, nil)
	fault("sections", err)
	_, err = x.RuleMarks(ctx)
	fault("marks", err)
	seen := map[string]bool{}
	for _, a := range list {
		if seen[a.query] {
			continue
		}
		seen[a.query] = true
		rows, err := x.d.readers.QueryContext(ctx, "EXPLAIN "+x.d.text(a.query), x.d.bind(a.args)...)
		if err != nil {
			t.Errorf("%s: %v", a.query, err)
			continue
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&plan, line)
		}
		rows.Close()
		for _, m := range walked.FindAllStringSubmatch(plan.String(), -1) {
			if slices.Contains(large(), m[1]) {
				t.Errorf("%s is walked by\n%s\n%v\n%s", m[1], a.query, a.args, plan.String())
			}
		}
	}
	t.Logf("%d queries looked at, of %d devices", len(seen), planned())
	if planned() == 2000 {
		return
	}
	for _, text := range []string{"", "pc-77", "S1999", `software:"Program 7"<5`, `software:"Program 77"<5`, `os:windows ram<32GB model:"Latitude 7"`, "ip:10.0.0.0/24", "mac:00:11:22:00:00:10", "seen>7d"} {
		f, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, sort := range []string{"name", "-last_seen"} {
			var took []time.Duration
			for range 40 {
				begin := time.Now()
				if _, err := x.Devices(ctx, store.DeviceQuery{Scope: all, Filter: f, Sort: sort, Limit: 50, Now: now, Personal: true}); err != nil {
					t.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			t.Logf("%-40q by %-10s p50 %v p95 %v", text, sort, took[len(took)/2].Round(100*time.Microsecond), took[len(took)*95/100].Round(100*time.Microsecond))
		}
	}
}
