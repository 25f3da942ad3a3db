package ups

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// apc is what apcupsd says of a unit on battery.
const apc = `APC      : 001,038,0942
DATE     : 2024-06-03 11:30:01 +0200
HOSTNAME : pc7
VERSION  : 3.14.14 (31 May 2016) debian
UPSNAME  : desk
CABLE    : USB Cable
DRIVER   : USB UPS Driver
MODEL    : Back-UPS RS 900G
STATUS   : ONBATT REPLACEBATT
LINEV    : 0.0 Volts
LOADPCT  : 17.0 Percent
BCHARGE  : 96.0 Percent
TIMELEFT : 35.5 Minutes
LASTXFER : Low line voltage
TONBATT  : 42 Seconds
SELFTEST : NG
BATTV    : 26.4 Volts
BATTDATE : 2019-04-11
NOMPOWER : 540 Watts
SERIALNO : RT0000001
FIRMWARE : 879.L4 .I USB FW:L4
END APC  : 2024-06-03 11:30:02 +0200`

// nut is what upsd says of two units, of which one is lost.
func nut(line string) string {
	switch line {
	case "LIST UPS":
		return "BEGIN LIST UPS\nUPS lost \"Lost\"\nUPS rack \"Rack \\\"A\\\"\"\nUPS \"od\\\"d\" \"never asked\"\nEND LIST UPS\n"
	case "LIST VAR rack":
		return `BEGIN LIST VAR rack
VAR rack battery.charge "100"
VAR rack battery.runtime "2450"
VAR rack battery.date "2022/11/09"
VAR rack device.mfr "EATON"
VAR rack device.model "5P 1550 \"G2\""
VAR rack device.serial "RT0000002"
VAR rack ups.load "231.0"
VAR rack ups.power.nominal "1550"
VAR rack ups.realpower.nominal "1100"
VAR rack ups.status "OL CHRG BOOST OVER"
VAR rack ups.alarm "Fan failure!"
VAR rack ups.test.result "Done and passed"
VAR rack ups.temperature "nan"
END LIST VAR rack
`
	case "LIST VAR lost":
		return "ERR DRIVER-NOT-CONNECTED\n"
	}
	return "ERR UNKNOWN-COMMAND\n"
}

// speak answers on the far side of a connection.
func speak(t *testing.T, with func(c net.Conn)) func(context.Context, host.Server) (net.Conn, error) {
	return func(context.Context, host.Server) (net.Conn, error) {
		here, there := net.Pipe()
		done := make(chan struct{})
		go func() { defer close(done); defer there.Close(); with(there) }()
		t.Cleanup(func() { here.Close(); <-done })
		return here, nil
	}
}

func apcServer(c net.Conn) {
	question := make([]byte, 8)
	if _, err := io.ReadFull(c, question); err != nil || string(question) != "\x00\x06status" {
		return
	}
	for line := range strings.Lines(apc) {
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(line))), line...))
	}
	c.Write([]byte{0, 0})
}

func nutServer(c net.Conn) {
	for s := bufio.NewScanner(c); s.Scan() && s.Text() != "LOGOUT"; {
		io.WriteString(c, nut(s.Text()))
	}
}

func TestSection(t *testing.T) {
	for name, c := range map[string]struct {
		files    string
		nut, apc func(net.Conn)
	}{
		"none":    {files: "-- /etc/hostname --\nx\n"},
		"nut":     {files: "-- /etc/hostname --\nx\n", nut: nutServer},
		"apcupsd": {files: "-- /etc/hostname --\nx\n", apc: apcServer},
		"cut":     {files: "-- /etc/hostname --\nx\n", apc: func(c net.Conn) { io.ReadFull(c, make([]byte, 8)); c.Write([]byte("\x00\x10STAT")) }, nut: func(c net.Conn) { io.ReadFull(c, make([]byte, 9)) }},
		"kernel": {files: `
-- values /sys/class/power_supply/AC --
type Mains
-- values /sys/class/power_supply/ups0 --
type UPS
status Discharging
health Good
capacity 81
capacity_level Low
manufacturer CyberPower
model_name CP900
serial_number RT0000003
voltage_now 12600000
temp 284
time_to_empty_now 1200
`},
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(c.files))
			h.Connect = func(ctx context.Context, s host.Server) (net.Conn, error) {
				with := map[string]func(net.Conn){"nut": c.nut, "apcupsd": c.apc}[s.Name]
				if with == nil {
					return nil, syscall.ECONNREFUSED
				}
				return speak(t, with)(ctx, s)
			}
			r, err := Read(t.Context(), h)
			recorded.Golden(t, h, "ups", "ups."+name, r, err)
		})
	}
}

func FuzzNUT(f *testing.F) {
	f.Add(nut("LIST VAR rack"))
	f.Add("VAR rack \"\\")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := list(io.Discard, bufio.NewReader(strings.NewReader(text)), "VAR rack")
		if len(lines) > maxVars {
			t.Errorf("%d lines", len(lines))
		}
		of := map[string]string{}
		for _, l := range lines {
			if len(l) == 2 {
				of[l[0]] = l[1]
			}
		}
		check(t, nutRow("rack", of).Load, err)
	})
}

func FuzzAPC(f *testing.F) {
	f.Add([]byte("\x00\x10STATUS : ONLINE \x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		of, err := parseAPC(strings.NewReader(string(b)))
		check(t, apcRow(of).Load, err)
	})
}

func check(t *testing.T, load *float64, _ error) {
	if load != nil && !(*load >= 0 && *load <= 1000) {
		t.Errorf("a load of %v", *load)
	}
}
