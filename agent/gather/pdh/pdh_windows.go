package pdh

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

func reader(paths []string) func() ([][]Value, error) {
	s := &state{paths: paths}
	return s.read
}

// state is the handles of a query.
type state struct {
	paths    []string
	opened   bool
	refused  error
	query    uintptr
	counters []uintptr // 0 where there is no such counter
}

// Results of pdh.dll (pdhmsg.h).
const (
	moreData = 0x800007d2 // PDH_MORE_DATA
	newData  = 1          // PDH_CSTATUS_NEW_DATA; 0 is PDH_CSTATUS_VALID_DATA
)

func call(name string, args ...uintptr) uint32 {
	p := windows.NewLazySystemDLL("pdh.dll").NewProc(name)
	if p.Find() != nil {
		return 1
	}
	rc, _, _ := p.Call(args...)
	return uint32(rc)
}

func (q *state) open() error {
	q.opened = true
	if rc := call("PdhOpenQueryW", 0, 0, uintptr(unsafe.Pointer(&q.query))); rc != 0 {
		return fmt.Errorf("performance counters: PdhOpenQuery gives %08x: %w", rc, errors.ErrUnsupported)
	}
	some := false
	for _, path := range q.paths {
		var c uintptr
		p, err := windows.UTF16PtrFromString(path)
		if err != nil {
			return err
		}
		if rc := call("PdhAddEnglishCounterW", q.query, uintptr(unsafe.Pointer(p)), 0, uintptr(unsafe.Pointer(&c))); rc != 0 {
			c = 0
		}
		some = some || c != 0
		q.counters = append(q.counters, c)
	}
	if !some {
		call("PdhCloseQuery", q.query)
		return fmt.Errorf("this Windows has none of the performance counters: %w", errors.ErrUnsupported)
	}
	return nil
}

func (q *state) read() ([][]Value, error) {
	if !q.opened {
		q.refused = q.open()
	}
	if q.refused != nil {
		return nil, q.refused
	}
	const noData = 0x800007d5 // PDH_NO_DATA
	if rc := call("PdhCollectQueryData", q.query); rc != 0 && rc != noData {
		return nil, fmt.Errorf("performance counters: PdhCollectQueryData gives %08x", rc)
	}
	out := make([][]Value, len(q.paths))
	for i, c := range q.counters {
		if c != 0 {
			out[i] = values(c)
		}
	}
	return out, nil
}

// item is PDH_FMT_COUNTERVALUE_ITEM_W with a double.
type item struct {
	name   *uint16
	status uint32
	_      uint32
	value  float64
}

// maxItems bounds the instances of one counter.
const maxItems = 1024

func values(counter uintptr) []Value {
	const format = 0x8000 | 0x200 // PDH_FMT_NOCAP100, PDH_FMT_DOUBLE
	var size, n uint32
	if rc := call("PdhGetFormattedCounterArrayW", counter, format, uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&n)), 0); rc != moreData || size == 0 || size > 1<<20 {
		return nil
	}
	// In whole items, so that they are aligned; the names lie behind them.
	b := make([]item, (size+uint32(unsafe.Sizeof(item{}))-1)/uint32(unsafe.Sizeof(item{})))
	if rc := call("PdhGetFormattedCounterArrayW", counter, format, uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&b[0]))); rc != 0 {
		return nil
	}
	var list []Value
	for _, x := range b[:min(n, uint32(len(b)), maxItems)] {
		if x.status <= newData && x.name != nil {
			list = append(list, Value{Instance: windows.UTF16PtrToString(x.name), Value: x.value})
		}
	}
	return list
}
