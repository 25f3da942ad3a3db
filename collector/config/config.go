// Package config owns the settings of the collector: their defaults, bounds
// and meaning. It opens nothing and holds no secret: keys and credentials live
// sealed in the data folder, and files named here are read by those who use
// them.
package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"muster/internal/settings"
)

const day = 24 * time.Hour

// Config is the whole file. The zero value is not usable: begin with Default.
type Config struct {
	Data      string    `yaml:"data" default:"the system's place: /var/lib/muster, /Library/Application Support/Muster, C:\\ProgramData\\Muster\\Collector" doc:"Folder of everything the collector keeps: databases, series, outbox, CA. Only the collector's account may read it."`
	Web       Web       `yaml:"web"`
	Agents    Agents    `yaml:"agents"`
	Limits    Limits    `yaml:"limits"`
	Outbox    Outbox    `yaml:"outbox"`
	Stores    Stores    `yaml:"stores"`
	Postgres  Postgres  `yaml:"postgres"`
	Influx    Influx    `yaml:"influx"`
	Retention Retention `yaml:"retention"`
	Health    Health    `yaml:"health"`
	SNMP      SNMP      `yaml:"snmp"`
	Outgoing  Outgoing  `yaml:"outgoing"`
	DeadMan   DeadMan   `yaml:"dead_man"`
	Log       Log       `yaml:"log"`
}

// Web is where people and their tools come in: pages, API, command line.
type Web struct {
	Address     string   `yaml:"address" doc:"Address of pages and API (host:port). Plain HTTP is served on loopback only; any other address needs web.certificate and web.key."`
	Certificate string   `yaml:"certificate" doc:"PEM file of the certificate chain for HTTPS."`
	Key         string   `yaml:"key" doc:"PEM file of the certificate's key. Only the collector's account may read it."`
	URL         string   `yaml:"url" doc:"What people type to come here, such as https://muster.example.org. Used in links; without it the address is."`
	AdminCode   bool     `yaml:"admin_second_factor" doc:"Administrators who sign in by password need a second factor, and set one up before anything else."`
	OIDC        OIDC     `yaml:"oidc"`
	Proxies     []string `yaml:"trusted_proxies" doc:"Networks (10.0.0.0/8) of reverse proxies whose X-Forwarded-For is believed. Nobody else's is."`
}

// Agents is where agents come in.
type Agents struct {
	Address       string            `yaml:"address" doc:"Address for agents (host:port); always TLS 1.3 with the collector's own CA."`
	Public        []string          `yaml:"public" default:"the names and addresses of this machine, with the port of agents.address" doc:"Addresses (host:port) that agents reach this collector at, best first. They go into enrolment strings and into the answers of the collector."`
	Interval      settings.Duration `yaml:"interval" min:"10s" max:"1h" doc:"How often an agent reports in a fleet smaller than agents.large_fleet."`
	LargeInterval settings.Duration `yaml:"large_interval" min:"10s" max:"24h" doc:"How often an agent reports in a larger fleet."`
	LargeFleet    int               `yaml:"large_fleet" min:"1" max:"1000000" doc:"Number of devices from which agents.large_interval holds."`
}

// Limits is what keeps one sender, or all at once, from taking the collector
// down.
type Limits struct {
	Body                settings.Size `yaml:"body" min:"64KiB" max:"64MiB" doc:"Largest body of a request as it comes in."`
	Decoded             settings.Size `yaml:"decoded" min:"256KiB" max:"256MiB" doc:"Largest body after decompression."`
	InFlight            settings.Size `yaml:"in_flight" min:"1MiB" max:"8GiB" doc:"Room for all decoded bodies that are worked on at one time. Beyond it senders are asked to come back later."`
	HandshakesPerSecond int           `yaml:"handshakes_per_second" min:"1" max:"100000" doc:"New TLS connections of agents per second."`
	Connections         int           `yaml:"connections" min:"100" max:"1000000" doc:"Agents connected at one time, within three quarters of the files that the process may have open. Each takes 40 KiB. If there are more, idle ones are disconnected and connect again with their next report, which takes a handshake."`
	EnrollPerSecond     int           `yaml:"enroll_per_second" min:"1" max:"10000" doc:"Enrolments and renewals per second."`
	ReportsPerMinute    int           `yaml:"reports_per_minute" min:"1" max:"6000" doc:"Requests of one device per minute."`
	LoginsPerMinute     int           `yaml:"logins_per_minute" min:"1" max:"600" doc:"Attempts to log in per minute, by account and by address."`
	FreeDisk            settings.Size `yaml:"free_disk" min:"16MiB" max:"1TiB" doc:"Free space of the data folder's volume below which reports are put off. Pages and retention keep working."`
}

// Outbox bounds the reports that are on their way to the series store.
type Outbox struct {
	Size settings.Size     `yaml:"size" min:"64MiB" max:"4TiB" doc:"Room for reports that the series store has not taken yet. When four fifths are used, agents are asked to wait."`
	Keep settings.Duration `yaml:"keep" min:"10m" max:"7d" doc:"How long a report is kept after the series store took it. The store replays this time at start, because it does not sync each commit."`
}

// Stores says which engine keeps what.
type Stores struct {
	Inventory string `yaml:"inventory" oneof:"sqlite,postgres" doc:"Engine of inventory and control: sqlite is embedded, postgres is a PostgreSQL server (see postgres). What is in the one does not move to the other by itself: muster migrate does it."`
	Series    string `yaml:"series" oneof:"tsdb,influx" doc:"Engine of the numbers over time: tsdb is embedded, influx is an InfluxDB beside the collector (see influx). muster migrate moves what is there."`
}

// Retention says how long the past is kept. What is true now is never deleted.
type Retention struct {
	Rows   settings.Duration `yaml:"rows" doc:"Rows of inventory that are no longer true. 0 keeps them for ever."`
	Events settings.Duration `yaml:"events" doc:"Events. 0 keeps them for ever."`
	Audit  settings.Duration `yaml:"audit" doc:"The record of who did what. 0 keeps it for ever."`
	Series settings.Duration `yaml:"series" doc:"Numbers over time: as hourly figures, where retention.series_raw is shorter. 0 keeps them for ever."`
	Raw    settings.Duration `yaml:"series_raw" doc:"Numbers over time as they were reported. What is older remains as hourly figures (mean, least, greatest, count) until retention.series; questions use both by themselves. At least 10d; 0 keeps them as long as retention.series."`
}

// Health is what is judged, and by what.
type Health struct {
	Rules string `yaml:"rules" doc:"Folder of the office's own rules, a YAML file each: one with the name of a rule of Muster's changes or disables it, any other adds a rule. Changed files are used within a minute."`
	Flaws string `yaml:"flaws" doc:"JSON file of security flaws known to be used in attacks (CISA's known_exploited_vulnerabilities.json). Muster fetches nothing: keep it up to date yourself."`
	Zone  string `yaml:"zone" doc:"Time zone (IANA name) of the office, for usual hours. Empty: that of this machine."`
}

// SNMP is how network gear is asked. Which gear, and with what, stands in the
// database: muster subnet, target, credential.
type SNMP struct {
	Profiles string `yaml:"profiles" doc:"Folder of the office's own profiles of devices, a YAML file each: one with the name of a profile of Muster's takes its place, any other adds one. Changed files are read within a minute, and used for each device within an hour."`
	Traps    string `yaml:"traps" doc:"Address (host:port, such as :162) where traps and informs of polled gear are heard. A trap only makes Muster ask its sender at once. Empty: none are heard. On Linux port 162 needs CAP_NET_BIND_SERVICE, or a rule that redirects it."`
}

// Check says what no tag can.
func (s *SNMP) Check() settings.Problems {
	var ps settings.Problems
	if s.Traps == "" {
		return ps
	}
	if err := checkListen(s.Traps); err != nil {
		ps.Add("traps", s.Traps, "%v", err)
	}
	return ps
}

// Outgoing is whom the collector itself may call: mail servers, webhooks, log
// servers.
type Outgoing struct {
	Allow []string `yaml:"allow" doc:"Private networks (10.0.0.0/8) and addresses that may be called. Public ones always may, link-local ones and metadata services of clouds never."`
}

// Check says what no tag can.
func (o *Outgoing) Check() settings.Problems {
	var ps settings.Problems
	for i, n := range o.Allow {
		if _, err := netip.ParsePrefix(n); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(n); err != nil {
			ps.Add(fmt.Sprintf("allow[%d]", i), n, "a network such as 10.0.0.0/8 or an address is expected")
		}
	}
	return ps
}

// DeadMan is who notices when the collector itself is gone.
type DeadMan struct {
	URL      string            `yaml:"url" doc:"Address that is called (GET) while the collector is ready to take reports; what is there raises the alarm when calls stay away. Empty: nobody is called. The rules of outgoing hold for it too."`
	Interval settings.Duration `yaml:"interval" min:"10s" max:"1d" doc:"Time between two calls."`
}

// Check says what no tag can.
func (d *DeadMan) Check() settings.Problems {
	var ps settings.Problems
	if d.URL == "" {
		return ps
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		// Not what stands there: such addresses are secrets of a kind.
		ps.Add("url", "", "an address such as https://example.org/ping/ID is expected")
	}
	return ps
}

// Log says what is written about the collector's own work.
type Log struct {
	Level  string `yaml:"level" oneof:"debug,info,warn,error" doc:"Least level that is written. SIGHUP makes a running collector read this part of the file again."`
	Format string `yaml:"format" oneof:"text,json" doc:"One line of key=value, or one JSON object."`
}

// Default is what a collector runs with when no file says otherwise.
func Default() Config {
	days := func(n int) settings.Duration { return settings.Duration(time.Duration(n) * day) }
	return Config{
		Data: dataFolder(runtime.GOOS),
		Web:  Web{Address: "127.0.0.1:8420"},
		Agents: Agents{
			Address:       ":8421",
			Interval:      settings.Duration(time.Minute),
			LargeInterval: settings.Duration(5 * time.Minute),
			LargeFleet:    2000,
		},
		Limits: Limits{
			Body: 1 << 20, Decoded: 8 << 20, InFlight: 64 << 20,
			HandshakesPerSecond: 300, Connections: 2048, EnrollPerSecond: 20, ReportsPerMinute: 60, LoginsPerMinute: 10,
			FreeDisk: 512 << 20,
		},
		Outbox:    Outbox{Size: 8 << 30, Keep: settings.Duration(time.Hour)},
		Stores:    Stores{Inventory: "sqlite", Series: "tsdb"},
		Postgres:  Postgres{Port: 5432, Database: "muster", User: "muster", TLS: "verify-full", Connections: 8},
		Influx:    Influx{Database: "muster", Compress: true},
		Retention: Retention{Rows: days(400), Events: days(400), Audit: days(3 * 365), Series: days(400), Raw: days(60)},
		DeadMan:   DeadMan{Interval: settings.Duration(time.Minute)},
		Log:       Log{Level: "info", Format: "text"},
	}
}

// dataFolder is where services of a system keep their data; see the same
// function of the agent for the sources.
func dataFolder(goos string) string {
	switch goos {
	case "windows":
		return `C:\ProgramData\Muster\Collector`
	case "darwin":
		return "/Library/Application Support/Muster"
	}
	return "/var/lib/muster"
}

// Load reads the file at path over the defaults; an empty path is the defaults
// alone. A wrong file gives settings.Problems: file, line, what was expected.
func Load(path string) (Config, error) {
	c := Default()
	if path == "" {
		return c, c.Validate()
	}
	if err := settings.Load(path, &c); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Check reads the file at path only to tell what is wrong with it.
func Check(path string) error {
	_, err := Load(path)
	return err
}

// Validate holds settings against their bounds after flags changed them.
func (c Config) Validate() error { return settings.Verify(&c).Err() }

// Check says what no tag can; see settings.Verify.
func (c *Config) Check() settings.Problems {
	var ps settings.Problems
	if c.Data == "" {
		ps.Add("data", "", "a folder is expected")
	}
	if c.Limits.Decoded < c.Limits.Body {
		ps.Add("limits.decoded", c.Limits.Decoded.String(), "at least limits.body (%s) is expected", c.Limits.Body)
	}
	if c.Limits.InFlight < c.Limits.Decoded {
		ps.Add("limits.in_flight", c.Limits.InFlight.String(), "at least limits.decoded (%s) is expected", c.Limits.Decoded)
	}
	if c.Stores.Inventory == "postgres" {
		for _, p := range c.Postgres.missing() {
			ps.Add("postgres."+p.key, "", "%s", p.why)
		}
	}
	if c.Stores.Series == "influx" {
		for _, p := range c.Influx.missing() {
			ps.Add("influx."+p.key, "", "%s", p.why)
		}
	}
	if r := c.Retention.Raw; r != 0 && r.D() < leastRaw {
		ps.Add("retention.series_raw", r.String(), "10d or more is expected, because agents that were away deliver up to 8 days late; or 0 for as long as retention.series")
	}
	for key, d := range map[string]settings.Duration{
		"rows": c.Retention.Rows, "events": c.Retention.Events, "audit": c.Retention.Audit, "series": c.Retention.Series,
	} {
		if d != 0 && d.D() < day {
			ps.Add("retention."+key, d.String(), "1d or more is expected, or 0 for ever")
		}
	}
	return ps
}

// leastRaw is what agents may be late (eight days and two hours), and a day or
// so in which hourly figures are made.
const leastRaw = 10 * day

// Check says what no tag can about the way in for people.
func (w *Web) Check() settings.Problems {
	var ps settings.Problems
	if err := checkListen(w.Address); err != nil {
		ps.Add("address", w.Address, "%v", err)
	} else if !w.TLS() && !loopback(w.Address) {
		ps.Add("address", w.Address, "plain HTTP is served on loopback only, because passwords would cross the network in the clear: set web.certificate and web.key, or use 127.0.0.1:PORT")
	}
	if (w.Certificate == "") != (w.Key == "") {
		ps.Add("certificate", w.Certificate, "web.certificate and web.key go together: set both or neither")
	}
	if w.URL != "" {
		u, err := url.Parse(w.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
			ps.Add("url", w.URL, "an address such as https://muster.example.org is expected")
		}
	}
	for i, network := range w.Proxies {
		if _, err := netip.ParsePrefix(network); err != nil {
			ps.Add(fmt.Sprintf("trusted_proxies[%d]", i), network, "a network such as 10.0.0.0/8 or 192.0.2.7/32 is expected")
		}
	}
	return ps
}

// TLS reports whether pages are served over HTTPS.
func (w *Web) TLS() bool { return w.Certificate != "" && w.Key != "" }

// Trusted lists the networks of trusted proxies.
func (w *Web) Trusted() []netip.Prefix {
	var out []netip.Prefix
	for _, network := range w.Proxies {
		if p, err := netip.ParsePrefix(network); err == nil { // Check refused all others
			out = append(out, p.Masked())
		}
	}
	return out
}

// Check says what no tag can about the way in for agents.
func (a *Agents) Check() settings.Problems {
	var ps settings.Problems
	if err := checkListen(a.Address); err != nil {
		ps.Add("address", a.Address, "%v", err)
	}
	for i, address := range a.Public {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || strings.ContainsAny(host, "/ ") || !portNumber(port, 1) {
			ps.Add(fmt.Sprintf("public[%d]", i), address, "host:port is expected, such as muster.example.org:8421")
		}
	}
	if a.LargeInterval < a.Interval {
		ps.Add("large_interval", a.LargeInterval.String(), "at least agents.interval (%s) is expected", a.Interval)
	}
	return ps
}

// checkListen accepts host:port; the host may be empty (all addresses) and the
// port 0 (any free one, for tests).
func checkListen(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.ContainsAny(host, "/ ") || !portNumber(port, 0) {
		return fmt.Errorf("host:port is expected, such as 127.0.0.1:8420 or :8421")
	}
	return nil
}

func portNumber(s string, least int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= least && n <= 65535
}

// loopback reports whether only this machine reaches the address. A name other
// than localhost is not resolved: what it means can change after the check.
func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address) // Check has parsed it
	return loopbackName(host)
}

func loopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
