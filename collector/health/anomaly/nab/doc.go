// Package nab reads series in the layout of the Numenta Anomaly Benchmark,
// runs a detector over them as a stream, and scores its alerts by the
// benchmark's formula.
//
// It must not know how a detector works, nor tell it anything but the past:
// a detector never sees labels, names, or a point before its time.
//
// Source of layout and formula: A. Lavin, S. Ahmad, "Evaluating Real-Time
// Anomaly Detection Algorithms", ICMLA 2015, and the scoring rules of its
// repository (numenta/NAB).
package nab
