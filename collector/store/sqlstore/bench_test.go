package sqlstore

import (
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	raw, err := empty()
	if err != nil {
		b.Fatal(err)
	}
	b.Log(len(raw))
	for b.Loop() {
		open(b)
	}
}
