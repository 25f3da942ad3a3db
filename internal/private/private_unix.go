//go:build unix

package private

import "os"

// Folder makes dir, and what is missing above it, for this account alone. A
// folder that is there stays as it is: where services keep their data on these
// systems, only root can have made it. The service's name is of no account
// here.
func Folder(dir, service string) error { return os.MkdirAll(dir, 0o700) }

func own(string) error { return nil }
