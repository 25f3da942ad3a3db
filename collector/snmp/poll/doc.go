// Package poll asks targets over and over: when each is asked what, how much a
// dead one may cost, whether it was restarted, and the reports that become of
// its answers. It owns the schedule, the lanes, the state of each target with
// its reason, and the sequence numbers of the reports.
//
// It must not know what an object means (profile), how packets are made
// (session), who a device is (the root asks the inventory) or what becomes of
// a report (intake). It reads and never sets anything.
//
// # Lanes
//
//	untried ──answers──► live ──a round without an answer──► suspect ──two more──► dead
//	   │                  ▲                                     │                   │
//	   │                  └────────────any answer───────────────┴───────────────────┤
//	   └──────────────────────────────a round without an answer─────────────────────┘
//
// A live target is read in full rhythm, each at its own place in the interval.
// A suspect one gets single questions in quick succession, so that a lost
// packet is not taken for a lost device. A dead one costs one packet a minute:
// an echo where it used to answer echoes, else one question. An answer to
// either, or a trap from its address, wakes it.
package poll
