package health

import (
	"context"
	"errors"
	"time"

	"muster/collector/store"
)

// Run judges what is offered until ctx ends. Before, it learns what there was:
// nothing is judged on half a memory.
func (j *Judge) Run(ctx context.Context) error {
	for {
		err := j.Load(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		j.o.Log.Error("judging waits: what was judged before cannot be read", "error", err)
		if !pause(ctx, 10*time.Second) {
			return nil
		}
	}
	tick, flush := time.NewTicker(time.Minute), time.NewTicker(flushEvery)
	defer tick.Stop()
	defer flush.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.remind(ctx)
	}()
	defer func() { <-done }()
	for {
		var err error
		select {
		case <-ctx.Done():
			// What was judged is made durable before the stores close.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := j.Flush(last); err != nil {
				j.o.Log.Error("the last judgements were not recorded; they are made again after the start", "error", err)
			}
			return nil
		case o := <-j.queue:
			err = j.Observe(ctx, o)
		case <-flush.C:
			err = j.Flush(ctx)
		case <-tick.C:
			err = j.Tick(ctx, j.o.Now())
		}
		if err != nil && ctx.Err() == nil {
			j.o.Log.Error("judging", "error", err)
		}
	}
}

// remind works beside the judging on what takes a store's time: the numbers of
// the past, and what devices are used to.
func (j *Judge) remind(ctx context.Context) {
	for pause(ctx, 200*time.Millisecond) {
		err := j.Remind(ctx, 20)
		if err == nil || ctx.Err() != nil {
			continue
		}
		if !away(err) {
			j.o.Log.Warn("numbers of the past cannot be had; judging goes on without them", "error", err)
		}
		pause(ctx, 10*time.Second)
	}
}

// away says that the series store has no numbers for anybody now: it is being
// opened, cannot be reached, or wants a person first. Who feeds it tells people.
func away(err error) bool {
	return errors.Is(err, store.ErrLoading) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrConfiguration)
}

// Remind loads at most so many devices that have not spoken since the start,
// and has the numbers of the past, and the habits, of as many.
func (j *Judge) Remind(ctx context.Context, most int) error {
	if err := j.loadSome(ctx, most); err != nil {
		return err
	}
	if j.o.Series == nil {
		return nil
	}
	if err := j.recallSome(ctx, most); err != nil {
		return err
	}
	if err := j.learnUsual(ctx, most); err != nil {
		return err
	}
	return j.learnHabits(ctx, most)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
