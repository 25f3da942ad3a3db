package driver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(ctx context.Context, h *host.Host) ([]inventory.Driver, []string, error) {
	list, err := h.ReadDir("/sys/module")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("sysfs is not mounted here, so modules of the kernel are not known: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, nil, err
	}
	var rows []inventory.Driver
	loaded := map[string]bool{}
	for _, e := range list {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		name := e.Name()
		loaded[name] = true
		// Documentation/admin-guide/tainted-kernels.rst of the kernel: P is of
		// another licence, O from outside its tree, E without a valid signature.
		// Staging and test modules (C, N) are the kernel's own.
		marks := h.Line("/sys/module/" + name + "/taint")
		if !strings.ContainsAny(marks, "POE") || len(rows) >= maxModules {
			continue
		}
		row := inventory.Driver{Name: name, Version: short(h.Line("/sys/module/" + name + "/version")), Loaded: new(true)}
		if strings.Contains(marks, "E") {
			row.Signed = new(false) // without the mark the kernel may not have looked
		}
		rows = append(rows, row)
	}
	asked := []string{"sysfs"}
	if dir := "/lib/modules/" + h.Line("/proc/sys/kernel/osrelease"); dir != "/lib/modules/" && h.Exists(dir) {
		asked = append(asked, "modules")
		for _, name := range installed(h, dir) {
			if !loaded[name] && len(rows) < maxModules {
				rows = append(rows, inventory.Driver{Name: name, Loaded: new(false)})
			}
		}
	}
	return rows, asked, nil
}

// installed lists what lies where modules from outside are put: by DKMS, by
// akmods and weak-modules, and by hand (depmod.d(5), "search updates").
func installed(h *host.Host, dir string) []string {
	var names []string
	seen := map[string]bool{}
	for _, place := range []string{"updates", "updates/dkms", "extra", "extra/*", "weak-updates", "weak-updates/*"} {
		for _, file := range h.Glob(dir + "/" + place + "/*.ko*") {
			name, _, ok := strings.Cut(path.Base(file), ".ko")
			name = strings.ReplaceAll(name, "-", "_") // as the kernel has it
			if ok && name != "" && !seen[name] && len(names) < maxModules {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
