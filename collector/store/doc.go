// Package store is what the collector asks of its stores: Inventory (devices,
// sections with their history, events, places, people's fields), Health (what
// is judged), Gear (with what, whom and where gear is asked) and Series (numbers
// over time). It owns the contracts, their types, and the one rule that must be
// the same in every store: which rows a new reading opens, closes or only
// refreshes (Diff). Each contract has a suite in storetest.
//
// It must not know any database, the wire, or who is asking: callers hand in
// a Scope that has already been decided.
package store
