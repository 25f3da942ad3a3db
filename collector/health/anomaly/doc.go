// Package anomaly says how unusual the next value of one number is: against
// its own past as a stream (Detector), against a sample of its own past
// (OwnSpread) and against the same number of its peers (PeerSpread).
//
// It owns the method and its constants; docs/health-anomaly.md tells how they
// were found and what they are worth. What is unusual is information and no
// fault: rules decide what to make of it.
//
// It must not know devices, rules, stores, or which number it looks at.
package anomaly
