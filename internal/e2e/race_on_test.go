//go:build race

package e2e

// raced says that this test program runs under the race detector.
const raced = true
