// Package storetest holds what every store must pass: RunInventory for a
// store.Inventory, RunHealth for a store.Health, RunGear for a store.Gear and
// RunSeries for a store.Series. A new store joins with one call from its own
// tests.
//
// It must not know any store: it asks only through the contracts.
package storetest
