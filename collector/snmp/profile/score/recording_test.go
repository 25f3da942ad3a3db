package score

import "testing"

// Recordings come from other people; whatever stands in one, it is read or told.
func FuzzRecording(f *testing.F) {
	f.Add([]byte("1.3.6.1.2.1.1.5.0|4|core\n1.3.6.1.2.1.1.3.0|67|5\n"))
	f.Add([]byte("1.3.6.1.2.1.1.5.0|4x|00ff\n1.3.6.1.2.1.1.5.0|4e|\\x07\\n\n1.2|64x|7f000001\n"))
	f.Add([]byte("|||\n1..2|4|\n4294967296.1|2|-1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := Parse(data)
		list := r.Variables()
		if len(list)+r.Bad > r.Lines+1 {
			t.Errorf("%d objects and %d bad lines of %d", len(list), r.Bad, r.Lines)
		}
		for i := 1; i < len(list); i++ {
			if list[i-1].OID == list[i].OID {
				t.Errorf("%s is there twice", list[i].OID)
			}
		}
	})
}
