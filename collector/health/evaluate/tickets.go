package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"muster/collector/health/cause"
)

const ticketFile = "alibaba_ssd_failure_tickets.csv.gz"

// ticket is one failed drive.
type ticket struct {
	line   int
	at     time.Time
	shares map[string]string
}

// tickets gathers failure tickets into incidents as they come.
func (e *evaluation) tickets(context.Context) error {
	var list []ticket
	err := e.each(ticketFile, []string{"model", "failure_time", "node_id", "rack_id", "machine_room_id"}, func(line int, r record) error {
		at, err := time.Parse(time.DateTime, r.text("failure_time"))
		if err != nil {
			return fmt.Errorf("failure_time: %w", err)
		}
		room, model := r.text("machine_room_id"), r.text("model")
		list = append(list, ticket{line: line, at: at, shares: map[string]string{
			"node": r.text("node_id"), "rack": r.text("rack_id"), "room": room, "model in a room": room + "/" + model}})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b ticket) int { return a.at.Compare(b.at) })
	incident, causes, n := gather(list)
	pure := 0
	for i, t := range list {
		if c := causes[incident[i]]; c == [2]string{} || t.shares[c[0]] == c[1] {
			pure++
		}
	}
	e.page.section("Tickets and their causes")
	day := 24 * time.Hour
	rows := [][]string{{"Muster: bursts of a node, rack, model in a room, room against its own past", strconv.Itoa(n), fmt.Sprintf("%.1f %%", 100*reduction(n, len(list))), fmt.Sprintf("%.3f", float64(pure)/float64(len(list)))}}
	for _, b := range []struct {
		name string
		by   []string
		gap  time.Duration
	}{{"baseline: same rack within a day", []string{"rack"}, day}, {"baseline: same model in a room within 7 days", []string{"model in a room"}, 7 * day}} {
		k := byGap(list, b.by[0], b.gap)
		rows = append(rows, []string{b.name, strconv.Itoa(k), fmt.Sprintf("%.1f %%", 100*reduction(k, len(list))), "by construction 1"})
	}
	e.page.say("%d tickets of failed drives. An incident is tickets that share something, and come closer together than the group's own past lets expect (chance below 1 %%). Purity is the share of tickets that have what their incident names as the cause.", len(list))
	e.page.table([]string{"gathered by", "incidents", "fewer than tickets", "purity"}, rows)
	e.book.put(figure{Figure: "incident_reduction", Value: reduction(n, len(list)), Unit: "1", Goal: 0.40})
	e.book.share("incident_purity", pure, len(list), 0.95)
	return e.answers("incidents.csv", []string{"ticket_line", "incident", "cause"}, func(put func(...string) error) error {
		order := make([]int, len(list))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(list[a].line, list[b].line) })
		for _, i := range order {
			c := causes[incident[i]]
			words := ""
			if c[0] != "" {
				words = c[0] + "=" + c[1]
			}
			if err := put(strconv.Itoa(list[i].line), strconv.Itoa(incident[i]), words); err != nil {
				return err
			}
		}
		return nil
	})
}

func reduction(incidents, tickets int) float64 {
	if tickets == 0 {
		return 0
	}
	return 1 - float64(incidents)/float64(tickets)
}

// gather gives each ticket an incident; a ticket that shares nothing is one of
// its own.
func gather(list []ticket) (incident []int, causes map[int][2]string, n int) {
	s := Slow()
	incident, causes = make([]int, len(list)), map[int][2]string{}
	of := map[int]int{} // burst to incident
	next := 0
	for i, t := range list {
		burst, joined := s.Add(i, t.at, t.shares)
		if burst == 0 {
			next++
			incident[i] = next
			continue
		}
		if of[burst] == 0 {
			next++
			of[burst] = next
			what, value := s.Cause(burst)
			causes[next] = [2]string{what, value}
		}
		incident[i] = of[burst]
		for _, k := range joined {
			incident[k] = of[burst]
		}
	}
	all := map[int]bool{}
	for _, k := range incident {
		all[k] = true
	}
	return incident, causes, len(all)
}

// Slow is how tickets of failed drives are gathered.
func Slow() *cause.Stream {
	const day = 24 * time.Hour
	return &cause.Stream{Chance: 0.01, Least: 2, Levels: []cause.Level{
		{What: "node", Within: 30 * day},
		{What: "rack", Within: 14 * day},
		{What: "model in a room", Within: 14 * day},
		{What: "room", Within: 7 * day},
	}}
}

func byGap(list []ticket, what string, gap time.Duration) int {
	last, n := map[string]time.Time{}, 0
	for _, t := range list {
		k := t.shares[what]
		if at, ok := last[k]; !ok || t.at.Sub(at) > gap {
			n++
		}
		last[k] = t.at
	}
	return n
}
