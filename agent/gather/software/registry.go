package software

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"muster/agent/gather/hive"
	"muster/agent/host"
	"muster/internal/inventory"
)

// maxPrograms bounds the rows of all sources of Windows together.
const maxPrograms = 20_000

const (
	uninstall = `Software\Microsoft\Windows\CurrentVersion\Uninstall`
	allUsers  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications`
	packages  = `Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages`
)

// keyReader reads a key below some root.
type keyReader func(path string, values ...string) (host.Key, error)

// fromRegistry reads what programs wrote of themselves for removal, for the
// machine in both views and for each person, signed in or not, and the store's
// packages. Windows' own product list is not asked: asking repairs products.
func fromRegistry(h *host.Host) (rows []inventory.Software, asked, faults []string, err error) {
	machine := func(view host.View) keyReader {
		return func(path string, values ...string) (host.Key, error) { return h.Key(view, `HKLM\`+path, values...) }
	}
	// Programs of the 64-bit view are of the machine's own architecture, as far
	// as the registry tells.
	wide := "x64"
	if k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`, "PROCESSOR_ARCHITECTURE"); err == nil {
		switch strings.ToUpper(k.Text("PROCESSOR_ARCHITECTURE")) {
		case "ARM64":
			wide = "arm64"
		case "X86":
			wide = "x86"
		}
	}
	add := func(list []inventory.Software, err error) {
		if err != nil {
			faults = append(faults, err.Error())
		}
		rows = append(rows, list[:min(len(list), maxPrograms-len(rows))]...)
	}
	list, err := programs(machine(host.View64), inventory.Software{Scope: "machine", Arch: wide})
	if err != nil {
		return nil, nil, nil, err
	}
	add(list, nil)
	asked = append(asked, "registry")
	if wide != "x86" {
		add(programs(machine(host.View32), inventory.Software{Scope: "machine", Arch: "x86"}))
	}
	more, err := hive.Each(h, hive.Settings, func(p hive.Person, r *hive.Registry) error {
		list, err := programs(r.Key, inventory.Software{Scope: "user", UserName: p.User})
		add(list, nil)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	faults = append(faults, more...)
	asked = append(asked, "registry_users")
	add(storeApps(h))
	more, err = hive.Each(h, hive.Classes, func(p hive.Person, r *hive.Registry) error {
		list, err := personApps(r.Key, p.User)
		add(list, nil)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	faults = append(faults, more...)
	asked = append(asked, "appx")
	if len(rows) == maxPrograms {
		faults = append(faults, "more programs are registered than are read")
	}
	return distinct(rows), asked, faults, nil
}

// programs reads the keys below Uninstall. of says whose they are.
func programs(key keyReader, of inventory.Software) ([]inventory.Software, error) {
	list, err := key(uninstall, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []inventory.Software
	for _, name := range list.Subkeys {
		k, err := key(uninstall+`\`+name, "DisplayName", "DisplayVersion", "Publisher", "InstallDate", "EstimatedSize",
			"SystemComponent", "WindowsInstaller", "ParentKeyName", "ReleaseType", "InstallSource")
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed just now
		}
		if err != nil {
			return rows, err
		}
		if r, ok := program(name, k, of); ok {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// program makes a row of a key. Those without a name are left-overs or parts,
// those with a parent are patches of it: section patch has them.
func program(name string, k host.Key, r inventory.Software) (inventory.Software, bool) {
	r.Name = plain(k.Text("DisplayName"))
	switch k.Text("ReleaseType") {
	case "Update", "Hotfix", "Security Update", "Update Rollup", "Service Pack":
		return r, false
	}
	if r.Name == "" || k.Text("ParentKeyName") != "" {
		return r, false
	}
	r.Source = "registry"
	if n, ok := k.Number("WindowsInstaller"); ok && n == 1 {
		r.Source = "msi"
	}
	r.Version, r.Publisher, r.ProductCode = plain(k.Text("DisplayVersion")), plain(k.Text("Publisher")), plain(name)
	if n, ok := k.Number("EstimatedSize"); ok && n < 1<<32 { // in KiB
		r.SizeBytes = int64(n) << 10
	}
	if n, ok := k.Number("SystemComponent"); ok && n == 1 {
		r.Hidden = new(true)
	}
	r.InstalledAt = installDate(k.Text("InstallDate"))
	if r.InstalledAt.IsZero() {
		r.InstalledAt = sane(k.WrittenAt)
	}
	return r, true
}

// installDate reads the day that installers write, 20240514. Some write it the
// way the country does, which cannot be told apart and is not read.
func installDate(s string) time.Time {
	t, err := time.Parse("20060102", s)
	if err != nil {
		return time.Time{}
	}
	return sane(t)
}

// plain keeps a text to one line of a sane length.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if len(s) > 512 {
		s = strings.ToValidUTF8(s[:512], "")
	}
	return strings.TrimSpace(s)
}

// identity is a package's full name taken apart:
// Name_Version_Architecture_ResourceId_PublisherHash.
type identity struct{ name, version, arch, resource, publisher string }

func parseIdentity(full string) (identity, bool) {
	w := strings.Split(full, "_")
	if len(w) != 5 || w[0] == "" || w[4] == "" || len(full) > 512 {
		return identity{}, false
	}
	return identity{w[0], w[1], w[2], w[3], w[4]}, true
}

// row makes a row of a package; ok is false for its parts, such as languages.
func (id identity) row(at time.Time) (inventory.Software, bool) {
	if id.resource != "" && id.resource != "~" || strings.HasPrefix(id.resource, "split.") {
		return inventory.Software{}, false
	}
	return inventory.Software{Source: "appx", Scope: "machine", Name: plain(id.name), Version: plain(id.version), Arch: plain(id.arch),
		ProductCode: plain(id.name + "_" + id.publisher), InstalledAt: sane(at)}, true
}

// storeApps reads the packages staged for everybody.
func storeApps(h *host.Host) ([]inventory.Software, error) {
	list, err := h.Key(host.View64, allUsers, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // servers without a desktop
	}
	if err != nil {
		return nil, err
	}
	return apps(list.Subkeys, func(name string) time.Time {
		k, err := h.Key(host.View64, allUsers+`\`+name, "no value")
		if err != nil {
			return time.Time{}
		}
		return k.WrittenAt
	}), nil
}

// personApps reads the packages registered for a person.
func personApps(key keyReader, user string) ([]inventory.Software, error) {
	list, err := key(packages, "no value")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows := apps(list.Subkeys, func(name string) time.Time {
		k, err := key(packages+`\`+name, "no value")
		if err != nil {
			return time.Time{}
		}
		return k.WrittenAt
	})
	for i := range rows {
		rows[i].Scope, rows[i].UserName = "user", user
	}
	return rows, nil
}

func apps(names []string, written func(name string) time.Time) (rows []inventory.Software) {
	for _, name := range names {
		id, ok := parseIdentity(name)
		if !ok {
			continue
		}
		if r, ok := id.row(written(name)); ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// distinct leaves out what a person's list and the machine's say both: a
// package staged for everybody is registered for each who has signed in.
func distinct(rows []inventory.Software) []inventory.Software {
	type key struct{ name, arch, version string }
	everybody := map[key]bool{}
	for _, r := range rows {
		if r.Source == "appx" && r.Scope == "machine" {
			everybody[key{r.Name, r.Arch, r.Version}] = true
		}
	}
	out := rows[:0]
	for _, r := range rows {
		if r.Source == "appx" && r.Scope == "user" && everybody[key{r.Name, r.Arch, r.Version}] {
			continue
		}
		out = append(out, r)
	}
	return out
}
