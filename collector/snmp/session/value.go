// Package session talks to one SNMP device: it asks, waits, asks again,
// follows tables to their end, and says why it could not. It owns the socket,
// timeouts, the size of questions, engines of version 3, and what was learned of
// a device's manners. It also opens and answers what devices say unasked.
//
// Packets are written and read by gosnmp, which only this package knows. Its
// loop is not used, and what comes passes a look at its outside first (frame.go),
// for it is hostile.
//
// It must not know what an object means, which device this is to the
// inventory, or when it is asked again.
package session

// Kind is the type of a value on the wire.
type Kind uint8

// The kinds of values, after RFC 2578 §7.1 and RFC 3416 §3. OpaqueFloat and
// OpaqueDouble are what net-snmp wraps into Opaque.
const (
	Missing      Kind = iota // noSuchObject, noSuchInstance, endOfMibView; noSuchName of version 1
	Integer                  // N
	OctetString              // B
	ObjectID                 // S, dotted, without a leading dot
	IPAddress                // S
	Counter32                // U
	Gauge32                  // U
	TimeTicks                // U, hundredths of a second
	Counter64                // U
	Opaque                   // B
	OpaqueFloat              // F
	OpaqueDouble             // F
	Null
)

// Value is one value as the device gave it.
type Value struct {
	Kind Kind
	N    int64
	U    uint64
	F    float64
	B    []byte
	S    string
}

// Variable is a value and its name.
type Variable struct {
	OID string // dotted, without a leading dot
	Value
}

// Row is one row of a table: what stands behind the column in the names of its
// cells, and a cell for each column that was asked for, in their order.
type Row struct {
	Index string
	Cells []Value
}

// Table is rows in the order of the device.
type Table struct {
	Rows []Row
	// Complete says that the device was followed to the table's end. If not,
	// Fault says why, and rows may be missing.
	Complete bool
	Fault    error
}
