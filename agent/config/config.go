// Package config owns the settings of the agent: their defaults, bounds and
// meaning, and how a collector's policy may bend them. It decides nothing at
// run time, and it holds no identity: what an agent trusts comes by enrolment
// and lives in its data folder, never in a file that people edit.
package config

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
	"muster/internal/settings"
)

// Bounds of what a policy may ask for; the file is held to the same by tags.
const (
	minSample, maxSample   = 10 * time.Second, time.Hour
	minCadence, maxCadence = time.Minute, 7 * 24 * time.Hour
)

// Config is the whole file. The zero value is not usable: begin with Default.
type Config struct {
	Data       string            `yaml:"data" default:"the system's place: /var/lib/muster-agent, /Library/Application Support/Muster Agent, C:\\ProgramData\\Muster\\Agent" doc:"Folder of identity, spool and what was last reported. Only the agent's account may read it."`
	Collectors []string          `yaml:"collectors" doc:"Addresses (host:port) to try before those learned by enrolment and from the collector itself. Needed only when a collector moved while this machine was away."`
	Proxy      Proxy             `yaml:"proxy" doc:"HTTP proxy on the way to the collector: environment (HTTPS_PROXY and NO_PROXY), none, or a URL such as http://proxy.example.org:3128."`
	Sample     settings.Duration `yaml:"sample" min:"10s" max:"1h" doc:"How often numbers are sampled. A group of the collector can set another."`
	Sections   Sections          `yaml:"sections"`
	Series     Series            `yaml:"series"`
	Spool      Spool             `yaml:"spool"`
	Limits     Limits            `yaml:"limits"`
	Pause      Pause             `yaml:"pause"`
	Log        Log               `yaml:"log"`
}

// Sections says what is read, and how often.
type Sections struct {
	Off   []string                     `yaml:"off" doc:"Sections that are never read here, whatever a group says."`
	Every map[string]settings.Duration `yaml:"every" min:"1m" max:"7d" doc:"How often a section is read, by its name, where it shall not be the catalogue's. A group of the collector can set another."`
}

// Series says which numbers are sampled beyond the default.
type Series struct {
	PerCore    bool `yaml:"per_core" doc:"Also the numbers of each processor core."`
	PerProcess bool `yaml:"per_process" doc:"Also the numbers of the processes that use most."`
	Pressure   bool `yaml:"pressure" doc:"Also how much time work was held up for want of processor, memory or disk (Linux)."`
}

// Spool bounds what waits on disk while no collector can be reached.
type Spool struct {
	Size settings.Size     `yaml:"size" min:"1MiB" max:"8GiB" doc:"Room for waiting reports. The oldest samples are dropped first, the newest inventory is kept."`
	Age  settings.Duration `yaml:"age" min:"1h" max:"30d" doc:"How long a report waits before it is dropped. Drops are counted and shown as gaps."`
}

// Limits caps what the agent itself may take (job object or cgroup).
type Limits struct {
	Memory settings.Size     `yaml:"memory" min:"32MiB" max:"4GiB" doc:"Most memory for the agent and its readers together."`
	CPU    int               `yaml:"cpu_percent" min:"1" max:"100" doc:"Most processor time, in percent of one core."`
	Reader settings.Duration `yaml:"reader_timeout" min:"1s" max:"10m" doc:"How long a slow reader in a child process may take before it is ended."`
}

// Pause says when inventory waits, at most a day, and what waits to be sent goes
// in small pieces. Numbers and events are still told.
type Pause struct {
	Battery int  `yaml:"battery_percent" min:"0" max:"100" doc:"Inventory waits while the machine lives off a battery that is no fuller than this; 0 for never."`
	Metered bool `yaml:"metered" doc:"Inventory waits while the network is a metered one: as Windows or NetworkManager has it."`
}

// Log says what is written about the agent's own work.
type Log struct {
	Level  string `yaml:"level" oneof:"debug,info,warn,error" doc:"Least level that is written."`
	Format string `yaml:"format" oneof:"text,json" doc:"One line of key=value, or one JSON object."`
}

// Default is what an agent runs with when no file says otherwise.
func Default() Config {
	return Config{
		Data:   dataFolder(runtime.GOOS),
		Proxy:  "environment",
		Sample: settings.Duration(time.Minute),
		Spool:  Spool{Size: 64 << 20, Age: settings.Duration(7 * 24 * time.Hour)},
		Limits: Limits{Memory: 128 << 20, CPU: 50, Reader: settings.Duration(30 * time.Second)},
		Pause:  Pause{Battery: 20, Metered: true}, // people are first warned at 20 (UPower's PercentageLow)
		Log:    Log{Level: "info", Format: "text"},
	}
}

// dataFolder is where services of a system keep their data: the Filesystem
// Hierarchy Standard 3.0 §5.8, Apple's File System Programming Guide, and
// Windows' FOLDERID_ProgramData. The variable %ProgramData% is not read,
// because whoever sets it would choose where a service running as SYSTEM keeps
// its key.
func dataFolder(goos string) string {
	switch goos {
	case "windows":
		return `C:\ProgramData\Muster\Agent`
	case "darwin":
		return "/Library/Application Support/Muster Agent"
	}
	return "/var/lib/muster-agent"
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
	for i, address := range c.Collectors {
		if err := checkAddress(address); err != nil {
			ps.Add(fmt.Sprintf("collectors[%d]", i), address, "%v", err)
		}
	}
	if _, err := c.Proxy.url(); err != nil {
		// The text may hold a password and is not repeated.
		ps.Add("proxy", "", "environment, none or a URL such as http://proxy.example.org:3128 is expected")
	}
	for i, name := range c.Sections.Off {
		if _, ok := inventory.Lookup(name); !ok {
			ps.Add(fmt.Sprintf("sections.off[%d]", i), name, "the name of a section is expected: %s", sectionNames())
		}
	}
	for name := range c.Sections.Every {
		if _, ok := inventory.Lookup(name); !ok {
			ps.Add("sections.every."+name, "", "the name of a section is expected: %s", sectionNames())
		}
	}
	return ps
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.Contains(address, "/") {
		return fmt.Errorf("host:port is expected, such as muster.example.org:8421")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("a port from 1 to 65535 is expected after the colon")
	}
	return nil
}

func sectionNames() string {
	var names []string
	for _, s := range inventory.Schema() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Under returns the settings bent by a collector's policy: cadences and what
// is sampled. What the machine's own file turned off stays off, values beyond
// the bounds are moved to them, names no catalogue knows are ignored, and
// nothing of a policy can name a path, a command or a URL.
func (c Config) Under(p report.Policy) Config {
	if p.SampleSeconds > 0 {
		c.Sample = settings.Duration(clamp(p.SampleSeconds, minSample, maxSample))
	}
	c.Series.PerCore = c.Series.PerCore || p.PerCore
	c.Series.PerProcess = c.Series.PerProcess || p.PerProcess
	// Copies: the caller's own list and map must not change under it.
	c.Sections.Off = slices.Clone(c.Sections.Off)
	for _, name := range p.Off {
		if _, ok := inventory.Lookup(name); ok && !slices.Contains(c.Sections.Off, name) {
			c.Sections.Off = append(c.Sections.Off, name)
		}
	}
	every := make(map[string]settings.Duration, len(c.Sections.Every)+len(p.Cadence))
	for name, d := range c.Sections.Every {
		every[name] = d
	}
	for name, seconds := range p.Cadence {
		if _, ok := inventory.Lookup(name); ok && seconds > 0 {
			every[name] = settings.Duration(clamp(seconds, minCadence, maxCadence))
		}
	}
	c.Sections.Every = every
	return c
}

// clamp reads seconds without overflow and moves them into the bounds.
func clamp(seconds int64, low, high time.Duration) time.Duration {
	if seconds > int64(high/time.Second) {
		return high
	}
	return max(time.Duration(seconds)*time.Second, low)
}
