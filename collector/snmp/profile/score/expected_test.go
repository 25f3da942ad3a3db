package score

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhatIsExpectedMayBeOdd(t *testing.T) {
	dir := t.TempDir()
	text := `[{"id": "a", "librenms": {"device": {"os": "ios", "version": 15.2, "serial": null}, "sensors": [{"sensor_class": "temperature", "sensor_current": "hot"}, {"sensor_class": "temperature", "sensor_current": 31}]}},
	          {"id": "b", "librenms": {"device": {"hardware": "X1"}}}]`
	if err := os.WriteFile(filepath.Join(dir, "expected.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Load(dir)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	a := list[0].Known
	if a.Device.Version != "15.2" || a.Device.Serial != "" || len(a.Sensors) != 2 || *a.Sensors[0].Current != 0 || *a.Sensors[1].Current != 31 || list[1].Known.Device.Hardware != "X1" {
		t.Errorf("%+v", list)
	}
	for _, broken := range []string{`{"id": "a"}`, `[{"id": "a"`, ``} {
		if err := os.WriteFile(filepath.Join(dir, "expected.json"), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil {
			t.Errorf("%q is read", broken)
		}
	}
}
