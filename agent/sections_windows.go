package agent

import "muster/agent/gather"

// sections is empty until the readers of Windows are there.
func sections() []gather.Section {
	return []gather.Section{}
}
