package ups

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// readAPC asks apcupsd's network information server for its status: each
// message has its length before it, and one of length 0 is the end (apcupsd
// manual, "Network Information Server").
func readAPC(ctx context.Context, h *host.Host) ([]inventory.Ups, error) {
	c, err := h.Dial(ctx, "apcupsd")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Write([]byte("\x00\x06status")); err != nil {
		return nil, fmt.Errorf("ask apcupsd: %w", err)
	}
	of, err := parseAPC(c)
	if err != nil {
		return nil, err
	}
	if len(of) == 0 {
		return nil, nil
	}
	return []inventory.Ups{apcRow(of)}, nil
}

// maxLines bounds the lines of a status; the longest has about 60.
const maxLines = 500

func parseAPC(r io.Reader) (map[string]string, error) {
	of := map[string]string{}
	for range maxLines {
		var size [2]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return nil, fmt.Errorf("apcupsd ended within its status: %w", err)
		}
		n := binary.BigEndian.Uint16(size[:])
		if n == 0 {
			return of, nil
		}
		line := make([]byte, n)
		if _, err := io.ReadFull(r, line); err != nil {
			return nil, fmt.Errorf("apcupsd ended within its status: %w", err)
		}
		if key, value, ok := strings.Cut(strings.TrimRight(string(line), "\n\x00 "), ":"); ok {
			of[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return nil, fmt.Errorf("apcupsd says more than %d lines", maxLines)
}

// apcRow reads apcupsd's status by the names of its manual, "Status report
// fields".
func apcRow(of map[string]string) inventory.Ups {
	u := inventory.Ups{
		Name: of["UPSNAME"], Vendor: "APC", Model: of["MODEL"], Serial: of["SERIALNO"], Firmware: of["FIRMWARE"],
		RatedVA: number(of["NOMAPNT"]), RatedWatts: number(of["NOMPOWER"]), BatteryAt: day(of["BATTDATE"]),
		OnBatterySecs: whole(of["TONBATT"], 1), LeftSeconds: whole(of["TIMELEFT"], 60),
		Charge: share(of["BCHARGE"], 100), Load: share(of["LOADPCT"], 1000), BatteryVolts: number(of["BATTV"]), Celsius: number(of["ITEMP"]),
		TransferReason: of["LASTXFER"], TestedAt: day(of["LASTSTEST"]), TestResult: apcTest(of["SELFTEST"]),
	}
	status := strings.Fields(of["STATUS"])
	is := func(word string) bool { return slices.Contains(status, word) }
	if len(status) == 0 || is("COMMLOST") {
		u.Alarms = append(u.Alarms, "communication lost")
		return u
	}
	replace := is("REPLACEBATT")
	u.ReplaceBattery = &replace
	u.BatteryStatus, u.OutputSource = "normal", "other"
	switch {
	case is("NOBATT"):
		u.BatteryStatus = "missing"
	case is("LOWBATT"):
		u.BatteryStatus = "low"
	}
	switch {
	case is("ONBATT"):
		u.OutputSource = "battery"
	case is("BOOST"):
		u.OutputSource = "booster"
	case is("TRIM"):
		u.OutputSource = "reducer"
	case is("ONLINE"):
		u.OutputSource = "mains"
	}
	if is("OVERLOAD") {
		u.Alarms = append(u.Alarms, "overload")
	}
	if is("SHUTTING") {
		u.Alarms = append(u.Alarms, "shutdown under way")
	}
	return u
}

// apcTest reads the letters of the last self-test.
func apcTest(letters string) string {
	switch letters {
	case "":
		return ""
	case "OK":
		return "passed"
	case "BT", "NG":
		return "failed"
	case "WN":
		return "warning"
	case "IP":
		return "in_progress"
	case "NO":
		return "none"
	}
	return "unknown"
}
