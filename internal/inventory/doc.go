// Package inventory is the catalogue of everything Muster knows about a
// device that is not a number over time: each section a Go struct, each
// column a tagged field. From these structs alone follow the wire form, the
// SQL tables with their history, JSON and CSV, the data dictionary and the
// privacy sheet, so that a fact is described once and nowhere else.
//
// It owns names, units, keys and how each column is kept. It must not know
// how a fact is read (agent/gather, collector/snmp), how it travels
// (internal/report) or where it is stored (collector/store).
//
// # A section
//
//	type Disk struct {
//		Name      string `inv:"name,key" doc:"Kernel name of the drive."`
//		SizeBytes int64  `inv:"size_bytes" unit:"byte" doc:"Capacity."`
//	}
//	func (Disk) Section() Meta { return Meta{Name: "disk", …} }
//
// Options of the inv tag, after the column's name:
//
//	key       part of what tells one row from another
//	latest    overwritten in place: not hashed, no history (free bytes, counters)
//	dict      a string that repeats over the fleet and is interned by stores
//	version   a version text that sorts by VersionKey
//	personal  tells of a person: readers need a right to see it
//
// A zero value of a plain field means "not known" and travels as absent; a
// fact whose zero or false is an answer is a pointer. Key columns are the
// exception: an absent key column is the empty text or zero.
package inventory
