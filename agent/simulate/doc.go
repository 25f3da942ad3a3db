// Package simulate plays many agents in one process: made-up machines that
// enrol, sample, keep inventory and report through the real send package, for
// benchmarks, for planning how large a collector has to be, and for trying
// out rules. It owns what the machines are like and what happens to them.
//
// It must not know the collector: all it has is an enrolment string.
//
// # A scenario (YAML)
//
//	seed: 7                 # the same seed makes the same fleet
//	rhythm: office          # office: most sleep at night; always: nobody does
//	speed: 60               # simulated seconds in a real one
//	steps:
//	  - at: 10m             # simulated time since the start
//	    agents: 5%          # a share, or a number
//	    do: install         # install, remove, upgrade, reboot, offline, fill_disk, rename, wrong_clock
//	    name: Sample Reader # of the program
//	    for: 2h             # how long offline, or filling
package simulate
