//go:build !darwin

package patch

// system has the managers that are of one system alone, whose forms the others'
// programs need not hold.
func system() []manager { return nil }
