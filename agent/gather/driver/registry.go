package driver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/agent/gather/pnp"
	"muster/agent/host"
	"muster/internal/inventory"
)

// Where Windows keeps which packages of drivers were added to its store:
// a value oem12.inf for each, and what it took from them.
const (
	database = `HKLM\SYSTEM\DriverDatabase\`
	infs     = database + `DriverInfFiles`
	packages = database + `DriverPackages\`
)

// fromRegistry reads the packages from outside, oem*.inf, and which devices
// use them.
func fromRegistry(ctx context.Context, h *host.Host) ([]inventory.Driver, []string, error) {
	k, err := h.Key(host.View64, infs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("this Windows keeps no list of its drivers: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	asked := []string{"driver_database"}
	used := map[string][]pnp.Device{}
	how := map[string]pnp.Driver{}
	present, err := pnp.Present(h, "")
	switch {
	case err == nil:
		asked = append(asked, "pnp")
	case !errors.Is(err, errors.ErrUnsupported):
		return nil, nil, err
	}
	for _, d := range present {
		if r := pnp.ReadDriver(h, d); strings.HasPrefix(r.Inf, "oem") {
			used[r.Inf] = append(used[r.Inf], d)
			how[r.Inf] = r
		}
	}
	names := append([]string(nil), k.Subkeys...)
	for _, v := range k.Values {
		names = append(names, v.Name)
	}
	rows := []inventory.Driver{}
	classes := map[string]string{}
	for _, name := range names {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		name = strings.ToLower(name)
		if !oem(name) || len(rows) >= maxModules {
			continue
		}
		r := inventory.Driver{Name: name, Version: short(how[name].Version), Provider: how[name].Provider, ReleasedAt: how[name].ReleasedAt}
		guid := ""
		if list := used[name]; len(list) > 0 {
			guid = list[0].Key.Class
			for _, d := range list {
				if !slices.Contains(r.Devices, d.Key.Name) && d.Key.Name != "" && len(r.Devices) < 64 {
					r.Devices = append(r.Devices, d.Key.Name)
				}
			}
			slices.Sort(r.Devices)
		}
		if len(present) > 0 {
			r.Loaded = new(len(used[name]) > 0)
		}
		about(h, k, name, &r, &guid)
		if guid != "" {
			if _, ok := classes[guid]; !ok {
				classes[guid] = pnp.ClassName(h, guid)
			}
			r.Class = classes[guid]
		}
		rows = append(rows, r)
	}
	return rows, asked, nil
}

// about adds what Windows keeps of a package in its store, whose folder the
// list names, such as e1d.inf_amd64_0123456789abcdef.
func about(h *host.Host, list host.Key, name string, r *inventory.Driver, guid *string) {
	folder := ""
	for _, s := range list.Texts(name) {
		if s != "" {
			folder = s
		}
	}
	if folder == "" {
		if k, err := h.Key(host.View64, infs+`\`+name); err == nil {
			folder = k.Text("Active")
		}
	}
	if folder == "" || strings.ContainsAny(folder, `\/`) {
		return
	}
	if original, _, ok := strings.Cut(folder, ".inf_"); ok {
		r.Original = strings.ToLower(original) + ".inf"
	}
	k, err := h.Key(host.View64, packages+folder, "Provider", "SignerName", "Version")
	if err != nil {
		return
	}
	if r.Provider == "" {
		r.Provider = pnp.Words(k.Text("Provider"))
	}
	if r.Signer = k.Text("SignerName"); r.Signer != "" {
		r.Signed = new(true) // Windows notes it when it has checked the catalogue file
	}
	of, at, version := parseVersion(k.Bytes("Version"))
	if *guid == "" {
		*guid = of
	}
	if r.Version == "" {
		r.Version, r.ReleasedAt = version, at
	}
}

// parseVersion reads the value Version of a package: two numbers, the GUID of
// the class, the date as FILETIME and the version, four numbers of 16 bits
// with the least first. What is no date is none of these.
func parseVersion(b []byte) (class string, at time.Time, version string) {
	if len(b) < 40 {
		return "", time.Time{}, ""
	}
	at = host.FileTime(binary.LittleEndian.Uint64(b[24:]))
	if at.Year() < 1990 || at.Year() > 2100 {
		return "", time.Time{}, ""
	}
	n := func(i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }
	class = fmt.Sprintf("{%08x-%04x-%04x-%x-%x}", binary.LittleEndian.Uint32(b[8:]), n(12), n(14), b[16:18], b[18:24])
	return class, at, fmt.Sprintf("%d.%d.%d.%d", n(38), n(36), n(34), n(32))
}

// oem says whether a name is that of a package from outside: oem12.inf.
func oem(name string) bool {
	rest, ok := strings.CutPrefix(name, "oem")
	digits, ok2 := strings.CutSuffix(rest, ".inf")
	return ok && ok2 && digits != "" && strings.Trim(digits, "0123456789") == ""
}
