// Package simulate plays many agents in one process: made-up machines, and the
// switches, UPSs and printers of their sites, that report inventory, numbers
// and events as real ones do, with the small troubles of every day and the
// great ones of a scenario. For benchmarks, for planning how large a collector
// has to be, for trying out rules, and for tests of them. It owns what the
// devices are like and what happens to them.
//
// It must not know the collector, nor any rule: all it has is an enrolment
// string, and what it says is said in the words of the catalogues.
//
// # Two ways to play
//
//	Fleet   in real time, each device a goroutine, through the real send package
//	Play    in virtual time, one step after another; whoever steps carries the bodies
//
// Both are the same players: a player lets its device live until now, makes a
// report of what it says, and keeps it until it is acknowledged. A device that
// cannot reach the collector (a laptop at home, a line that is down) goes on
// making reports and delivers them late.
//
// # What a device is
//
//	cast ─► place (site) ─► machine   a PC: model, drives, habits of its person
//	                     ─► gear      a switch that machines hang on, a UPS, a printer
//	scenario step ─► deed (what it does, to whom) ─► fate (of one device, from when to when)
//
// All follows from the seed. The files: day.go when it is on, live.go what
// becomes of it, everyday.go what is no fault, numbers.go and sections.go what
// it says.
//
// # A scenario (YAML); docs/simulate.md has all of it
//
//	seed: 7                 # the same seed makes the same fleet
//	rhythm: office          # office: most sleep at night; always: nobody does
//	speed: 60               # simulated seconds in a real one
//	sites:
//	  - {name: hartford, switches: 2, ups: 1, printers: 1}
//	steps:
//	  - at: 10m             # simulated time since the start
//	    agents: 5%          # a share, or a number; or machine: the number of one
//	    do: install
//	    name: Sample Reader # what that is depends on the deed
//	    for: 2h
package simulate
