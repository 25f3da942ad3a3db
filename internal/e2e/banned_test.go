//go:build linux

package e2e

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// harmful are classes of WMI whose reading changes or burdens a PC: the first
// has Windows check and repair every installed package (Microsoft's article
// "Win32_Product Class Is Not Query Optimized"), the second and third walk the
// whole directory of a domain, the others read every record of all logs, and
// every file.
func harmful() []string {
	return []string{"Win32_Product", "Win32_UserAccount", "Win32_Group", "Win32_NTLogEvent", "CIM_DataFile"}
}

// mostProgram is how large the agent for Windows may be, in bytes: icon and
// properties, which packaging adds, are 15 KB of the 12 MB.
const mostProgram = 12_000_000 - 20_000

// holds says whether bytes have a text, as Go or as Windows writes it, in small
// or capital letters.
func holds(b []byte, text string) bool {
	b = bytes.ToLower(b)
	text = strings.ToLower(text)
	var wide []byte
	for _, c := range utf16.Encode([]rune(text)) {
		wide = binary.LittleEndian.AppendUint16(wide, c)
	}
	return bytes.Contains(b, []byte(text)) || bytes.Contains(b, wide)
}

// The agent asks none of them: no source names one, nor does the program that
// is shipped, whatever it is linked with.
func TestTheAgentAsksNothingHarmful(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root, looked := filepath.Join(here, "..", ".."), 0
	for _, folder := range []string{"agent", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !slices.Contains([]string{".go", ".yaml", ".txt"}, filepath.Ext(path)) || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			looked++
			for _, name := range harmful() {
				if holds(b, name) {
					t.Errorf("%s names %s", path, name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 200 {
		t.Errorf("only %d sources were looked at", looked)
	}
	exe, err := windowsAgent()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if !holds(b, `CurrentVersion\Uninstall`) {
		t.Error("the program does not name where software is registered: nothing would be found in it")
	}
	for _, name := range harmful() {
		if holds(b, name) {
			t.Errorf("the program names %s", name)
		}
	}
	if len(b) > mostProgram {
		t.Errorf("the program has %d bytes, at most %d are allowed", len(b), mostProgram)
	}
}
