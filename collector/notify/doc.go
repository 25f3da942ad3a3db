// Package notify tells people. It takes announcements (an incident opened, got
// worse, was escalated, was resolved), decides by routes which channels they
// go to and when, puts them together into letters, and sees each letter
// through until the far side took it. It owns routes, hours, grouping, limits,
// the morning digest, retries, and the plain words of a message.
//
// It must not know how an incident is judged, how a database keeps its rows,
// or how a channel talks to its server: each channel is a folder below.
//
// # The way of an announcement
//
//	announcement ─► item (one per channel) ─► letter (one message) ─► sent
//	             routes                    grouping                └► failed: listed
//
// Each arrow is one transaction of the Store. Announcements are written in the
// transaction that changes their incident, so neither is there without the
// other. Routes turn one into items, at most one per channel, and never again:
// the announcement's ID sees to that. A letter is fixed, with its ID and its
// whole text, before it is sent for the first time.
//
// # What a crash does
//
// After a kill at any moment nothing is lost. A letter may arrive twice only
// when the process ended between the server's acceptance and our mark of it;
// the second carries the same ID (Message-ID, Idempotency-Key, the id of a
// syslog line) and the same text.
//
// # Limits, so that people keep reading
//
//   - Announcements that come within a route's Wait become one letter.
//   - Several of one incident that wait together are folded into one notice
//     that says what happened. What was over before anybody was told is not
//     told, unless the route wants to hear of ends.
//   - One incident is in at most FlapLimit letters of a channel in FlapWindow
//     (twice that for escalations by a person); more waits, and is folded.
//   - A route has a rate, a channel a storm brake: above it one summary of all
//     that waits, then silence for a while, then one letter again.
//
// Nothing of this is forgotten by a crash: limits are counted over the letters
// in the Store.
//
// # Order
//
// Letters of a channel are tried in the order they were formed. One that has
// to wait holds back those that tell of the same incidents, and no others;
// when two in a row fail, the channel is taken to be down and nothing is tried
// or formed until the wait is over.
package notify
