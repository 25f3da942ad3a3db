package changelog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/event/windows"
)

func TestEventLog(t *testing.T) {
	h := recorded.Unpack(t)
	record := func(provider string, id, days int, data string) string {
		at := h.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339Nano)
		return fmt.Sprintf(`<Event><System><Provider Name='%s'/><EventID>%d</EventID><TimeCreated SystemTime='%s'/><EventRecordID>1</EventRecordID><Channel>System</Channel></System>%s</Event>`, provider, id, at, data)
	}
	wu := func(id, days int, title, more string) string {
		return record("Microsoft-Windows-WindowsUpdateClient", id, days, "<EventData>"+more+"<Data Name='updateTitle'>"+title+"</Data></EventData>")
	}
	msi := func(id, days int, texts ...string) string {
		return record("MsiInstaller", id, days, "<EventData><Data>"+strings.Join(texts, "</Data><Data>")+"</Data></EventData>")
	}
	answers := map[string][]string{
		"WindowsUpdateClient": {wu(19, 1, "2024-05 Cumulative Update for Windows 11 (KB5037771)", ""), wu(20, 2, "2024-05 .NET Update (KB5037591)", "<Data Name='errorCode'>0x80070643</Data>"),
			wu(19, 3, "Security Intelligence Update - KB2267602 (Version 1.2)", ""), wu(19, 4, "Intel - net - 12.19.2.45", ""), wu(19, 5, "Feature update to Windows 11, version 23H2", ""), wu(19, 200, "old", "")},
		"UserPnp": {record("Microsoft-Windows-UserPnp", 20001, 6, "<UserData><InstallDeviceID><DriverName>e1d.inf</DriverName><DriverVersion>12.19.2.45</DriverVersion><UpgradeDevice>true</UpgradeDevice>"+
			"<InstallStatus>0x0</InstallStatus><DriverDescription>Intel I219-LM</DriverDescription></InstallDeviceID></UserData>")},
		"MsiInstaller": {msi(1033, 7, "7-Zip 23.01 (x64)", "23.01", "1033", "0", "Igor Pavlov"), msi(1034, 8, "Old tool", "1.0", "1033", "0", "Maker"), msi(1033, 9, "Broken", "2.0", "1033", "1603", "Maker"), "damaged"},
	}
	h.Events = func(_, question string, newest bool, _ int) ([][]byte, int, error) {
		for name, list := range answers {
			if strings.Contains(question, name) {
				var out [][]byte
				for _, s := range list {
					out = append(out, []byte(s))
				}
				return out, 0, nil
			}
		}
		return nil, 0, errors.New("asked " + question)
	}
	r, err := ReadEventLog(t.Context(), h)
	recorded.Golden(t, h, "change_log", "windows", r, err)
	if _, err := ReadEventLog(t.Context(), &host.Host{Now: time.Now}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzChange(f *testing.F) {
	f.Add("MsiInstaller", 1033, "name")
	f.Add("Microsoft-Windows-UserPnp", 20001, "a/DriverName")
	f.Fuzz(func(t *testing.T, provider string, id int, name string) {
		r := windows.Record{Provider: provider, EventID: id, Time: time.Unix(1, 0), Data: []windows.Value{{Name: name, Text: name}}}
		if row, ok := change(r); ok && (row.Name == "" || row.Kind == "" || len(row.Name) > 300) {
			t.Errorf("%+v", row)
		}
	})
}
