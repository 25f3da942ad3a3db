package receive

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"muster/internal/report"
)

// A body has to come on: each patience of it brings at least progress bytes,
// or the connection ends. That is 100 bytes a second, less than any line on
// which an agent could work, and what holds a connection by a byte each ten
// seconds is gone in the first of them.
const (
	patience = 10 * time.Second
	progress = 1 << 10
)

// wholeRequest is how long a request may take to come in, however steady: 1 MiB
// at 32 KB/s is half a minute.
const wholeRequest = 2 * time.Minute

// firstRoom is what a body is read into at first; it grows as bytes arrive.
const firstRoom = 4 << 10

// watch sets until when a request's connection is read.
type watch struct {
	*http.ResponseController
	begin time.Time
}

func newWatch(w http.ResponseWriter) watch {
	return watch{http.NewResponseController(w), time.Now()} // deadlines of connections know no other clock
}

// soon gives the connection one patience more, within the whole.
func (w watch) soon() {
	at := time.Now().Add(patience)
	if end := w.begin.Add(wholeRequest); end.Before(at) {
		at = end
	}
	_ = w.SetReadDeadline(at) // what serves no connection has no deadline, which is so in tests only
}

// done lets the handler take its time: a deadline that passes meanwhile would
// look as if the device had gone.
func (w watch) done() { _ = w.SetReadDeadline(w.begin.Add(wholeRequest)) }

// body is a request's body as it comes in. Room is taken for what has come,
// not for what the header promises: promises are free.
type body struct {
	io.Reader
	length int64 // promised; less than 0: not told
	most   int64
	room   *room
	watch  watch
}

// read reads it whole. Errors are refusals, after which the connection is
// still watched: the server throws away what else comes before it answers.
func (b body) read() ([]byte, error) {
	if b.length > b.most {
		return nil, tooLarge(b.most)
	}
	size := min(firstRoom, b.most+1)
	if b.length >= 0 {
		size = min(size, b.length+1)
	}
	if !b.room.take(size) {
		return nil, tooMany()
	}
	buf := make([]byte, 0, size)
	for quota := progress; ; {
		n, err := b.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > b.most:
			return nil, tooLarge(b.most)
		case err == io.EOF:
			b.watch.done()
			return buf, nil
		case err != nil:
			return nil, &Refused{Status: http.StatusBadRequest, Code: "cut_off", Message: "the body broke off, or came too slowly", After: time.Second}
		}
		if len(buf) >= quota {
			quota = len(buf) + progress
			b.watch.soon()
		}
		if len(buf) == cap(buf) {
			more := min(int64(cap(buf)), b.most+1-int64(cap(buf)))
			if !b.room.take(more) {
				return nil, tooMany()
			}
			buf = append(make([]byte, 0, int64(cap(buf))+more), buf...)
		}
	}
}

func tooLarge(most int64) *Refused {
	return &Refused{Status: http.StatusRequestEntityTooLarge, Code: report.CodeTooLarge, Message: fmt.Sprintf("the body is larger than %d bytes", most)}
}

func tooMany() *Refused { return busy("too many reports at once", 5*time.Second) }

// room is what one request holds of the budget.
type room struct {
	of   *budget
	held int64
}

func (m *room) take(n int64) bool {
	if !m.of.take(n) {
		return false
	}
	m.held += n
	return true
}

func (m *room) leave() { m.of.give(m.held) }
