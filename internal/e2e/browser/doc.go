//go:build linux

// Package browser opens the pages of a real collector in a real Chromium, as
// their users would: each page's main job at three widths, the rules of WCAG
// 2.1 A and AA in both themes by axe-core, and names that try to be more than
// names.
//
// It must not know how pages are made: it sees addresses, words and keys.
package browser
