//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A disk is copied to many machines: prepared, each copy enrols as its own
// device, and nothing of the first machine is left in the folder.
func TestPrepareImage(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("sample: 10s\n")
	e.invite(o.inviteText(2))
	prepare := func() (string, int) {
		t.Helper()
		p := launch(t, nil, program(t, "muster-agent"), "prepare-image", "--config", e.config)
		code := p.wait(t, time.Minute)
		return p.out.String(), code
	}
	if out, code := prepare(); code != 0 || !strings.Contains(out, "There was nothing to forget.") {
		t.Errorf("before the first start: %d %s", code, out)
	}
	e.start()
	eventually(t, time.Minute, func() error {
		if e.device() == "" || spoolSize(e.data) == 0 {
			return os.ErrNotExist
		}
		return nil
	})
	first := e.device()
	if out, code := prepare(); code == 0 || e.device() != first {
		t.Errorf("prepared while the agent runs: %d %s", code, out)
	} else {
		oneLine(t, out, "stop it first")
	}
	e.stop(t)
	out, code := prepare()
	if code != 0 || !strings.Contains(out, "Removed: identity.json") || !strings.Contains(out, "muster device retire "+first) || !strings.Contains(out, "Shut the machine down now") {
		t.Errorf("%d %s", code, out)
	}
	left, err := os.ReadDir(e.data)
	if err != nil || len(left) > 0 {
		t.Errorf("the data folder still has %v %v", left, err)
	}
	if out, code := prepare(); code != 0 || !strings.Contains(out, "There was nothing to forget.") {
		t.Errorf("the second time: %d %s", code, out)
	}
	e.once()
	if second := e.device(); second == first || second == "" {
		t.Errorf("the copy is %q, the first machine was %q", second, first)
	}
	o.stop(t)
}

// imageOfWindows is the same on Windows, where settings lie in the data folder
// and stay.
func imageOfWindows(t *testing.T, w *wine, device string) {
	t.Helper()
	if out := w.agent("prepare-image"); !strings.Contains(out, "Removed: identity.json") || !strings.Contains(out, "muster device retire "+device) ||
		!strings.Contains(out, "Each copy enrols with the string in "+winesData+`\invitation`) {
		t.Error(out)
	}
	left, err := filepath.Glob(filepath.Join(w.file(winesData), "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if !slices.Equal(left, []string{"agent.yaml", "invitation"}) {
		t.Errorf("the data folder has %q", left)
	}
}
