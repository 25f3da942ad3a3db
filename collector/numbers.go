package collector

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"muster/collector/config"
	"muster/collector/store"
	"muster/collector/store/influx"
	"muster/collector/store/tsdb"
)

// seriesStore is a store of series with what keeps it going.
type seriesStore interface {
	store.Series
	Run(ctx context.Context) error
}

// openSeries makes the series store that the settings name. It starts nothing,
// and a server that does not answer is no error.
func openSeries(dir string, c config.Config, now func() time.Time, log *slog.Logger) (seriesStore, error) {
	if c.Stores.Series != "influx" {
		return tsdb.New(tsdb.Options{Dir: filepath.Join(dir, "series"), Keep: time.Duration(c.Retention.Series), Now: now, Log: log})
	}
	i := c.Influx
	o := influx.Options{URL: i.URL, User: i.User, Organization: i.Organization, Database: i.Database, Compress: i.Compress && !i.Local(),
		Raw: time.Duration(c.Retention.Raw), Hourly: time.Duration(c.Retention.Series), Now: now, Log: log}
	if i.SecretFile != "" {
		text, err := readBounded(i.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("influx.secret_file: %w", err)
		}
		if o.Secret = string(bytes.TrimSpace(text)); o.Secret == "" {
			return nil, errors.New("influx.secret_file: the file holds nothing: put the token or password into it")
		}
	}
	if i.CAFile != "" {
		var err error
		if o.Roots, err = rootsIn("influx.ca_file", i.CAFile); err != nil {
			return nil, err
		}
	}
	return influx.New(o)
}

// rootsIn are the CAs in a file that a setting names.
func rootsIn(setting, path string) (*x509.CertPool, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in PEM form is in it", setting)
	}
	return roots, nil
}

// mostFile is how large a secret or a list of CAs may be.
const mostFile = 1 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err == nil && len(text) > mostFile {
		err = fmt.Errorf("%s is larger than %d MiB", path, mostFile>>20)
	}
	return text, err
}
