package windows

import (
	"strings"
	"sync"
	"time"

	"muster/internal/event"
)

// Event is something that happened, of a kind of the catalogue.
type Event struct {
	Kind       string
	At         time.Time
	Attributes map[string]string // as the catalogue names them; only what the records tell
	Records    int               // how many records spoke of it
}

// Kind finds the kind whose sources hold a record of this channel, provider
// and id. Windows' names do not tell upper from lower case: the same driver
// logs as disk and as Disk.
func Kind(channel, provider string, id int) (event.Kind, bool) {
	k, ok := sources()[source{strings.ToLower(channel), strings.ToLower(provider), id}]
	return k, ok
}

type source struct {
	channel, provider string
	id                int
}

var sources = sync.OnceValue(func() map[source]event.Kind {
	x := map[source]event.Kind{}
	for _, k := range event.Catalogue() {
		for _, s := range k.From(event.Windows) {
			for _, id := range s.IDs {
				x[source{strings.ToLower(s.Channel), strings.ToLower(s.Provider), id}] = k
			}
		}
	}
	return x
})

// Of says what one record tells; false when it tells of no kind, or when the
// kind's condition does not hold. It knows nothing of other records: that
// several speak of one event is Events' business.
func Of(r Record) (Event, bool) {
	k, ok := Kind(r.Channel, r.Provider, r.EventID)
	if !ok {
		return Event{}, false
	}
	told := attributes{}
	at := r.Time
	if tell, ok := tellers()[k.Name]; ok {
		t, holds := tell(r, told)
		if !holds {
			return Event{}, false
		}
		if !t.IsZero() {
			at = t
		}
	}
	if len(told) == 0 {
		told = nil
	}
	return Event{Kind: k.Name, At: at, Attributes: told, Records: 1}, true
}

type attributes map[string]string

// put leaves out what is not told.
func (a attributes) put(name, text string) {
	if text != "" && text != "-" {
		a[name] = cut(text)
	}
}

// teller fills in what a record tells. The time is that of the event where
// the record knows it better than its own; false means that the condition of
// the source does not hold.
type teller func(Record, attributes) (time.Time, bool)

// tellers lists them by kind. A kind that is not here has no attribute that a
// record could tell.
var tellers = sync.OnceValue(func() map[string]teller {
	return map[string]teller{
		event.DiskError:            diskError,
		event.DiskFailurePredicted: diskNamed,
		event.DiskRemoved:          diskNamed,
		event.FSError:              fsError,

		event.MemoryErrorCorrected:   memoryError,
		event.MemoryErrorUncorrected: memoryError,
		event.PCIeErrorCorrected:     pcieError,
		event.UncleanStop:            uncleanStop,
		event.Bugcheck:               bugcheck,
		event.DumpLost:               codeOnly,
		event.Throttled:              throttled,
		event.Overheated:             overheated,
		event.PowerSourceChanged:     powerSource,

		event.AppCrash:       appCrash,
		event.AppHang:        appHang,
		event.ServiceFailed:  serviceFailed,
		event.OOMKill:        oomKill,
		event.UpdateFailed:   updateFailed,
		event.DBDamaged:      dbDamaged,
		event.ProfileDamaged: profileDamaged,

		event.Boot:        boot,
		event.CleanStop:   cleanStop,
		event.Resume:      resume,
		event.UserLogon:   userOf,
		event.UserLogoff:  userOf,
		event.TimeChanged: timeChanged,

		event.UpdateInstalled: updateInstalled,
		event.DriverChanged:   driverChanged,
		event.PolicyChanged:   policyChanged,
	}
})
