// Package usage reads section software_usage of Windows: when programs were
// last started.
//
// It owns what the names of Windows' prefetch files say. It must not open
// them: which files a program touches stands in them, and is nobody's business.
package usage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
)

const (
	folder      = `C:\Windows\Prefetch`
	maxPrograms = 1024 // Windows keeps as many files
)

// Read reads the section.
func Read(ctx context.Context, h *host.Host) (gather.Reading, error) {
	rows, err := prefetch(ctx, h, folder)
	if err != nil {
		return gather.Reading{}, err
	}
	return gather.Rows(rows, "prefetch")
}

// prefetch lists the files: each is written anew when its program starts.
func prefetch(ctx context.Context, h *host.Host, folder string) ([]inventory.SoftwareUsage, error) {
	list, err := h.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this Windows notes down no starts of programs, as servers do not: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	rows := []inventory.SoftwareUsage{}
	at := map[string]int{}
	for _, e := range list {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		name := program(e.Name())
		if name == "" {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it went just now
		}
		used := info.ModTime().UTC().Truncate(time.Second)
		// One program in two folders, or started in two ways, has two files.
		if i, had := at[name]; had {
			if used.After(rows[i].UsedAt) {
				rows[i].UsedAt = used
			}
			continue
		}
		if len(rows) == maxPrograms {
			break
		}
		at[name] = len(rows)
		rows = append(rows, inventory.SoftwareUsage{Program: name, UsedAt: used})
	}
	return rows, nil
}

// program is the program in the name of a file such as WINWORD.EXE-0F0D3A1B.pf,
// in lower case; empty when it is none.
func program(file string) string {
	const hash = 8 // of its path
	s, ok := strings.CutSuffix(strings.ToLower(file), ".pf")
	if !ok || len(s) <= hash+1 || s[len(s)-hash-1] != '-' || strings.Trim(s[len(s)-hash:], "0123456789abcdef") != "" {
		return ""
	}
	s = s[:len(s)-hash-1]
	if len(s) > 64 || !strings.HasSuffix(s, ".exe") && !strings.HasSuffix(s, ".scr") && !strings.HasSuffix(s, ".com") {
		return ""
	}
	for _, c := range s {
		if c < ' ' || c == 0xfffd {
			return ""
		}
	}
	return s
}
