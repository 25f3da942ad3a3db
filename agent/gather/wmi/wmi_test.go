package wmi

import (
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Classes that reconfigure what they list, walk a directory or read whole logs
// are never asked.
func TestQuestions(t *testing.T) {
	for _, q := range Questions() {
		for _, bad := range []string{"Win32_Product", "Win32_UserAccount", "Win32_Group", "Win32_NTLogEvent", "CIM_DataFile", "Win32_SystemUsers", "Win32_PerfFormattedData"} {
			if strings.HasPrefix(strings.ToLower(q.Class), strings.ToLower(bad)) {
				t.Errorf("%s is asked", q.Class)
			}
		}
		// Methods change things, but for the one that only lists.
		if q.kinds.method != "" && q.kinds.method != "GetKeyProtectors" {
			t.Errorf("%s is called", q.kinds.method)
		}
		if q.Namespace == "" || len(q.Properties) == 0 || strings.ContainsAny(q.Class, " '\"*;") {
			t.Errorf("%+v", q)
		}
	}
	if _, err := Rows(Question{Namespace: `root\cimv2`, Class: "Win32_Process", Properties: []string{"Name"}}); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a class outside the list: %v", err)
	}
	if _, err := Rows(Guests()); runtime.GOOS != "windows" && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// A class with a row for each hour is asked for the last ones alone.
func TestQuestionOfATime(t *testing.T) {
	q := Stability(time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600)))
	if got, want := q.text(), "SELECT * FROM Win32_ReliabilityStabilityMetrics WHERE TimeGenerated > '20260304040607.000000+000'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := Guests().text(); got != "SELECT * FROM Msvm_ComputerSystem" {
		t.Error(got)
	}
}

func TestRow(t *testing.T) {
	if v, ok := (Row{"f": float32(2.5)}).Real("f"); v != 2.5 || !ok {
		t.Error(v)
	}
	if v, ok := (Row{"f": "7"}).Real("f"); v != 7 || !ok {
		t.Error(v)
	}
	r := Row{"a": " x ", "n": int32(7), "big": "18000", "yes": true, "list": []any{int32(1), "2", "no"}, "at": "20240603081500.000000+120", "bad": "20240603081500.000000*120"}
	if n, ok := r.Number("n"); n != 7 || !ok {
		t.Error(n)
	}
	if n, ok := r.Number("big"); n != 18000 || !ok {
		t.Error(n)
	}
	if _, ok := r.Number("yes"); ok {
		t.Error("a switch is a number")
	}
	if r.Text("a") != "x" || r.Text("n") != "" || !*r.Flag("yes") || r.Flag("a") != nil || !reflect.DeepEqual(r.Numbers("list"), []int64{1, 2}) {
		t.Error(r)
	}
	if at := r.Time("at"); !at.Equal(time.Date(2024, 6, 3, 6, 15, 0, 0, time.UTC)) || !r.Time("bad").IsZero() || !r.Time("a").IsZero() {
		t.Error(at)
	}
}

func FuzzTime(f *testing.F) {
	f.Add("20240603081500.123456+120")
	f.Fuzz(func(t *testing.T, s string) {
		if at := (Row{"x": s}).Time("x"); !at.IsZero() && at.Year() < 1989 {
			t.Error(at)
		}
	})
}
