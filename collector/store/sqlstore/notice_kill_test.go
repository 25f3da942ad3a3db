package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/notifytest"
)

const (
	killPath    = "MUSTER_TEST_NOTICES"      // database of the child
	killAddress = "MUSTER_TEST_NOTICES_FAR"  // where its channel sends to
	killRound   = "MUSTER_TEST_NOTICES_TURN" // so that each child announces its own
)

// TestNoticesKilled kills a process that announces and sends, at random
// moments, and starts it anew. Whatever it said was committed arrives; what
// arrives twice is the same letter.
func TestNoticesKilled(t *testing.T) {
	if os.Getenv(killPath) != "" {
		killedChild(t)
		return
	}
	rounds := 12
	if os.Getenv("MUSTER_FAULTS") == "full" {
		rounds = 200
	}
	path := filepath.Join(t.TempDir(), "inventory.db")
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	withNotices(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}

	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	letters := map[string]string{} // by ID, what they tell
	arrivals, twice := map[string]int{}, 0
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := far.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				line, err := bufio.NewReader(c).ReadString('\n')
				id, told, ok := strings.Cut(strings.TrimSpace(line), " ")
				if err != nil || !ok {
					return // the sender was killed
				}
				mu.Lock()
				if before, ok := letters[id]; ok {
					twice++
					if before != told {
						t.Errorf("letter %s tells of %q now, of %q before", id, told, before)
					}
				} else {
					for _, one := range strings.Fields(told) {
						arrivals[one]++
					}
				}
				letters[id] = told
				mu.Unlock()
				fmt.Fprintln(c, "taken")
			})
		}
	})
	defer conns.Wait()
	defer far.Close()

	var committed []string
	run := func(round int, after time.Duration) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoticesKilled$")
		cmd.Env = append(os.Environ(), killPath+"="+path, killAddress+"="+far.Addr().String(), fmt.Sprintf("%s=%d", killRound, round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			id, ok := strings.CutPrefix(lines.Text(), "committed ")
			if !ok {
				continue
			}
			if committed = append(committed, id); id == fmt.Sprintf("%d/1", round) && after > 0 {
				time.AfterFunc(after, func() { cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); after == 0 && err != nil {
			t.Errorf("the last child ended with %v", err)
		}
	}
	for round := range rounds {
		run(round, time.Duration(5+rand.IntN(150))*time.Millisecond)
	}
	run(rounds, 0)
	mu.Lock()
	defer mu.Unlock()
	for _, id := range committed {
		var round, i int
		fmt.Sscanf(id, "%d/%d", &round, &i)
		if arrivals[fmt.Sprint(incidentOf(round, i))] != 1 {
			t.Errorf("%s was committed and told by %d letters", id, arrivals[fmt.Sprint(incidentOf(round, i))])
		}
	}
	if len(committed) < 2*rounds || twice > rounds {
		t.Errorf("%d committed, %d letters came twice", len(committed), twice)
	}
	t.Logf("%d kills, %d announcements, %d letters, %d of them twice", rounds, len(committed), len(letters), twice)
}

// incidentOf is the incident of a round's i-th announcement.
func incidentOf(round, i int) int64 { return int64(1000*(round+1) + i) }

// sendsLines is a channel over TCP that is sure of an answer.
type sendsLines string

func (to sendsLines) Send(ctx context.Context, m notify.Message) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", string(to))
	if err != nil {
		return err
	}
	defer c.Close()
	line := m.ID
	for _, n := range m.Notices {
		line += fmt.Sprint(" ", n.Incident.Number)
	}
	for _, n := range m.Numbers { // those that are only counted
		line += fmt.Sprint(" ", n)
	}
	if _, err := fmt.Fprintln(c, line); err != nil {
		return err
	}
	_, err = bufio.NewReader(c).ReadString('\n')
	return err
}

// killedChild is the process that is killed.
func killedChild(t *testing.T) {
	round, _ := strconv.Atoi(os.Getenv(killRound))
	x := openAt(t, os.Getenv(killPath))
	store := x.Notices()
	n, err := notify.New(notify.Options{Store: store,
		Setup: func(context.Context) (notify.Settings, error) {
			return notify.Settings{
				Outlets: []notify.Outlet{{Name: "far", Channel: sendsLines(os.Getenv(killAddress)), Brake: notify.Brake{Letters: 1 << 20}}},
				Routes:  []notify.Route{{Name: "all", Channel: "far", Wait: -1}},
			}, nil
		},
		Open: func(context.Context) ([]notify.Standing, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	for i := 1; i <= 20; i++ {
		id := fmt.Sprintf("%d/%d", round, i)
		if err := store.Announce(ctx, notifytest.Announced(id, incidentOf(round, i), notify.Opened, notify.Warn)); err != nil {
			t.Fatal(err)
		}
		fmt.Println("committed " + id)
		n.Wake()
	}
	// Whoever is not killed by then sends all that is left.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		counts, pending, err := store.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if pending == 0 && len(counts) == 1 && counts[0].Waiting+counts[0].Unsent == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %+v, %d pending", counts, pending)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
