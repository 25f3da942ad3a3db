package memload

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"muster/agent/gather"
	"muster/agent/gather/apple"
	"muster/agent/host"
)

// fromVMStat puts what a Mac's memory is used for. Used is what its Activity
// Monitor calls so: memory of programs that cannot be thrown away, wired memory,
// and what the compressor holds.
func fromVMStat(ctx context.Context, h *host.Host, to gather.Sink) error {
	out, err := h.Run(ctx, "sysctl-load")
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	values := apple.Lines(out)
	total := apple.Number(values, "hw.memsize")
	swap, swapUsed := parseSwap(values["vm.swapusage"])
	to.Put("swap", "total", swap)
	if swap > 0 {
		to.Put("swap", "used_percent", swapUsed/swap*100)
	}
	out, err = h.Run(ctx, "vm_stat")
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	m := parseVMStat(string(out))
	if m.used > 0 && total > 0 {
		used := min(m.used, float64(total))
		to.Put("mem", "total", float64(total))
		to.Put("mem", "used", used)
		to.Put("mem", "available", float64(total)-used)
		to.Put("mem", "used_percent", used/float64(total)*100)
		to.Put("mem", "available_percent", 100-used/float64(total)*100)
	}
	to.Put("swap", "in", m.swapIn)
	to.Put("swap", "out", m.swapOut)
	return nil
}

// macPages is what vm_stat(1) counts, in bytes.
type macPages struct{ used, swapIn, swapOut float64 }

// parseVMStat reads "Pages free:   10000." a line below a head that tells the
// size of a page.
func parseVMStat(text string) (m macPages) {
	_, rest, _ := strings.Cut(text, "page size of ")
	word, _, _ := strings.Cut(rest, " ")
	size, err := strconv.ParseUint(word, 10, 24)
	if err != nil {
		return m
	}
	at := map[string]float64{}
	for name, v := range apple.Lines([]byte(text)) {
		if n, err := strconv.ParseUint(strings.TrimSuffix(v, "."), 10, 52); err == nil {
			at[name] = float64(n * size)
		}
	}
	m.used = max(at["Anonymous pages"]-at["Pages purgeable"], 0) + at["Pages wired down"] + at["Pages occupied by compressor"]
	m.swapIn, m.swapOut = at["Swapins"], at["Swapouts"]
	return m
}

// parseSwap reads "total = 2048.00M  used = 512.00M  free = 1536.00M", in bytes.
func parseSwap(s string) (total, used float64) {
	w := strings.Fields(s)
	for i := 0; i+2 < len(w); i++ {
		n, err := strconv.ParseFloat(strings.TrimSuffix(w[i+2], "M"), 64)
		if w[i+1] != "=" || err != nil || !(n >= 0 && n < 1e9) {
			continue
		}
		switch w[i] {
		case "total":
			total = n * (1 << 20)
		case "used":
			used = n * (1 << 20)
		}
	}
	return total, min(used, total)
}
