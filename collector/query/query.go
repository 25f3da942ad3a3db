package query

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Limits of one statement. Zero fields take those of DefaultLimits.
type Limits struct {
	Time   time.Duration // then the child is killed
	Memory int64         // bytes, of the child beyond what it starts with
	Heap   int64         // bytes, of SQLite
	Rows   int
	Bytes  int64 // of the answer
	Cell   int   // bytes of one value
	Text   int   // bytes of the statement
}

// DefaultLimits are those of DESIGN §5.
func DefaultLimits() Limits {
	return Limits{Time: 10 * time.Second, Memory: 1 << 30, Heap: 512 << 20, Rows: 10_000, Bytes: 32 << 20, Cell: 64 << 10, Text: 64 << 10}
}

// maxValues bounds rows × columns of an answer: 10,000 rows of 100 columns.
const maxValues = 1_000_000

// Runner starts children. Exe and Args are this program and its hidden
// command; the statement goes through a pipe, never as an argument.
type Runner struct {
	Exe    string
	Args   []string
	DB     string // the inventory file
	Limits Limits
}

// Request is one statement.
type Request struct {
	SQL      string
	Personal bool // columns that tell of a person may be read
	MaxRows  int  // 0: the limit
}

// Result is the answer.
type Result struct {
	Columns   []string
	Rows      [][]any // nil, int64, float64 (as json.Number), string
	Truncated bool
	Elapsed   time.Duration
}

// Refused is an error that people should read: their statement was at fault,
// or too much.
type Refused struct{ Message string }

func (r *Refused) Error() string { return r.Message }

// job is what the child is told.
type job struct {
	DB       string `json:"db"`
	SQL      string `json:"sql"`
	Personal bool   `json:"personal"`
	Rows     int    `json:"rows"`
	Cell     int    `json:"cell"`
	Heap     int64  `json:"heap"`
	Memory   int64  `json:"memory"`
	Seconds  int    `json:"seconds"`
}

// line is one line of the child's answer.
type line struct {
	Columns   []string `json:"columns,omitempty"`
	Row       []any    `json:"row,omitempty"`
	End       bool     `json:"end,omitempty"`
	Truncated bool     `json:"truncated,omitempty"`
	Error     string   `json:"error,omitempty"`
}

func (r *Runner) limits() Limits {
	l, d := r.Limits, DefaultLimits()
	for _, p := range []struct{ have, def *int }{{&l.Rows, &d.Rows}, {&l.Cell, &d.Cell}, {&l.Text, &d.Text}} {
		if *p.have <= 0 {
			*p.have = *p.def
		}
	}
	for _, p := range []struct{ have, def *int64 }{{&l.Memory, &d.Memory}, {&l.Heap, &d.Heap}, {&l.Bytes, &d.Bytes}} {
		if *p.have <= 0 {
			*p.have = *p.def
		}
	}
	if l.Time <= 0 {
		l.Time = d.Time
	}
	return l
}

// Run answers one statement. Errors of type *Refused are for people; any
// other is a fault of the collector.
func (r *Runner) Run(ctx context.Context, rq Request) (Result, error) {
	l := r.limits()
	if len(rq.SQL) > l.Text {
		return Result{}, &Refused{fmt.Sprintf("the statement is %d bytes long, at most %d are taken", len(rq.SQL), l.Text)}
	}
	rows := l.Rows
	if rq.MaxRows > 0 {
		rows = min(rows, rq.MaxRows)
	}
	in, err := json.Marshal(job{DB: r.DB, SQL: rq.SQL, Personal: rq.Personal, Rows: rows, Cell: l.Cell, Heap: l.Heap, Memory: l.Memory,
		Seconds: int(l.Time/time.Second) + 2})
	if err != nil {
		return Result{}, err
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Exe, r.Args...)
	cmd.Env = []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}
	cmd.Stdin = bytes.NewReader(in)
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Result{}, fmt.Errorf("start SQL worker: %w", err)
	}
	release, err := startConfined(cmd, l.Memory)
	if err != nil {
		return Result{}, fmt.Errorf("start SQL worker: %w", err)
	}
	defer release()
	res, ended, rerr := read(out, l)
	if rerr != nil || ended {
		// Whatever it still has to say or to clear away, nobody waits for it.
		cancel()
	}
	werr := cmd.Wait()
	res.Elapsed = time.Since(begin)
	switch {
	case rerr != nil:
		return Result{}, rerr
	case ended:
		return res, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Result{}, &Refused{fmt.Sprintf("the statement took longer than %s and was stopped: narrow it by WHERE, or ask for less", l.Time)}
	case ctx.Err() != nil:
		return Result{}, ctx.Err()
	case werr != nil:
		return Result{}, &Refused{"the statement needed more memory or time than it may have and was stopped: narrow it by WHERE, or ask for less"}
	}
	return Result{}, errors.New("SQL worker ended without an answer")
}

// read takes the child's answer line by line, and no more of it than the
// limits allow.
func read(r io.Reader, l Limits) (res Result, ended bool, err error) {
	// A row is at most a few cells beyond the limit on an answer.
	sc := bufio.NewScanner(io.LimitReader(r, l.Bytes+1))
	sc.Buffer(nil, int(l.Bytes)+1)
	total := int64(0)
	for sc.Scan() {
		total += int64(len(sc.Bytes())) + 1
		if total > l.Bytes {
			break
		}
		var x line
		d := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		d.UseNumber()
		if d.Decode(&x) != nil {
			return res, false, nil // cut off; why is found elsewhere
		}
		switch {
		case x.Error != "":
			return res, false, &Refused{x.Error}
		case x.Columns != nil:
			res.Columns = x.Columns
		case x.End:
			res.Truncated = x.Truncated
			return res, true, nil
		default:
			res.Rows = append(res.Rows, x.Row)
		}
	}
	if total >= l.Bytes || errors.Is(sc.Err(), bufio.ErrTooLong) {
		return res, false, &Refused{fmt.Sprintf("the answer is larger than %d MiB: ask for fewer columns or rows", l.Bytes>>20)}
	}
	return res, false, nil
}
