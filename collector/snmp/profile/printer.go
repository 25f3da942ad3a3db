package profile

import (
	"context"
	"strconv"
	"strings"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Printer-MIB (RFC 3805), and hrPrinterTable of HOST-RESOURCES-MIB. The first
// part of each index is hrDeviceIndex, of which printers have one.
const (
	printerMIB       = "1.3.6.1.2.1.43."
	oidPrinterName   = printerMIB + "5.1.1.16"
	oidPrinterStatus = "1.3.6.1.2.1.25.3.5.1.1" // hrPrinterStatus
	oidPrinterErrors = "1.3.6.1.2.1.25.3.5.1.2" // hrPrinterDetectedErrorState
	oidDeviceStatus  = "1.3.6.1.2.1.25.3.2.1.5"
	oidMarkerTech    = printerMIB + "10.2.1.2"
	oidMarkerUnit    = printerMIB + "10.2.1.3"
	oidMarkerCount   = printerMIB + "10.2.1.4"
	oidColorants     = printerMIB + "10.2.1.6" // prtMarkerProcessColorants
	oidColorant      = printerMIB + "12.1.1.4" // prtMarkerColorantValue
	oidDisplay       = printerMIB + "16.5.1.2"
	oidCoverDescr    = printerMIB + "6.1.1.2"
	oidCoverStatus   = printerMIB + "6.1.1.3"
	supplyEntry      = printerMIB + "11.1.1."
	trayEntry        = printerMIB + "8.2.1."
	alertEntry       = printerMIB + "18.1.1."
)

func printerTasks() []*task {
	return []*task{{name: "Printer-MIB", pace: "5m", every: everyOf(paceARP), sections: []string{"printer"}, run: readPrinter}}
}

func readPrinter(ctx context.Context, r *round) {
	markers := r.reader.table(ctx, session.Limits{Rows: 64}, oidMarkerTech, oidMarkerUnit, oidMarkerCount, oidColorants)
	state := r.reader.table(ctx, session.Limits{Rows: 64}, oidPrinterStatus, oidPrinterErrors)
	if len(markers.Rows) == 0 && len(state.Rows) == 0 {
		put(r, "Printer-MIB", []inventory.Printer(nil), nil, fault(markers.Fault, state.Fault))
		return
	}
	p := inventory.Printer{}
	device := "1"
	if len(state.Rows) > 0 {
		row := state.Rows[0]
		device = row.Index
		switch n, _ := integerOf(row.Cells[0]); n {
		case 1:
			p.State = "other"
		case 2:
			p.State = "unknown"
		case 3:
			p.State = "idle"
		case 4:
			p.State = "printing"
		case 5:
			p.State = "warmup"
		}
		p.Errors = printerErrors(row.Cells[1].B)
	}
	for _, row := range markers.Rows {
		marker := row.Index[strings.LastIndexByte(row.Index, '.')+1:]
		if p.Technology == "" {
			p.Technology = markerTechnology(row.Cells[0])
		}
		if n, ok := integerOf(row.Cells[3]); ok && n > 0 {
			p.Color = new(n > 1)
		}
		// What is counted are impressions (7), sheets (8) or, of labels and
		// wide paper, a length or hours.
		if n, ok := integerOf(row.Cells[2]); ok && n >= 0 {
			if u, ok := integerOf(row.Cells[1]); !ok || u == 7 || u == 8 {
				if p.Pages == nil {
					p.Pages = new(int64(0))
				}
				*p.Pages += n
			}
			r.add(report.Series{Measurement: "printer", Field: "pages", Labels: []report.Label{{Key: "marker", Value: marker}}}, float64(n))
		}
	}
	switch n, _ := integerOf(r.column(ctx, oidDeviceStatus).cells[device]); n {
	case 1:
		p.Health = "unknown"
	case 2:
		p.Health = "running"
	case 3:
		p.Health = "warning"
	case 4:
		p.Health = "testing"
	case 5:
		p.Health = "down"
	}
	for _, v := range r.d.lookedUp(ctx, r.reader, oidPrinterName) {
		p.Name = textOf(v)
	}
	p.Display = joined(r.column(ctx, oidDisplay), " / ")
	covers, names := r.column(ctx, oidCoverStatus), r.d.lookedUp(ctx, r.reader, oidCoverDescr)
	for _, index := range covers.order {
		// coverOpen is 3, interlockOpen 5.
		if n, _ := integerOf(covers.cells[index]); n == 3 || n == 5 {
			p.Covers = append(p.Covers, firstText(textOf(names[index]), index))
		}
	}
	put(r, "Printer-MIB", []inventory.Printer{p}, nil, fault(markers.Fault, state.Fault))
}

// joined is the texts of a column.
func joined(c *column, by string) string {
	var out []string
	for _, index := range c.order {
		if s := textOf(c.cells[index]); s != "" {
			out = append(out, s)
		}
	}
	s := strings.Join(out[:min(len(out), 8)], by)
	return s
}

// printerErrors are the bits of hrPrinterDetectedErrorState.
func printerErrors(b []byte) []string {
	names := []string{
		"low_paper", "no_paper", "low_toner", "no_toner", "door_open", "jammed", "offline", "service_requested",
		"input_tray_missing", "output_tray_missing", "marker_supply_missing", "output_near_full", "output_full", "input_tray_empty", "overdue_maintenance",
	}
	var out []string
	for _, n := range bitsOf(b) {
		if n < len(names) {
			out = append(out, names[n])
		}
	}
	return out
}

// markerTechnology is prtMarkerMarkTech.
func markerTechnology(v session.Value) string {
	switch n, _ := integerOf(v); {
	case n >= 3 && n <= 6:
		return "laser" // electrophotographic
	case n >= 7 && n <= 10:
		return "dot_matrix" // impact
	case n >= 12 && n <= 15:
		return "inkjet"
	case n >= 17 && n <= 20:
		return "thermal"
	case n > 0:
		return "other"
	}
	return ""
}

func printerSupplyTasks() []*task {
	return []*task{{name: "prtMarkerSupplies", pace: paceNeighbors, sections: []string{"printer_supply"}, run: readSupplies}}
}

// readSupplies reads toner and the like. A level of -1 stands for no limit, -2
// for unknown, -3 for some.
func readSupplies(ctx context.Context, r *round) {
	var columns []string
	for c := 3; c <= 9; c++ {
		columns = append(columns, supplyEntry+strconv.Itoa(c))
	}
	t := r.reader.table(ctx, session.Limits{Rows: 500}, columns...)
	var rows []inventory.PrinterSupply
	var colors map[string]session.Value
	if len(t.Rows) > 0 {
		colors = r.d.lookedUp(ctx, r.reader, oidColorant)
	}
	for _, row := range t.Rows {
		device, number, _ := strings.Cut(row.Index, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		c := row.Cells
		if err != nil || c[5].Kind == session.Missing && c[6].Kind == session.Missing {
			continue
		}
		x := inventory.PrinterSupply{Index: n, Description: textOf(c[3]), Kind: supplyKind(c[2]), CapacityUnit: supplyUnit(c[4])}
		switch k, _ := integerOf(c[1]); k {
		case 3:
			x.Class = "consumed"
		case 4:
			x.Class = "filled"
		case 1:
			x.Class = "other"
		}
		if k, ok := integerOf(c[0]); ok && k > 0 {
			x.Color = strings.ToLower(textOf(colors[device+"."+strconv.FormatInt(k, 10)]))
		}
		if x.Color == "" {
			x.Color = colorIn(x.Description)
		}
		if v, ok := integerOf(c[5]); ok && v > 0 {
			x.Capacity = &v
		}
		if v, ok := integerOf(c[6]); ok {
			x.Level = &v
		}
		// A unit of percent without a capacity is common.
		if x.Capacity == nil && x.CapacityUnit == "" && x.Level != nil && *x.Level >= 0 && *x.Level <= 100 {
			x.CapacityUnit = "percent"
		}
		rows = append(rows, x)
	}
	put(r, "prtMarkerSupplies", rows, nil, t.Fault)
}

// colorIn is the colour that a description names.
func colorIn(s string) string {
	low := strings.ToLower(s)
	for _, c := range []string{"black", "cyan", "magenta", "yellow"} {
		if strings.Contains(low, c) {
			return c
		}
	}
	return ""
}

// supplyKind is PrtMarkerSuppliesTypeTC.
func supplyKind(v session.Value) string {
	names := []string{
		"", "other", "other", "toner", "waste_toner", "ink", "ink_cartridge", "ink_ribbon", "waste_ink", "opc", "developer", "fuser_oil", "wax", "wax", "waste_ink",
		"fuser", "other", "other", "cleaner", "cleaner", "transfer_unit", "toner", "fuser_oil", "water", "waste_toner", "water", "waste_ink", "waste_toner", "other",
		"other", "other", "other", "staples", "other", "paper_roll",
	}
	if n, ok := integerOf(v); ok && n > 0 && n < int64(len(names)) {
		return names[n]
	}
	return ""
}

// supplyUnit is PrtMarkerSuppliesSupplyUnitTC.
func supplyUnit(v session.Value) string {
	switch n, _ := integerOf(v); n {
	case 7:
		return "impressions"
	case 8:
		return "sheets"
	case 11:
		return "hours"
	case 12:
		return "other" // thousandths of ounces
	case 13:
		return "other" // tenths of grams
	case 14:
		return "other" // hundredths of fluid ounces
	case 15:
		return "tenths_of_milliliters"
	case 16:
		return "feet"
	case 17:
		return "meters"
	case 18:
		return "items"
	case 19:
		return "percent"
	case 1, 2, 3, 4:
		return "other"
	}
	return ""
}

func printerTrayTasks() []*task {
	return []*task{{name: "prtInput", pace: paceNeighbors, sections: []string{"printer_tray"}, run: readTrays}}
}

func readTrays(ctx context.Context, r *round) {
	var columns []string
	for _, c := range []int{2, 8, 9, 10, 11, 12, 13, 18} {
		columns = append(columns, trayEntry+strconv.Itoa(c))
	}
	t := r.reader.table(ctx, session.Limits{Rows: 200}, columns...)
	var rows []inventory.PrinterTray
	for _, row := range t.Rows {
		_, number, _ := strings.Cut(row.Index, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			continue
		}
		c := row.Cells
		x := inventory.PrinterTray{Index: n, Name: firstText(textOf(c[6]), textOf(c[7])), Media: textOf(c[5])}
		kinds := []string{"", "other", "other", "automatic", "automatic_fixed", "manual", "continuous", "not_removable"}
		kinds[3], kinds[4] = "automatic", "automatic_fixed"
		if k, ok := integerOf(c[0]); ok && k > 0 && k < int64(len(kinds)) {
			x.Kind = kinds[k]
		}
		switch k, _ := integerOf(c[1]); k {
		case 8:
			x.CapacityUnit = "sheets"
		case 16:
			x.CapacityUnit = "feet"
		case 17:
			x.CapacityUnit = "meters"
		case 18:
			x.CapacityUnit = "items"
		case 19:
			x.CapacityUnit = "percent"
		case 1, 2, 3, 4:
			x.CapacityUnit = "other"
		}
		if v, ok := integerOf(c[2]); ok && v > 0 {
			x.Capacity = &v
		}
		if v, ok := integerOf(c[3]); ok {
			x.Level = &v
		}
		x.Status = trayStatus(c[4], c[3])
		rows = append(rows, x)
	}
	put(r, "prtInput", rows, nil, t.Fault)
}

// trayStatus is PrtSubUnitStatusTC: the lowest three bits say whether it can be
// used, 8 and 16 that there is an alert.
func trayStatus(v, level session.Value) string {
	n, ok := integerOf(v)
	if l, has := integerOf(level); has && l == 0 {
		return "empty"
	}
	switch {
	case !ok:
		return ""
	case n&7 == 1, n&7 == 3, n&7 == 5:
		return "unavailable"
	case n&16 != 0:
		return "unavailable"
	case n&7 <= 6:
		return "ok"
	}
	return "unknown"
}

func printerAlertTasks() []*task {
	return []*task{{name: "prtAlert", pace: "5m", every: everyOf(paceARP), sections: []string{"printer_alert"}, run: readAlerts}}
}

func readAlerts(ctx context.Context, r *round) {
	var columns []string
	for _, c := range []int{2, 3, 4, 7, 8, 9} {
		columns = append(columns, alertEntry+strconv.Itoa(c))
	}
	t := r.reader.table(ctx, session.Limits{Rows: 500}, columns...)
	var rows []inventory.PrinterAlert
	for _, row := range t.Rows {
		_, number, _ := strings.Cut(row.Index, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			continue
		}
		c := row.Cells
		x := inventory.PrinterAlert{Index: n, Description: textOf(c[4]), Severity: "other"}
		switch k, _ := integerOf(c[0]); k {
		case 3:
			x.Severity = "critical"
		case 4:
			x.Severity = "warning"
		case 5:
			x.Severity = "warning_binary_change"
		}
		training := []string{"", "other", "other", "untrained", "trained", "field_service", "management", "none"}
		if k, ok := integerOf(c[1]); ok && k > 0 && k < int64(len(training)) {
			x.Training = training[k]
		}
		x.Part = alertGroup(c[2])
		if k, ok := integerOf(c[3]); ok {
			x.Code = &k
		}
		if ticks, ok := integerOf(c[5]); ok && r.clocks.System != nil && ticks > 0 && ticks <= int64(*r.clocks.System) {
			x.RaisedAt = r.d.set.now().Add(-time.Duration(int64(*r.clocks.System)-ticks) * 10 * time.Millisecond).Truncate(time.Minute).UTC()
		}
		rows = append(rows, x)
	}
	put(r, "prtAlert", rows, nil, t.Fault)
}

// alertGroup is PrtAlertGroupTC.
func alertGroup(v session.Value) string {
	switch n, _ := integerOf(v); n {
	case 3:
		return "memory"
	case 4:
		return "device"
	case 5:
		return "general"
	case 6:
		return "cover"
	case 7:
		return "language"
	case 8:
		return "input"
	case 9:
		return "output"
	case 10:
		return "marker"
	case 11:
		return "marker supplies"
	case 12:
		return "marker colorant"
	case 13:
		return "media path"
	case 14:
		return "channel"
	case 15:
		return "interpreter"
	case 16:
		return "console display buffer"
	case 17:
		return "console lights"
	case 18:
		return "alert"
	case 30:
		return "finisher"
	case 31:
		return "finisher supply"
	case 33:
		return "finisher attribute"
	}
	return ""
}
