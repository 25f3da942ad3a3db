// Package trap hears what devices say unasked: traps and informs of versions
// 1, 2c and 3. It owns the socket, who may speak and how often, the decoding,
// and what is old, seen before or forged.
//
// It must not know targets, the inventory or how a device is polled. What it
// hears is a hint and never a fact: versions 1 and 2c come from whoever says
// so, and a poll follows.
//
// What comes in passes, in this order: the list of sources, the bucket of its
// source, the bucket of all, the seen-message cache, the decoder, and for version
// 3 digest, engine and time window (RFC 3414 §3.2). Only then is anything done
// for it, and only an inform is ever answered, besides the reports by which its
// sender learns our engine.
package trap
