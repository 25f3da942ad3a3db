// Package authority is the collector's own certificate authority and the
// rules of identity: who may become a device, whose certificate is renewed,
// who is refused. It owns tokens, CAs and their rotation, generations of keys,
// forks, approvals, and the listener's TLS. A device is its key; hardware is
// evidence, and never lets anybody in.
//
// It must not know HTTP, how a database keeps its rows, or what a device
// reports.
//
// # Rules
//
// A token creates a device; it never replaces one. The use of a token, the
// device and its key are written in one transaction. Whoever asks again with
// the same token and the same key, because the reply was lost, gets the same
// certificate again, and no use is taken.
//
// Each renewal is over a new key, one generation up. The old key stays good
// until the new one is used for the first time: a lost reply locks nobody out.
// From then on the old one is refused. Several unused keys of one generation
// may exist; the first that is used wins.
//
// A renewal is taken up to LateMax after expiry, from LateFree on only after
// somebody approved it. No other route takes an expired certificate.
//
// A machine that comes with the key of another (a cloned disk) becomes a
// device of its own, linked to the first; the key is marked forked, and is no
// longer renewed late.
//
// # Rotation of the CA
//
//	published  agents learn to trust it; the old one signs
//	active     it signs; exactly one CA is active
//	retired    still trusted, and shown to agents that know no newer one
//	removed    key and trust are gone
//
// Agents say in ALPN which CAs they pin and are shown a certificate from one
// of these, so that an agent which slept through a rotation comes back and
// gets the new set with its renewal. A CA is removed when no device and no
// open invitation depends on it, or Periods.Retire after it was retired.
//
// # What the control database keeps
//
// Times are Unix milliseconds, 0 for never; hashes are BLOBs of 32 bytes.
//
//	enroll_token      hash PRIMARY KEY, id UNIQUE, site, labels (JSON), networks (JSON), approve, note,
//	                  uses, uses_left, ca, created_by, created_at, expires_at, revoked_at
//	identity          device PRIMARY KEY, hostname, os, arch, agent_version, site, labels (JSON), evidence (JSON),
//	                  token, parent, enrolled_at, remote, revoked_at, revoked_by, revoked_reason
//	identity_item     kind, value, device; INDEX (kind, value); those of identity.evidence
//	identity_key      hash PRIMARY KEY, device, generation, serial, ca, certificate, machine (BLOB 8),
//	                  issued_at, expires_at, seen_at, superseded_at, forked_at, forks; INDEX (device)
//	identity_approval id PRIMARY KEY, kind, state, device, other, key, token, name, remote, reason, score,
//	                  terms (JSON), asked_at, decided_at, decided_by
//	authority         hash PRIMARY KEY, certificate, sealed_key, state, created_at, since;
//	                  UNIQUE INDEX (state) WHERE state IN ('active', 'published')
//	identity_change   seq INTEGER PRIMARY KEY AUTOINCREMENT, key (NULL: the set of CAs), at;
//	                  rows older than a day may go
//
// Store says what each method has to do with them in one transaction.
package authority
