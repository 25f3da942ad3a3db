// Package wua asks the Windows Update Agent which updates it offers, of those
// that it already knows: it is not told to look for newer ones.
//
// It owns the question's form. It must only be used in a process of its own:
// such a search takes minutes on some machines, and what COM leaks or hangs ends
// there. It must never have anything fetched or installed.
package wua

import "time"

// Update is one that is offered and not installed.
type Update struct {
	ID         string // UUID
	Title      string
	Severity   string // MsrcSeverity: Critical, Important, Moderate, Low, or empty
	Articles   []string
	CVEs       []string
	Categories []string // UUIDs
	Driver     bool
	Downloaded bool
	Optional   bool // is only offered to people who look for it
	Restart    int  // InstallationRebootBehavior: 0 never, 1 always, 2 may
	Released   time.Time
}

// Search gives what is offered. The error wraps errors.ErrUnsupported where
// there is no such agent, fs.ErrPermission when a right is missing.
func Search() ([]Update, error) { return search() }
