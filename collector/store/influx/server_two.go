package influx

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/domain"

	"muster/collector/store"
)

// prepare2 finds or makes buckets on a 2.x server, and the mappings by which
// InfluxQL finds them.
func (s *Store) prepare2(ctx context.Context) (p place, y prepared, err error) {
	if s.o.Organization == "" {
		return p, y, fmt.Errorf("%w: InfluxDB 2 needs the name of the organization: set influx.organization", store.ErrConfiguration)
	}
	db := s.o.Database
	p = place{db: db, rp: policyName, bucket: db, hourly: db + "_hourly", hourlyRP: policyName, hourlyBucket: db + "_hourly"}
	for _, x := range []struct {
		bucket string
		keep   time.Duration
		name   string
	}{{p.bucket, s.o.Raw, "numbers as they come"}, {p.hourlyBucket, s.o.Hourly, "hourly figures"}} {
		id, kept, err := s.bucket(ctx, x.bucket, x.keep)
		if err != nil {
			return p, y, err
		}
		if kept != 0 && (x.keep == 0 || kept < x.keep) {
			y.warn("the bucket %s keeps numbers for %s, less than Muster's settings: influx bucket update --id %s --retention …", x.bucket, kept, id)
		}
		y.found(x.name, "bucket %s of %s, kept %s", x.bucket, s.o.Organization, lastingWords(kept))
		if err := s.mapped(ctx, x.bucket, id); err != nil {
			return p, y, err
		}
	}
	y.found("mappings for InfluxQL", "both buckets have one (DBRP), retention policy %s", policyName)
	return p, y, nil
}

// bucket finds a bucket or makes it, and answers its ID and how long it keeps.
func (s *Store) bucket(ctx context.Context, name string, keep time.Duration) (id string, kept time.Duration, err error) {
	client := s.client.APIClient()
	found, err := client.GetBuckets(ctx, &domain.GetBucketsParams{Name: &name, Org: &s.o.Organization})
	if err != nil && status(err) != 404 && !strings.Contains(err.Error(), "not found") {
		return "", 0, domainError(ctx, err)
	}
	if found != nil && found.Buckets != nil {
		for _, b := range *found.Buckets {
			if b.Name == name && b.Id != nil {
				for _, r := range b.RetentionRules {
					kept = time.Duration(r.EverySeconds) * time.Second
				}
				return *b.Id, kept, nil
			}
		}
	}
	org, err := s.client.OrganizationsAPI().FindOrganizationByName(ctx, s.o.Organization)
	if err != nil {
		return "", 0, s.unmade("the bucket "+name, domainError(ctx, err))
	}
	rule := domain.RetentionRule{}
	if keep > 0 {
		rule.EverySeconds = int64((keep + late).Seconds())
	}
	b, err := s.client.BucketsAPI().CreateBucketWithName(ctx, org, name, rule)
	if err != nil || b.Id == nil {
		return "", 0, s.unmade("the bucket "+name, domainError(ctx, err))
	}
	return *b.Id, keep, nil
}

// mapped sees to it that InfluxQL finds a bucket under its own name.
func (s *Store) mapped(ctx context.Context, bucket, id string) error {
	client := s.client.APIClient()
	list, err := client.GetDBRPs(ctx, &domain.GetDBRPsParams{Org: &s.o.Organization, Db: &bucket})
	if err != nil {
		return domainError(ctx, err)
	}
	if list.Content != nil {
		for _, m := range *list.Content {
			if m.RetentionPolicy == policyName && m.BucketID == id {
				return nil
			}
		}
	}
	yes := true
	_, err = client.PostDBRP(ctx, &domain.PostDBRPAllParams{Body: domain.PostDBRPJSONRequestBody{
		BucketID: id, Database: bucket, RetentionPolicy: policyName, Default: &yes, Org: &s.o.Organization}})
	if err != nil {
		return s.unmade("the mapping of the bucket "+bucket+" for InfluxQL", domainError(ctx, err))
	}
	return nil
}

// domainError sorts an error of the generated part of the client library,
// which gives the server's words without the status.
func domainError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return errors.New("InfluxDB gave an answer without what was asked for")
	case ctx.Err() != nil:
		return ctx.Err()
	case status(err) != 0:
		return sorted(ctx, err)
	}
	text := strings.ToLower(err.Error())
	for _, word := range []string{"unauthorized", "forbidden", "not found", "invalid", "conflict", "unprocessable"} {
		if strings.Contains(text, word) {
			return fmt.Errorf("%w: InfluxDB said: %s", store.ErrConfiguration, plain(err.Error()))
		}
	}
	return unreached(err)
}
