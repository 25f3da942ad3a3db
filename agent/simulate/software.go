package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"

	"muster/internal/inventory"
)

type program struct{ name, version, publisher string }

// catalogueSize is how many different programs the fleet knows. As in real
// fleets a few are everywhere and most are rare (Zipf).
const catalogueSize = 12_000

// pick chooses the i-th program of a machine: the first hundred are the
// office's standard set, the rest follows a Zipf distribution.
func (m *machine) pick(i int) int {
	if i < 100 {
		return i
	}
	r := rand.New(rand.NewPCG(m.seed^uint64(m.n)<<20, uint64(i)))
	u := r.Float64()
	return 100 + int(math.Pow(float64(catalogueSize-100), u)) - 1
}

// selfUpdating is the program that gets a new version each week, as browsers
// do.
const selfUpdating = 5

func (m *machine) software() []inventory.Software {
	var rows []inventory.Software
	seen := map[int]bool{}
	for i := 0; len(rows) < m.programs && i < 3*m.programs; i++ {
		id := m.pick(i)
		if seen[id] || m.gone[i] {
			continue
		}
		seen[id] = true
		r := rand.New(rand.NewPCG(uint64(id), 99))
		major, minor := 1+r.IntN(30), r.IntN(20)
		// A few versions of each are about, the newest the most.
		back := rand.New(rand.NewPCG(uint64(id), uint64(m.n))).IntN(4)
		patch := m.upgraded[i]
		if id == selfUpdating {
			back, patch = 0, patch+m.weeks // it keeps itself up to date
		}
		rows = append(rows, inventory.Software{Source: "registry", Scope: "machine", Name: programName(id), Arch: "x64",
			Version: fmt.Sprintf("%d.%d.%d", major, max(minor-back, 0), patch), Publisher: publisher(id)})
	}
	for _, p := range m.extra {
		rows = append(rows, inventory.Software{Source: "registry", Scope: "machine", Name: p.name, Arch: "x64", Version: p.version, Publisher: p.publisher})
	}
	return rows
}

func programName(id int) string {
	first := []string{"Blue", "Clear", "Fast", "Open", "Office", "Paper", "Cloud", "Deep", "Swift", "Plain", "North", "Signal", "Sample", "Grid", "Map"}
	second := []string{"Reader", "Writer", "Sync", "Viewer", "Drive", "Browser", "Mail", "Meeting", "Ledger", "Scanner", "Print", "Backup", "Runtime", "Driver", "Tools", "Shield"}
	k := id
	name := first[k%len(first)] + " " + second[(k/len(first))%len(second)]
	if v := id / (len(first) * len(second)); v > 0 {
		name += fmt.Sprintf(" %d", 2000+v)
	}
	return name
}

func publisher(id int) string {
	return []string{"Northwind Software", "Fabrikam Tools", "Contoso Systems", "Initech", "Globex", "Umbra Labs", "Vandelay", "Hooli Works"}[id%8] +
		[]string{"", " Inc.", " GmbH", " Ltd"}[id%4]
}
