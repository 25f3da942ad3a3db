package patch

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	aptLists   = "/var/lib/apt/lists"
	dpkgStatus = "/var/lib/dpkg/status"
)

func aptHere(h *host.Host) bool { return h.Exists(aptLists) && h.Exists(dpkgStatus) }

func aptFiles(h *host.Host) []string {
	return append([]string{dpkgStatus, aptLists, "/etc/apt/apt.conf.d", "/var/lib/apt/periodic/update-success-stamp"}, aptPackages(h)...)
}

func aptPackages(h *host.Host) []string {
	var list []string
	for _, end := range []string{"", ".gz", ".zst", ".lz4", ".xz"} {
		list = append(list, h.Glob(aptLists+"/*_Packages"+end)...)
	}
	return list[:min(len(list), maxLists)]
}

// has is an installed package.
type has struct {
	version   string
	held      bool
	candidate string
	security  bool
}

// apt compares what is installed with the lists of the sources. Pins of
// preferences are not looked at, save those that suites bring themselves:
// backports and the like are never offered by themselves.
func apt(ctx context.Context, h *host.Host) (found, error) {
	out := found{classed: true}
	installed, err := aptInstalled(h)
	if err != nil {
		return out, fmt.Errorf("packages that are installed: %w", err)
	}
	lists := aptPackages(h)
	for _, name := range lists {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if notAutomatic(h, name) {
			continue
		}
		err := aptList(h, name, installed)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			out.faults = append(out.faults, fmt.Sprintf("%s: %v", name[len(aptLists)+1:], err))
		case err != nil:
			return out, fmt.Errorf("%s: %w", name, err)
		}
		out.checked = later(out.checked, modified(h, name))
	}
	if len(lists) > 0 {
		// Lists keep the time of the server; these are touched at each look.
		out.checked = later(out.checked, modified(h, aptLists+"/partial"))
		out.checked = later(out.checked, modified(h, "/var/lib/apt/periodic/update-success-stamp"))
	}
	for name, p := range installed {
		if p.candidate == "" {
			continue
		}
		row := inventory.Patch{Source: "apt", Name: name, State: "missing", Class: "other", OldVersion: p.version, NewVersion: p.candidate}
		if p.security {
			row.Class = "security"
		}
		if p.held {
			row.State = "hidden"
		}
		out.patches = append(out.patches, row)
	}
	out.updated = modified(h, "/var/log/apt/history.log")
	out.automatic = aptAutomatic(h)
	return out, nil
}

// aptInstalled is keyed by name:architecture, as the lists are; architecture
// "all" stands in every list as itself.
func aptInstalled(h *host.Host) (map[string]*has, error) {
	f, err := h.Open(dpkgStatus)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := map[string]*has{}
	err = stanzas(f, []string{"Package", "Version", "Architecture", "Status"}, func(v []string) error {
		if w := strings.Fields(v[3]); len(w) == 3 && w[2] == "installed" && v[1] != "" {
			if len(m) == maxInstalled {
				return fmt.Errorf("more than %d packages", maxInstalled)
			}
			m[v[0]+":"+v[2]] = &has{version: v[1], held: w[0] == "hold"}
		}
		return nil
	})
	return m, err
}

// aptList reads a list of packages. apt keeps them plain, or packed as
// Acquire::GzipIndexes has it.
func aptList(h *host.Host, name string, installed map[string]*has) error {
	f, err := h.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, done, err := unpacked(f, name)
	if err != nil {
		return err
	}
	defer done()
	security := strings.Contains(name, "security")
	return stanzas(io.LimitReader(r, maxList), []string{"Package", "Version", "Architecture", "Phased-Update-Percentage"}, func(v []string) error {
		p := installed[v[0]+":"+v[2]]
		if p == nil || compareDpkg(v[1], p.version) <= 0 {
			return nil
		}
		if n, err := strconv.Atoi(v[3]); err == nil && n < 100 {
			return nil // not for every machine yet
		}
		p.security = p.security || security
		if p.candidate == "" || compareDpkg(v[1], p.candidate) > 0 {
			p.candidate = v[1]
		}
		return nil
	})
}

// unpacked reads a file by the end of its name.
func unpacked(f *os.File, name string) (io.Reader, func(), error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 16<<10))
		if err != nil {
			return nil, nil, err
		}
		return z, func() { z.Close() }, nil
	case strings.HasSuffix(name, ".zst"):
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case strings.HasSuffix(name, ".lz4"):
		return &lz4Reader{r: bufio.NewReaderSize(f, 16<<10)}, func() {}, nil
	case strings.HasSuffix(name, ".xz"), strings.HasSuffix(name, ".zck"):
		return nil, nil, errPacked
	}
	return f, func() {}, nil
}

// errPacked says that a list is compressed in a way that the agent has no
// reader for.
var errPacked = fmt.Errorf("the agent cannot read this compression, only gzip, zstd and lz4: %w", errors.ErrUnsupported)

// maxWindow is how far back compressed metadata may reach: 8 MiB is the most
// that RFC 8878 asks of every decoder.
const maxWindow = 8 << 20

// notAutomatic says whether a suite asks not to be installed from by itself
// (NotAutomatic in its Release file, apt_preferences(5)).
func notAutomatic(h *host.Host, list string) bool {
	i := strings.Index(list, "_dists_")
	if i < 0 {
		return false
	}
	// …_dists_SUITE_COMPONENT_binary-ARCH_Packages: the suite may have
	// underscores where its name has slashes, so try from the longest on.
	parts := strings.Split(list[i+len("_dists_"):], "_")
	for n := len(parts); n > 0; n-- {
		base := list[:i] + "_dists_" + strings.Join(parts[:n], "_")
		for _, end := range []string{"_InRelease", "_Release"} {
			f, err := h.Open(base + end)
			if err != nil {
				continue
			}
			b, _ := io.ReadAll(io.LimitReader(f, 4<<10))
			f.Close()
			for line := range strings.Lines(string(b)) {
				if strings.EqualFold(strings.TrimSpace(line), "NotAutomatic: yes") {
					return true
				}
			}
			return false
		}
	}
	return false
}

// aptAutomatic says what happens without anybody's doing (apt.conf(5),
// APT::Periodic).
func aptAutomatic(h *host.Host) string {
	set := map[string]bool{}
	files := h.Glob("/etc/apt/apt.conf.d/*")
	for _, name := range files[:min(len(files), 64)] {
		f, err := h.Open(name)
		if err != nil {
			continue
		}
		s := bufio.NewScanner(io.LimitReader(f, 64<<10))
		for s.Scan() {
			line := strings.TrimSpace(s.Text())
			if key, value, ok := strings.Cut(line, " "); ok && strings.HasPrefix(key, "APT::Periodic::") {
				value = strings.Trim(value, `"; `)
				set[strings.TrimPrefix(key, "APT::Periodic::")] = value != "0" && value != ""
			}
		}
		f.Close()
	}
	switch {
	case set["Unattended-Upgrade"]:
		return "install"
	case set["Download-Upgradeable-Packages"]:
		return "download"
	case set["Update-Package-Lists"]:
		return "notify"
	}
	return "off"
}
