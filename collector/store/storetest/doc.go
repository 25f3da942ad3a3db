// Package storetest holds what every store must pass: RunInventory for a
// store.Inventory and RunSeries for a store.Series. A new store joins with one
// call from its own tests.
//
// It must not know any store: it asks only through the two contracts.
package storetest
