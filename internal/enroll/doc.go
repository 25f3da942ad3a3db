// Package enroll is what agent and collector agree on about identity: the
// enrolment string, the requests for a certificate and their answers, the
// words of refusals, the evidence a machine gives of itself, and how an agent
// knows its collector. It owns formats, limits and the rules both sides must
// compute alike.
//
// It must not know how evidence is read (agent/gather), how bytes travel
// (agent/send, collector/receive) or who is let in (collector/authority).
//
// # The enrolment string
//
//	muster1:BASE64URL        one line, no padding, nothing that a shell or a mail changes
//
//	0   2   bytes that follow, so that a cut string is told from a changed one
//	2  16   token
//	18 32   SHA-256 of the CA's SubjectPublicKeyInfo
//	50  1   number of addresses, 1 to 8
//	51  …   each: length (1 byte), host:port
//	 …  4   CRC-32C (Castagnoli) of all before it
//
// Integers are big endian. It is as secret as a password: whoever has it can
// enrol a device. It is passed by file or environment, never as an argument.
//
// # The wire
//
//	POST /v1/enroll   no client certificate     body Request        ≤ 4 KiB
//	POST /v1/renew    the present certificate   body RenewRequest   ≤ 8 KiB
//	                  200: Reply;  from 400 up: Refusal
//
// All CBOR (RFC 8949) maps with small integer keys; unknown keys are ignored.
// The Refusal has the same form as that of /v1/reports.
//
//	1  2026-11  first form
//
// # How an agent knows its collector
//
// By the chain to a pinned CA key, the extended key usage serverAuth, and the
// name ServerName, which every collector's certificate carries. The name or
// address that was dialled is not compared: offices reach one collector by
// several addresses and through NAT, and only the collector's own CA issues
// certificates with this name and usage. During a rotation of the CA an agent
// says in ALPN which CAs it pins, and the collector shows the certificate that
// the agent can check: so an agent that slept through a rotation comes back.
package enroll
