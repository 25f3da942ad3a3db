package remote

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"ad.anynet.alias=pc7\nad.anynet.id = 123456789\n": "123456789",
		"ad.anynet.id=secret words\n":                     "",
		"ad.anynet.id=0\n":                                "",
		"ad.anynet.id=123456789012345678901\n":            "",
		"":                                                "",
	} {
		if got := find(strings.NewReader(text), "ad.anynet.id"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("[int32] ClientID = 12\n", "[int32] ClientID")
	f.Fuzz(func(t *testing.T, text, key string) {
		if got := find(strings.NewReader(text), key); len(got) > maxNumber || strings.Trim(got, "0123456789") != "" {
			t.Errorf("%q is no number", got)
		}
	})
}
