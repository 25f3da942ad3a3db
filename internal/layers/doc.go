// Package layers is the plan of the house, held by a test: which folders
// there are, what each may import and why, which outside library lives where,
// and the habits that a machine can see (one package comment a folder, no
// init, no shell, no path of one machine).
//
// The tables in folders.go and guards.go are the plan. Check holds parsed
// files against it. Every .go file is parsed whatever system it is for, because
// `go list` sees only the files of one, and answers from its cache.
//
// To add a folder or an import, add a line with its reason; a reason that is
// hard to write is the answer that the code belongs somewhere else. Package
// layers knows nothing of what the folders do.
package layers
