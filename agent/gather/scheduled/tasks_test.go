package scheduled

import (
	"context"
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

const backup = `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>OFFICE\repair</Author><URI>\Office\Backup</URI></RegistrationInfo>
  <Triggers>
    <CalendarTrigger><StartBoundary>2024-01-01T22:00:00</StartBoundary><Enabled>true</Enabled><ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay></CalendarTrigger>
    <BootTrigger><Delay>PT5M</Delay></BootTrigger>
    <LogonTrigger><Enabled>false</Enabled></LogonTrigger>
  </Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><Enabled>true</Enabled><Hidden>true</Hidden></Settings>
  <Actions Context="Author"><Exec><Command>"C:\Program Files\Backup\backup.exe"</Command><Arguments>--key not-for-us</Arguments></Exec></Actions>
</Task>`

func wide(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestTask(t *testing.T) {
	got, err := parseTask(wide(backup))
	if err != nil {
		t.Fatal(err)
	}
	r := got.row(`\Office\Backup`)
	if r.UserName != "SYSTEM" || !*r.Elevated || !*r.Hidden || !*r.Enabled || r.Executable != `C:\Program Files\Backup\backup.exe` || r.Author != `OFFICE\repair` ||
		r.Schedule != "CalendarTrigger start=2024-01-01T22:00:00 days=1; BootTrigger delay=PT5M" || len(r.Triggers) != 2 || r.Triggers[0] != "time" || r.Triggers[1] != "boot" {
		t.Errorf("%+v", r)
	}
	if _, err := parseTask([]byte("<Task")); err == nil {
		t.Error("a file cut short is read")
	}
}

// TestWindows reads folders of tasks: one that is no XML makes the section
// partial, so that its row is not taken for gone.
func TestWindows(t *testing.T) {
	archive := "\n-- C:/Windows/System32/Tasks/Office/Backup --\n" + backup + "\n-- C:/Windows/System32/Tasks/Broken --\nnothing\n"
	h := recorded.Unpack(t, []byte(archive), []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\Office\Backup]
"Id"="{1}"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks\{1}]
"DynamicInfo"=hex:03,00,00,00,00,a0,d1,0c,7a,b5,da,01,00,a0,d1,0c,7a,b5,da,01,00,00,00,00,02,00,00,00,00,00,00,00,00,00,00,00
`))
	rows, asked, faults, err := fromTasks(context.Background(), h)
	r, bad := gather.Rows(rows, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	r.Faults = faults
	recorded.Golden(t, h, "scheduled_task", "windows", r, err)
	if _, _, _, err := fromTasks(context.Background(), &host.Host{Root: t.TempDir()}); err == nil {
		t.Error("no folder of tasks is no tasks")
	}
}

func FuzzTask(f *testing.F) {
	f.Add(wide(backup))
	f.Add([]byte(backup))
	f.Add([]byte{0xff, 0xfe, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseTask(b); err == nil {
			if r := got.row("x"); len(r.UserName) > 256 || len(r.Triggers) > 6 {
				t.Errorf("%+v", r)
			}
		}
		var r inventory.ScheduledTask
		dynamic(b, &r)
	})
}
