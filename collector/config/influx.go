package config

import (
	"net/url"

	"muster/internal/settings"
)

// Influx is the InfluxDB that stores.series: influx writes to.
type Influx struct {
	URL          string `yaml:"url" doc:"Address of the server, such as https://influx.example.org:8086; 1.8, 2.x or 3.x. Plain HTTP is spoken on loopback only, unless no secret is sent."`
	Database     string `yaml:"database" doc:"Database (1.8, 3.x) or bucket (2.x) for Muster's numbers, made if it is not there and the account may. Give Muster one of its own, or one that Telegraf writes to: names, tags and types are Telegraf's."`
	Organization string `yaml:"organization" doc:"Organization that the bucket belongs to; 2.x only."`
	User         string `yaml:"user" doc:"Account of a 1.8 server, whose password stands in influx.secret_file. Leave it out for a token."`
	SecretFile   string `yaml:"secret_file" doc:"File that holds the token (2.x, 3.x), or the password of influx.user (1.8), and nothing else. Only the collector's account may read it."`
	CAFile       string `yaml:"ca_file" doc:"PEM file of the CAs that may have signed the server's certificate. Empty: those of this machine."`
	Compress     bool   `yaml:"compress" doc:"Send and ask for gzip, which spares a network and costs processor time. A server on this machine is never sent any."`
}

// Check says what no tag can.
func (i *Influx) Check() settings.Problems {
	var ps settings.Problems
	if i.URL != "" {
		u, err := url.Parse(i.URL)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
			// Not what stands there: it may hold a password.
			ps.Add("url", "", "an address such as https://influx.example.org:8086 is expected, without path or password")
		case u.Scheme == "http" && i.SecretFile != "" && !loopbackName(u.Hostname()):
			ps.Add("url", i.URL, "the secret would cross the network in the clear: use https, or leave influx.secret_file out")
		}
	}
	if i.User != "" && i.SecretFile == "" {
		ps.Add("user", i.User, "its password is expected in a file named by influx.secret_file")
	}
	return ps
}

type lack struct{ key, why string }

// missing is what a collector with this store needs and does not have.
func (i *Influx) missing() (list []lack) {
	if i.URL == "" {
		list = append(list, lack{"url", "the address of the server is expected, because stores.series is influx"})
	}
	if i.Database == "" {
		list = append(list, lack{"database", "the name of a database is expected, because stores.series is influx"})
	}
	return list
}

// Local says whether the server is on this machine.
func (i *Influx) Local() bool {
	u, err := url.Parse(i.URL)
	return err == nil && loopbackName(u.Hostname())
}
