package ups

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/agent/host"
	"muster/internal/inventory"
)

// readNUT asks upsd of Network UPS Tools (RFC 9271): which units it watches,
// and the variables of each.
func readNUT(ctx context.Context, h *host.Host) ([]inventory.Ups, error) {
	c, err := h.Dial(ctx, "nut")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	units, err := list(c, r, "UPS")
	if err != nil {
		return nil, err
	}
	var rows []inventory.Ups
	var lost error
	for _, u := range units[:min(len(units), maxUnits)] {
		if len(u) < 1 || strings.ContainsAny(u[0], " \"\r\n") {
			continue
		}
		vars, err := list(c, r, "VAR "+u[0])
		if errors.Is(err, errNotListed) {
			lost = err // the others are well
			continue
		}
		if err != nil {
			return rows, err
		}
		of := map[string]string{}
		for _, v := range vars {
			if len(v) == 2 {
				of[v[0]] = v[1]
			}
		}
		rows = append(rows, nutRow(u[0], of))
	}
	_, _ = io.WriteString(c, "LOGOUT\n") // politeness: it ends with the connection too
	return rows, lost
}

// errNotListed is a refusal of one list; the conversation goes on.
var errNotListed = errors.New("NUT does not list")

// maxVars bounds the variables of one unit; a three-phase one has about 150.
const maxVars = 1000

// list asks one list and gives the words of its lines, without those that
// they all begin with.
func list(w io.Writer, r *bufio.Reader, what string) ([][]string, error) {
	if _, err := io.WriteString(w, "LIST "+what+"\n"); err != nil {
		return nil, fmt.Errorf("ask NUT: %w", err)
	}
	var rows [][]string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("NUT ended within its list of %s: %w", what, err)
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "BEGIN LIST"):
		case strings.HasPrefix(line, "END LIST"):
			return rows, nil
		case strings.HasPrefix(line, "ERR "):
			return nil, fmt.Errorf("%w %s: %s", errNotListed, what, nutError(line[4:]))
		case strings.HasPrefix(line, what+" ") && len(rows) < maxVars:
			rows = append(rows, words(line[len(what)+1:]))
		}
	}
}

// nutError says RFC 9271's error words so that one knows what to do.
func nutError(word string) string {
	switch strings.Fields(word + " ?")[0] {
	case "ACCESS-DENIED":
		return "it lets this machine's own address not in (upsd.conf LISTEN and ACL)"
	case "DRIVER-NOT-CONNECTED":
		return "its driver does not run (upsdrvctl start)"
	case "DATA-STALE":
		return "its driver has lost the unit: look at the cable"
	}
	return word
}

// words splits a line of NUT: words, and texts in quotation marks in which a
// backslash stands before a quotation mark or a backslash.
func words(line string) []string {
	var out []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			out, line = append(out, word), rest
			continue
		}
		var b strings.Builder
		i := 1
		for ; i < len(line) && line[i] != '"'; i++ {
			if line[i] == '\\' && i+1 < len(line) {
				i++
			}
			b.WriteByte(line[i])
		}
		out, line = append(out, b.String()), line[min(i+1, len(line)):]
	}
	return out
}

// nutRow reads the variables of a unit by the names of RFC 9271, appendix A.
func nutRow(name string, of map[string]string) inventory.Ups {
	first := func(keys ...string) string {
		for _, k := range keys {
			if v := strings.TrimSpace(of[k]); v != "" {
				return v
			}
		}
		return ""
	}
	u := inventory.Ups{
		Name: name, Vendor: first("device.mfr", "ups.mfr"), Model: first("device.model", "ups.model"), Serial: first("device.serial", "ups.serial"),
		Firmware: first("ups.firmware"), AgentVersion: first("ups.firmware.aux"),
		RatedVA: number(of["ups.power.nominal"]), RatedWatts: number(of["ups.realpower.nominal"]), BatteryCount: whole(of["battery.packs"], 1),
		BatteryAt:   day(of["battery.date"]),
		LeftSeconds: whole(of["battery.runtime"], 1), Charge: share(of["battery.charge"], 100), Load: share(of["ups.load"], 1000),
		OutputWatts: number(of["ups.realpower"]), BatteryVolts: number(of["battery.voltage"]), Celsius: number(first("battery.temperature", "ups.temperature")),
		TransferReason: first("input.transfer.reason"), TestedAt: day(of["ups.test.date"]), TestResult: nutTest(of["ups.test.result"]),
	}
	status := strings.Fields(of["ups.status"])
	is := func(word string) bool { return slices.Contains(status, word) }
	if len(status) > 0 && !is("WAIT") { // its driver has not said a word yet
		replace := is("RB")
		u.ReplaceBattery = &replace
		u.BatteryStatus, u.OutputSource = "normal", "mains"
		if is("LB") {
			u.BatteryStatus = "low"
		}
		switch {
		case is("BYPASS"):
			u.OutputSource = "bypass"
		case is("OFF"):
			u.OutputSource = "none"
		case is("OB"):
			u.OutputSource = "battery"
		case is("BOOST"):
			u.OutputSource = "booster"
		case is("TRIM"):
			u.OutputSource = "reducer"
		case !is("OL"):
			u.OutputSource = "other"
		}
		if u.OutputSource != "battery" && u.OutputSource != "other" {
			u.OnBatterySecs = new(int64(0)) // NUT does not count
		}
		if is("OVER") {
			u.Alarms = append(u.Alarms, "overload")
		}
		if is("FSD") {
			u.Alarms = append(u.Alarms, "shutdown under way")
		}
	}
	if text := strings.TrimSpace(of["ups.alarm"]); text != "" {
		u.Alarms = append(u.Alarms, text)
	}
	return u
}

// nutTest reads a driver's words for the last self-test.
func nutTest(text string) string {
	text = strings.ToLower(text)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case text == "":
		return ""
	case has("progress", "running"):
		return "in_progress"
	case has("abort", "cancel"):
		return "aborted"
	case has("warning"):
		return "warning"
	case has("fail", "error", "bad"):
		return "failed"
	case has("no test", "not initiated", "none"):
		return "none"
	case has("pass", "ok", "success", "done"):
		return "passed"
	}
	return "unknown"
}
