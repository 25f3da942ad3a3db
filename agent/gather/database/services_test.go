package database

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/gather/running"
	"muster/agent/host"
	"muster/internal/inventory"
)

const planted = `-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSSQLSERVER]
"ImagePath"="\"C:\\Program Files\\Microsoft SQL Server\\MSSQL15.MSSQLSERVER\\MSSQL\\Binn\\sqlservr.exe\" -sMSSQLSERVER"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\postgresql-x64-16]
"ImagePath"="\"C:\\Program Files\\PostgreSQL\\16\\bin\\pg_ctl.exe\" runservice -N \"postgresql-x64-16\" -D \"C:\\data\""

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MySQL80]
"ImagePath"="\"C:\\Program Files\\MySQL\\MySQL Server 8.0\\bin\\mysqld.exe\" --defaults-file=x MySQL80"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MariaDB]
"ImagePath"="\"C:\\Program Files\\MariaDB 10.11\\bin\\mysqld.exe\" MariaDB"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\OracleServiceORCL]
"ImagePath"="c:\\app\\oracle\\product\\19.0.0\\dbhome_1\\bin\\ORACLE.EXE ORCL"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Spooler]
"ImagePath"=expand:"%SystemRoot%\\System32\\spoolsv.exe"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL]
"MSSQLSERVER"="MSSQL15.MSSQLSERVER"
"REPORTS"="MSSQL16.REPORTS"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.MSSQLSERVER\Setup]
"Version"="15.0.2000.5"
"PatchLevel"="15.0.4375.4"
"Edition"="Standard Edition"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQLServer\SuperSocketNetLib\Tcp\IPAll]
"TcpPort"="1433"
"TcpDynamicPorts"=""

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.REPORTS\Setup]
"Version"="16.0.1000.6"
"Edition"="Express Edition"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.REPORTS\MSSQLServer\SuperSocketNetLib\Tcp\IPAll]
"TcpPort"=""
"TcpDynamicPorts"="49823"

[HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Microsoft\Microsoft SQL Server\Instance Names\SQL]
"MSSQLSERVER"="MSSQL15.MSSQLSERVER"
"OLD"="MSSQL.1"

[HKEY_LOCAL_MACHINE\SOFTWARE\PostgreSQL\Services\postgresql-x64-16]
"Port"=dword:00001538

[HKEY_LOCAL_MACHINE\SOFTWARE\PostgreSQL\Installations\postgresql-x64-16]
"Service ID"="postgresql-x64-16"
"Version"="16.4-1"
`

func TestWindows(t *testing.T) {
	h := recorded.Unpack(t, []byte(planted))
	rows, asked, faults, err := fromWindows(t.Context(), h)
	r, bad := reading(rows, asked, faults)
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, h, "database_instance", "windows", r, err)
	h.Registry = func(host.View, string, []string) (host.Key, error) { return host.Key{}, fs.ErrPermission }
	if _, _, _, err := fromWindows(t.Context(), h); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

// Of several servers of a kind it is said that they run when as many processes
// do; when fewer do, nobody knows which.
func TestWhichRun(t *testing.T) {
	runs := []string{"sqlservr.exe", "sqlservr.exe", "mongod.exe", "postgres.exe", "postgres.exe"}
	rows := make([]inventory.DatabaseInstance, len(runs))
	count(rows, runs, []running.Entry{{Name: "sqlservr.exe"}, {Name: "postgres.exe"}, {Name: "postgres.exe"}, {Name: "postgres.exe"}})
	for i, want := range []string{"", "", "no", "", ""} {
		got := ""
		if r := rows[i].Running; r != nil {
			got = map[bool]string{true: "yes", false: "no"}[*r]
		}
		if got != want {
			t.Errorf("%d %s: %q, want %q", i, runs[i], got, want)
		}
	}
	count(rows, runs, []running.Entry{{Name: "SQLSERVR.EXE"}, {Name: "sqlservr.exe"}})
	if rows[0].Running == nil || !*rows[1].Running || *rows[3].Running {
		t.Errorf("%+v", rows)
	}
}

func TestInFolder(t *testing.T) {
	for file, want := range map[string]string{
		`C:\Program Files\PostgreSQL\16\bin\pg_ctl.exe`:          "16",
		`C:\Program Files\MySQL\MySQL Server 8.0\bin\mysqld.exe`: "8.0",
		`c:\app\oracle\product\19.0.0\dbhome_1\bin\ORACLE.EXE`:   "19.0.0",
		`C:\Program Files\MongoDB\Server\7.0\bin\mongod.exe`:     "7.0",
		`C:\Program Files\Firebird\Firebird_4_0\firebird.exe`:    "",
		`C:\redis\redis-server.exe`:                              "",
		`C:\Program Files\SQL Anywhere 17\Bin64\dbsrv17.exe`:     "",
		`mysqld.exe`: "",
	} {
		if got := inFolder(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func FuzzServices(f *testing.F) {
	f.Add(`"C:\Program Files\PostgreSQL\16\bin\pg_ctl.exe" runservice`, "1433, 1500")
	f.Fuzz(func(t *testing.T, image, ports string) {
		if v := inFolder(image); strings.Trim(v, "0123456789.") != "" || len(v) > 20 {
			t.Errorf("%q", v)
		}
		serverOf(image)
		if n := number(ports); n != nil && (*n < 1 || *n >= 1<<16) {
			t.Error(*n)
		}
	})
}
