package wmi

import (
	"errors"
	"testing"
)

// Every Windows has these; they are asked for here only, to see that rows come
// back with texts, numbers and switches.
func TestAsk(t *testing.T) {
	rows, err := ask(`root\cimv2`, "SELECT * FROM Win32_OperatingSystem", []string{"Caption", "BuildNumber", "TotalVisibleMemorySize", "Primary", "NoSuchProperty"}, kinds{})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v %v", rows, err)
	}
	r := rows[0]
	if n, ok := r.Number("BuildNumber"); !ok || n < 2600 || r.Text("Caption") == "" || r["NoSuchProperty"] != nil {
		t.Errorf("%v", r)
	}
	if n, ok := r.Number("TotalVisibleMemorySize"); !ok || n < 1000 {
		t.Errorf("%v", r)
	}
	if f := r.Flag("Primary"); f == nil || !*f {
		t.Errorf("%v", r)
	}
	if _, err := ask(`root\cimv2`, "SELECT * FROM Win32_NoSuchClass", nil, kinds{}); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := ask(`root\no\such\space`, "SELECT * FROM X", nil, kinds{}); err == nil {
		t.Error("a namespace that is not there answers")
	}
}

// A method that is not there leaves the row as it is.
func TestAskWithoutTheMethod(t *testing.T) {
	rows, err := ask(`root\cimv2`, "SELECT * FROM Win32_OperatingSystem", []string{"Caption"}, kinds{method: "NoSuchMethod", in: "a", out: "b", as: "Kinds", most: 3})
	if err != nil || len(rows) != 1 || rows[0].Text("Caption") == "" || rows[0]["Kinds"] != nil {
		t.Errorf("%v %v", rows, err)
	}
}
