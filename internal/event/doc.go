// Package event is the catalogue of what can happen to a device: each kind
// with what is told of it, whether it must be sent at once, and where on
// Windows, macOS, Linux, in network gear and in the collector it is seen.
// Gatherers, the poller, rules, the simulator and pages speak only these
// names.
//
// What an event tells is short and chosen: codes, names of parts and
// programs, numbers. Texts of messages, arguments of programs and contents of
// files are never taken. Attributes that name a person are marked Personal.
//
// It must not know how logs are read (agent/gather), how an event travels
// (internal/report) or where it is kept (collector/store).
//
// The identifiers of Windows' logs are Microsoft's; journal identifiers are
// those of systemd's sd-messages.h; patterns were written from the kernel's
// messages and from reference/health.md, section 2. Those of macOS have not
// been tried on a Mac.
package event
