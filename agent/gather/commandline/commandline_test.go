package commandline

import (
	"strings"
	"testing"
)

func TestProgram(t *testing.T) {
	for line, want := range map[string]string{
		`"C:\Program Files\App\app.exe" --password secret`:                   `C:\Program Files\App\app.exe`,
		`C:\Program Files\App Two\app.exe /run`:                              `C:\Program Files\App Two\app.exe`,
		`%SystemRoot%\system32\svchost.exe -k netsvcs -p`:                    `C:\Windows\system32\svchost.exe`,
		`\SystemRoot\System32\drivers\ndis.sys`:                              `C:\Windows\System32\drivers\ndis.sys`,
		`system32\DRIVERS\x.sys`:                                             `C:\Windows\system32\DRIVERS\x.sys`,
		`C:\Users\avery\AppData\Local\Zoom\bin\Zoom.exe --silent --token=1`:  `~\AppData\Local\Zoom\bin\Zoom.exe`,
		`%localappdata%\Microsoft\Teams\Update.exe --processStart Teams.exe`: `~\AppData\Local\Microsoft\Teams\Update.exe`,
		`C:\Users\Public\x.exe`:                                              `C:\Users\Public\x.exe`,
		`rundll32.exe shell32.dll,Control_RunDLL`:                            `rundll32.exe`,
		`tool --key=abc`:                        `tool`,
		`\??\C:\Windows\system32\drivers\y.sys`: `C:\Windows\system32\drivers\y.sys`,
		`"unfinished`:                           `unfinished`,
		"a\x01b.exe":                            ``,
		``:                                      ``,
		`C:\tools\app.exercise\run.exe now`:     `C:\tools\app.exercise\run.exe`,
	} {
		if got := Program(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func FuzzProgram(f *testing.F) {
	f.Add(`"C:\Program Files\App\app.exe" --password secret`)
	f.Add(`%AppData%\İ.exe x`)
	f.Fuzz(func(t *testing.T, line string) {
		if got := Program(line); strings.ContainsAny(got, "\x00\n\r") || len(got) > maxLine+32 {
			t.Errorf("%q", got)
		}
	})
}
