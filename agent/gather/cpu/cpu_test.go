package cpu

import (
	"strings"
	"testing"
)

func TestGeneration(t *testing.T) {
	for model, want := range map[string]string{
		"Intel(R) Core(TM) i5-8350U CPU @ 1.70GHz": "intel-core-8",
		"Intel(R) Core(TM) i7-1065G7 CPU":          "intel-core-10",
		"11th Gen Intel(R) Core(TM) i5-1135G7":     "intel-core-11",
		"12th Gen Intel(R) Core(TM) i7-12700K":     "intel-core-12",
		"13th Gen Intel(R) Core(TM) i7-1365U":      "intel-core-13",
		"Intel(R) Core(TM) i7 CPU 920 @ 2.67GHz":   "",
		"Intel(R) Core(TM) i7-920":                 "intel-core-1",
		"Intel(R) Core(TM) Ultra 7 155H":           "intel-core-ultra-1",
		"Intel(R) Core(TM) Ultra 5 226V":           "intel-core-ultra-2",
		"Intel(R) Core(TM) 5 120U":                 "intel-core-series-1",
		"Intel(R) Xeon(R) CPU E5-2640 v4":          "",
		"AMD Ryzen 5 PRO 5650U with Radeon":        "ryzen-5000",
		"AMD Ryzen AI 9 HX 370 w/ Radeon 890M":     "ryzen-ai-300",
		"AMD EPYC 7763 64-Core Processor":          "epyc-7003",
		"Cortex-A72":                               "",
		"":                                         "",
	} {
		if got := generation(model); got != want {
			t.Errorf("%s: %q, want %q", model, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	for model, want := range map[string]int64{
		"Intel CPU @ 2.60GHz": 2_600_000_000, "Old @ 800MHz": 800_000_000, "no clock": 0, "x @ fastGHz": 0, "x @ -1GHz": 0, "x @ NaNGHz": 0,
	} {
		if got := clock(model); got != want {
			t.Errorf("%s: %d, want %d", model, got, want)
		}
	}
}

func TestLevel(t *testing.T) {
	const v2 = "lm cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"
	const v3 = v2 + " avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
	for text, want := range map[string]string{
		"sse sse2": "", "lm sse2": "x86-64-v1", v2: "x86-64-v2", v3: "x86-64-v3",
		v3 + " avx512f avx512bw avx512cd avx512dq avx512vl": "x86-64-v4",
	} {
		if got := parseFlags(text).level(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func nowhere(int64) (int64, int64) { return -1, -1 }

func TestParseInfo(t *testing.T) {
	// Without empty lines, without ids, and with the machine's lines at the end.
	packs, err := parseInfo(strings.NewReader("processor : 0\nmodel name : A  B\nprocessor : 1\nmodel name : A  B\nHardware : x\n"), nowhere)
	if err != nil || len(packs) != 1 || packs[0].Threads != 2 || packs[0].Model != "A B" || packs[0].Cores() != 0 {
		t.Errorf("%+v, %v", packs, err)
	}
	// s390 and others have blocks without a number: no processor is no row.
	if _, err := parseInfo(strings.NewReader("vendor_id : IBM/S390\n"), nowhere); err == nil {
		t.Error("nothing is a processor")
	}
	packs, err = parseInfo(strings.NewReader("processor: 0\nflags: "+strings.Repeat("x ", 10_000)+"\nphysical id: 3\n"), nowhere)
	if err != nil || packs[0].ID != 3 {
		t.Errorf("a long line: %+v, %v", packs, err)
	}
}

func TestNumbers(t *testing.T) {
	var got []int64
	eachNumber("0-2,5,x,9-8,7\n", func(n int64) { got = append(got, n) })
	if len(got) != 5 || got[3] != 5 || got[4] != 7 {
		t.Errorf("%v", got)
	}
	count := 0
	eachNumber("0-2000000000", func(int64) { count++ })
	if count != 8192 {
		t.Errorf("%d numbers of an endless range", count)
	}
	for s, want := range map[string]int64{"32K": 32 << 10, "2M": 2 << 20, "": 0, "-1K": 0, "17": 17} {
		if got := cacheSize(s); got != want {
			t.Errorf("%s: %d", s, got)
		}
	}
}

func FuzzInfo(f *testing.F) {
	f.Add("processor\t: 0\nphysical id : 1\ncore id : 2\nflags : lm vmx\nmicrocode : 0xf6\n\nprocessor : 1\n")
	f.Add("processor : 0\nCPU implementer : 0x41\nCPU part : 0xd08\n")
	f.Fuzz(func(t *testing.T, text string) {
		packs, err := parseInfo(strings.NewReader(text), nowhere)
		if err != nil {
			return
		}
		for _, p := range packs {
			if r := p.row(); r.ThreadCount < 1 || r.CoreCount < 0 && p.CoresTold >= 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
