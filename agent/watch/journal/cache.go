package journal

import (
	"errors"
	"fmt"
	"io"
)

const (
	pageSize = 8 << 10
	pages    = 12
)

// cache keeps a few pages of a file, so that objects that lie together cost
// one read. It takes pages*pageSize bytes once it is used.
type cache struct {
	r    io.ReaderAt
	page [pages]page
	line []byte // what spans pages is joined here
}

type page struct {
	at int64 // offset, 0-based page number plus one; 0 is none
	n  int
	b  []byte
}

func (c *cache) forget() {
	for i := range c.page {
		c.page[i].at = 0
	}
}

func (c *cache) load(number int64) (*page, error) {
	p := &c.page[number%pages]
	if p.at == number+1 {
		return p, nil
	}
	if p.b == nil {
		p.b = make([]byte, pageSize)
	}
	n, err := c.r.ReadAt(p.b, number*pageSize)
	if err != nil && !errors.Is(err, io.EOF) {
		p.at = 0
		return nil, fmt.Errorf("read journal: %w", err)
	}
	p.at, p.n = number+1, n
	return p, nil
}

// get gives n bytes at an offset; they are good until the next call.
func (c *cache) get(at int64, n int) ([]byte, error) {
	if at < 0 || n < 0 || n > headerMost+maxText {
		return nil, damaged("%d bytes at %d", n, at)
	}
	number, from := at/pageSize, int(at%pageSize)
	p, err := c.load(number)
	if err != nil {
		return nil, err
	}
	if from+n <= p.n {
		return p.b[from : from+n], nil
	}
	c.line = c.line[:0]
	for len(c.line) < n {
		if p, err = c.load(number); err != nil {
			return nil, err
		}
		if from >= p.n {
			return nil, damaged("the file ends before %d", at+int64(n))
		}
		take := min(p.n-from, n-len(c.line))
		c.line = append(c.line, p.b[from:from+take]...)
		if p.n < pageSize && len(c.line) < n {
			return nil, damaged("the file ends before %d", at+int64(n))
		}
		number++
		from = 0
	}
	return c.line, nil
}
