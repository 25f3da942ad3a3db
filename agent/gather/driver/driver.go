// Package driver reads section driver: parts of the kernel that do not come
// with it.
//
// It owns how the kernel marks such parts and where they are installed. It must
// not judge whether they do harm.
package driver

import (
	"context"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
)

// maxModules bounds the rows: a machine has a handful.
const maxModules = 500

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, asked, err := read(ctx, h)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(rows, asked...)
}

func short(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.ToValidUTF8(s, "")
}
