package agent

import (
	"time"

	"muster/agent/gather"
	"muster/agent/gather/patch"
	"muster/agent/gather/reliability"
	"muster/internal/inventory"
)

// seldom lists the numbers that are read in a process of their own.
func seldom() []gather.Seldom {
	return []gather.Seldom{{Name: reliability.Name, Every: 24 * time.Hour, Read: reliability.Read}}
}

// offered is the section that tells which updates are offered; it is read in a
// process of its own, with limits of its own, and its rows go into section
// patch.
func offered() []gather.Section { return []gather.Section{apart("patch", patch.ReadOffered)} }

// sectionsWith are the sections, with what was last offered among updates.
func sectionsWith(last func() ([]inventory.Patch, bool)) []gather.Section {
	list := sections()
	o := patch.Offers{Last: last}
	for i := range list {
		switch list[i].Name {
		case "patch":
			list[i].Read = o.Read
		case "patch_status":
			list[i].Read = o.ReadStatus
		}
	}
	return list
}
