package influx

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/collector/store"
)

const (
	// policyName is the retention policy of a database that is made here, its
	// default, so that dashboards find it without naming it.
	policyName = "raw"
	hourlyName = "hourly"
	// late is added to what the server is told to keep: it deletes whole days
	// or weeks by its own clock, and hourly figures are made of what is there.
	late = 8 * 24 * time.Hour
)

// prepare1 finds or makes the database and its retention policies on a 1.x
// server.
func (s *Store) prepare1(ctx context.Context) (p place, x prepared, err error) {
	db := s.o.Database
	p = place{db: db, hourly: db, hourlyRP: hourlyName, hourlyBucket: db + "/" + hourlyName}
	list, err := s.policies(ctx, db)
	var missing *statementError
	if errors.As(err, &missing) && strings.Contains(missing.text, "database not found") {
		if err := s.order(ctx, fmt.Sprintf("CREATE DATABASE %s WITH DURATION %s REPLICATION 1 NAME %s", identifier(db), lasting(s.o.Raw), identifier(policyName))); err != nil {
			return p, x, s.unmade("the database "+db, err)
		}
		list, err = s.policies(ctx, db)
	}
	if err != nil {
		return p, x, err
	}
	hourly := false
	for _, y := range list {
		if y.name == hourlyName {
			hourly = true
			x.found("hourly figures", "retention policy %s, kept %s", y.name, lastingWords(y.keep))
		}
		if y.standard {
			p.rp, p.bucket = y.name, db+"/"+y.name
			x.found("numbers as they come", "database %s, retention policy %s, kept %s", db, y.name, lastingWords(y.keep))
			if y.keep != 0 && (s.o.Raw == 0 || y.keep < s.o.Raw) {
				x.warn("InfluxDB keeps numbers for %s, less than retention.series_raw: ALTER RETENTION POLICY %s ON %s DURATION %s", y.keep, identifier(y.name), identifier(db), lasting(s.o.Raw))
			}
		}
	}
	if p.rp == "" {
		return p, x, fmt.Errorf("%w: the database %s has no default retention policy: make one with CREATE RETENTION POLICY … DEFAULT", store.ErrConfiguration, db)
	}
	if !hourly {
		if err := s.order(ctx, fmt.Sprintf("CREATE RETENTION POLICY %s ON %s DURATION %s REPLICATION 1 SHARD DURATION 4w", identifier(hourlyName), identifier(db), lasting(s.o.Hourly))); err != nil {
			return p, x, s.unmade("the retention policy "+hourlyName+" of the database "+db, err)
		}
		x.found("hourly figures", "retention policy %s, made just now", hourlyName)
	}
	x.found("mappings for InfluxQL", "none are needed")
	x.warnings = append(x.warnings, s.limits1(ctx)...)
	return p, x, nil
}

// lasting is a duration as retention policies have it.
func lasting(d time.Duration) string {
	if d == 0 {
		return "INF"
	}
	return strconv.Itoa(int((d + late).Hours())) + "h"
}

// unmade explains what could not be made.
func (s *Store) unmade(what string, err error) error {
	var said *statementError
	if errors.As(err, &said) || errors.Is(err, store.ErrConfiguration) {
		return fmt.Errorf("%w: %s is not there and this account may not make it: make it yourself, or let the account (%w)", store.ErrConfiguration, what, err)
	}
	return err
}

type policy struct {
	name     string
	keep     time.Duration // 0: for ever
	standard bool
}

func (s *Store) policies(ctx context.Context, db string) (list []policy, err error) {
	err = s.ask(ctx, db, "", "SHOW RETENTION POLICIES ON "+identifier(db), func(x *row) error {
		name, keep, standard := x.column("name"), x.column("duration"), x.column("default")
		if name < 0 || keep < 0 || standard < 0 {
			return errors.New("InfluxDB lists retention policies in a form that is not known")
		}
		for _, v := range x.Values {
			if len(v) <= max(name, keep, standard) {
				continue
			}
			d, _ := time.ParseDuration(v[keep].text) // "0s" is for ever
			list = append(list, policy{v[name].text, d, v[standard].ok && v[standard].number == 1})
		}
		return nil
	})
	return list, err
}

// limits1 tells of limits that a fleet grows into. Only administrators may ask
// for them; others are not told.
func (s *Store) limits1(ctx context.Context) (warnings []string) {
	_ = s.ask(ctx, "", "", "SHOW DIAGNOSTICS FOR 'config-data'", func(x *row) error {
		for _, name := range []string{"max-values-per-tag", "max-series-per-database"} {
			at := x.column(name)
			if at < 0 || len(x.Values) == 0 || at >= len(x.Values[0]) {
				continue
			}
			if n := x.Values[0][at]; n.ok && n.number > 0 && n.number <= 1_000_000 {
				warnings = append(warnings, fmt.Sprintf("InfluxDB stops at %s = %.0f: from about %s on set it to 0 in the [data] section", name, n.number, reachedAt(name, n.number)))
			}
		}
		return nil
	})
	return warnings
}

// reachedAt is how many devices it takes to reach a limit: a device has a tag
// value of its own, and some twelve series as InfluxDB counts them.
func reachedAt(name string, n float64) string {
	if name == "max-series-per-database" {
		n /= 12
	}
	return fmt.Sprintf("%.0f devices", n/2)
}

// order has a statement done that answers nothing.
func (s *Store) order(ctx context.Context, q string) error {
	return s.ask(ctx, "", "", q, func(*row) error { return nil })
}
