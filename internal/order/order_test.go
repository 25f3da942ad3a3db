package order

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

type item struct {
	key, place int
}

// Both sort as package slices does.
func TestSorts(t *testing.T) {
	for n := range 200 {
		list := make([]item, n)
		for i := range list {
			list[i] = item{key: rand.IntN(20), place: i}
		}
		byKey := func(a, b item) int { return cmp.Compare(a.key, b.key) }
		whole := func(a, b item) int { return cmp.Or(byKey(a, b), cmp.Compare(a.place, b.place)) }
		want := slices.Clone(list)
		slices.SortFunc(want, whole)
		one, two := slices.Clone(list), slices.Clone(list)
		By(one, whole)
		Stable(two, byKey)
		if !slices.Equal(one, want) || !slices.Equal(two, want) {
			t.Fatalf("%d items: %v\n%v\nwant %v", n, one, two, want)
		}
	}
	By[item](nil, nil)
	Stable([]item{{}}, nil)
}
