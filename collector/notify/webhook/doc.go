// Package webhook is the channel that posts to a web address: Slack, Teams,
// any program that takes signed JSON, or a form of the office's own. It owns
// these forms and what answers mean. It must not know routes, retries or where
// settings are kept.
//
// The address itself is a secret: for Slack and Teams whoever has it may post.
// No error shows more of it than the host.
//
// # The form json
//
//	POST …
//	Content-Type: application/json
//	Idempotency-Key: "n-5f0c…"
//	Muster-Signature: t=1772633100,v1=HEX
//
//	{"version": 1, "id": "n-5f0c…", "kind": "notices", "at": "2026-03-04T14:05:00Z",
//	 "subject": "…", "text": "…", "severity": "critical", "url": "…",
//	 "incidents": [ notify.Notice … ], "more": [ notify.Tally … ], "numbers": [ … ],
//	 "until": "…", "digest": { … }}
//
// The same id is the same message: a receiver that has it answers 2xx and does
// nothing. v1 is HMAC-SHA-256 under the channel's key over t, a full stop and
// the body; Verify does it. t is the time of this attempt in Unix seconds, so
// that an old request cannot be played again. Fields may be added; version
// changes when one changes its meaning.
//
// # The form template
//
// A text/template (Go) over Payload that has to give JSON. What an action
// prints is escaped to stand inside the quotes of a JSON string; numbers and
// the like stand as they are; {{json .Incidents}} gives a whole value.
package webhook
