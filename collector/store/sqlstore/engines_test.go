package sqlstore

import "testing"

// engine makes empty stores that end with the test.
type engine struct {
	name    string
	open    func(t testing.TB) *Inventory
	control func(t testing.TB) *Control
}

// eachEngine runs a test over every database that there is.
func eachEngine(t *testing.T, f func(*testing.T, engine)) {
	for _, e := range append([]engine{{"sqlite", open, control}}, servers()...) {
		t.Run(e.name, func(t *testing.T) { f(t, e) })
	}
}
