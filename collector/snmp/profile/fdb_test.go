package profile

import (
	"context"
	"fmt"
	"testing"

	"muster/internal/inventory"
)

// A table without VLANs tells an address twice that it learned in two: here
// the PC's at its own port, and at the uplink where the router's answers come
// back. Which comes first says nothing.
func TestAnAddressOnTwoPortsIsAtTheOneWithFewer(t *testing.T) {
	const head = `
1.3.6.1.2.1.1.1.0 s Switch
1.3.6.1.2.1.1.2.0 o 1.3.6.1.4.1.99999.9
1.3.6.1.2.1.1.3.0 t 100
1.3.6.1.2.1.31.1.1.1.1.1 s desk
1.3.6.1.2.1.31.1.1.1.1.2 s uplink
1.3.6.1.2.1.17.1.4.1.2.1 i 1
1.3.6.1.2.1.17.1.4.1.2.2 i 2
1.3.6.1.2.1.17.4.3.1.1.1 x 00005e005301
1.3.6.1.2.1.17.4.3.1.2.1 i 2
1.3.6.1.2.1.17.4.3.1.1.2 x 00005e005302
1.3.6.1.2.1.17.4.3.1.2.2 i 2
1.3.6.1.2.1.17.4.3.1.1.3 x 00005e005303
1.3.6.1.2.1.17.4.3.1.2.3 i %d
1.3.6.1.2.1.17.4.3.1.1.4 x 00005e005303
1.3.6.1.2.1.17.4.3.1.2.4 i %d
`
	for _, ports := range [][2]int{{1, 2}, {2, 1}} {
		w, err := parseWalk(fmt.Appendf(nil, head, ports[0], ports[1]))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Load(Own(), office(t, map[string]string{"switch9.yaml": "name: switch9\nextends: [switch]\nmatch: [{description: Switch}]\n"}))
		if err != nil || len(s.Problems()) > 0 {
			t.Fatal(err, s.Problems())
		}
		s.Now = moment
		d, err := s.Identify(context.Background(), w, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, rows := section[inventory.Fdb](t, read(t, d, w))
		if len(rows) != 3 || rows[2].Port != "desk" || *rows[2].BridgePort != 1 {
			t.Errorf("told %v: %+v", ports, rows)
		}
	}
}
