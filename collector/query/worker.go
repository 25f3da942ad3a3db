package query

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"unicode/utf8"
)

// Worker is the child: it reads one job, answers it, and ends. What it
// returns is the process's exit code.
func Worker(in io.Reader, out io.Writer) int {
	var j job
	if err := json.NewDecoder(io.LimitReader(in, 1<<20)).Decode(&j); err != nil {
		fmt.Fprintln(out, `{"error":"this command is started by the collector"}`)
		return 2
	}
	w := bufio.NewWriterSize(out, 64<<10)
	defer w.Flush()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	fail := func(err error) int {
		enc.Encode(line{Error: err.Error()})
		return 1
	}
	c, err := open(j.DB, j.Heap, policy{personal: j.Personal})
	if err != nil {
		return fail(err)
	}
	if err := confine(j); err != nil {
		return fail(fmt.Errorf("the sandbox cannot be closed: %w", err))
	}
	st, err := c.prepare(j.SQL)
	if err != nil {
		return fail(err)
	}
	if err := enc.Encode(line{Columns: st.columns()}); err != nil {
		return 1
	}
	// A value takes many times its length once it is read, so a wide answer
	// has fewer rows.
	rows := min(j.Rows, max(1, maxValues/max(1, int(st.n))))
	truncated := false
	for n := 0; ; n++ {
		more, err := st.step()
		if err != nil {
			return fail(err)
		}
		if !more {
			break
		}
		if n == rows {
			truncated = true
			break
		}
		if err := enc.Encode(line{Row: st.row(j.Cell)}); err != nil {
			return 1 // the parent has had enough
		}
	}
	enc.Encode(line{End: true, Truncated: truncated})
	runtime.KeepAlive(c) // SQLite calls into it until here
	return 0
}

// number keeps what JSON cannot say.
func number(f float64) any {
	switch {
	case math.IsNaN(f):
		return nil
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}

// text cuts a value, and makes bytes that are no text readable.
func text(b []byte, blob bool, most int) string {
	cut := len(b) > most
	if cut {
		b = b[:most]
	}
	s := ""
	if blob {
		s = base64.StdEncoding.EncodeToString(b)
	} else if s = string(b); !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if cut {
		s += "…"
	}
	return s
}
