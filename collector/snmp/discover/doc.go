// Package discover finds gear: which addresses of a network answer, with which
// credential, who they say they are, and which of them are one device. It owns
// the order in which addresses and credentials are tried, the rate, the state
// "answers echoes, but not SNMP", and the points by which two answers are the
// same box.
//
// It must not know where targets are kept, what a network may be asked for (the
// root hands it only credentials that are allowed there) or how gear is polled.
// It asks nobody but the addresses it was given.
package discover
