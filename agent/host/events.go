package host

import (
	"errors"
	"fmt"
)

// Records asks Windows' event log for records of a channel that an XPath
// question chooses, oldest first or newest first, as Windows renders them
// (XML). skipped counts those that could not be rendered. The error wraps
// errors.ErrUnsupported where there is no such log, fs.ErrPermission when a
// right is missing.
func (h *Host) Records(channel, question string, newest bool, most int) (records [][]byte, skipped int, err error) {
	if h.Events == nil {
		return nil, 0, fmt.Errorf("event log: %w", errors.ErrUnsupported)
	}
	records, skipped, err = h.Events(channel, question, newest, most)
	if err != nil {
		return records, skipped, fmt.Errorf("event log %s: %w", channel, err)
	}
	return records, skipped, nil
}
