// Package atlas keeps the map of the network: which port everything hangs on,
// as topology works it out of what the inventory holds now.
//
// It owns which columns of which sections that takes, and how old an answer may
// be. It must not know how the facts came there (poll, intake), nor who may see
// what of them (api).
package atlas
