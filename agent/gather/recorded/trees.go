package recorded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/agent/host"
)

// Trees calls do, in a test of its own, for each archive in the caller's
// testdata: machines of which only one subject is written down.
func Trees(t *testing.T, do func(t *testing.T, name string, h *host.Host)) {
	t.Helper()
	list, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(list) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, file := range list {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			do(t, name, Unpack(t, b))
		})
	}
}
