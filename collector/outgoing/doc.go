// Package outgoing is the only way by which the collector itself calls
// somebody: a mail server, a chat's webhook, a sign-in service. It owns the
// rules about addresses: which are never called, which only with an admin's
// leave. A rule is held against the address that the socket is about to
// connect to, after the name was resolved and after each redirect, so that a
// name which changes its meaning between check and use gains nothing
// (DNS rebinding).
//
// Never called: link-local addresses (where clouds answer with credentials),
// addresses of metadata services elsewhere, multicast, unspecified and
// reserved ones. Private networks, this machine among them, are called only
// inside a network that an admin listed in the setting outgoing.allow. IPv6
// addresses that carry an IPv4 address inside are judged by both.
//
// A translator with a prefix of its own (RFC 6052 §2.2) cannot be told from
// any other network; the prefixes that have a fixed meaning are known here.
// There is no proxy: it would resolve names where no rule sees the result.
//
// It must not know what is sent, to whom, or why.
package outgoing
