package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Expected is what is expected of one recording.
type Expected struct {
	ID      string  `json:"id"`
	Stratum string  `json:"stratum"`
	Known   Known   `json:"librenms"`
	Decoded Decoded `json:"decoded"`
}

// Known is what another program found.
type Known struct {
	Device struct {
		OS, Type, Version, Hardware, Serial Text
	} `json:"device"`
	Ports []struct {
		IfIndex      int64    `json:"ifIndex"`
		IfName       Text     `json:"ifName"`
		IfDescr      Text     `json:"ifDescr"`
		IfAlias      Text     `json:"ifAlias"`
		IfSpeed      *float64 `json:"ifSpeed"`
		IfOperStatus Text     `json:"ifOperStatus"`
		IfMAC        Text     `json:"ifPhysAddress"`
	} `json:"ports"`
	Sensors []struct {
		Class   string   `json:"sensor_class"`
		Descr   string   `json:"sensor_descr"`
		Type    string   `json:"sensor_type"`
		OID     string   `json:"sensor_oid"`
		Current *float64 `json:"sensor_current"`
	} `json:"sensors"`
	Wireless []struct {
		Class   string   `json:"sensor_class"`
		Descr   string   `json:"sensor_descr"`
		OIDs    string   `json:"sensor_oids"`
		Current *float64 `json:"sensor_current"`
	} `json:"wireless_sensors"`
	Processors []struct {
		Descr string   `json:"processor_descr"`
		OID   string   `json:"processor_oid"`
		Usage *float64 `json:"processor_usage"`
	} `json:"processors"`
	Pools []struct {
		Descr string   `json:"mempool_descr"`
		Used  *float64 `json:"mempool_used"`
		Total *float64 `json:"mempool_total"`
		Share *float64 `json:"mempool_perc"`
	} `json:"mempools"`
	Storage []struct {
		Descr string   `json:"storage_descr"`
		Size  *float64 `json:"storage_size"`
		Used  *float64 `json:"storage_used"`
	} `json:"storage"`
	Supplies []struct {
		Descr   string   `json:"supply_descr"`
		Type    string   `json:"supply_type"`
		Index   any      `json:"supply_index"`
		Current *float64 `json:"supply_current"`
	} `json:"printer_supplies"`
	Links []struct {
		Protocol string `json:"protocol"`
		Name     Text   `json:"remote_hostname"`
		Port     Text   `json:"remote_port"`
		IfName   Text   `json:"ifName"`
		IfDescr  Text   `json:"ifDescr"`
	} `json:"links"`
	Vlans []struct {
		ID   int64 `json:"vlan_vlan"`
		Name Text  `json:"vlan_name"`
	} `json:"vlans"`
}

// Decoded is what standard MIBs in the recording say.
type Decoded struct {
	FDB []struct {
		MAC     string `json:"mac"`
		IfIndex *int64 `json:"ifIndex"`
	} `json:"fdb"`
	ARP []struct {
		IfIndex *int64 `json:"ifIndex"`
		IP      string `json:"ip"`
		MAC     string `json:"mac"`
	} `json:"arp"`
	LLDP []struct {
		IfIndex *int64 `json:"ifIndex"`
		PortID  Text   `json:"portId"`
		Name    Text   `json:"sysName"`
	} `json:"lldp"`
	CDP []struct {
		IfIndex *int64 `json:"ifIndex"`
		Device  Text   `json:"deviceId"`
	} `json:"cdp"`
	Entities []json.RawMessage `json:"entity"`
	Ports    []struct {
		IfIndex int64 `json:"ifIndex"`
		MAC     Text  `json:"ifPhysAddress"`
	} `json:"ports"`
}

// Text is a text that may be written as a number; null is empty.
type Text string

// UnmarshalJSON reads either.
func (t *Text) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = Text(v)
	default:
		*t = Text(b)
	}
	return nil
}

// Load reads what is expected of the recordings in a folder.
func Load(dir string) ([]Expected, error) {
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		return nil, err
	}
	var out []Expected
	// One value of another type than the rest is empty, and no reason to stop.
	var odd *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &out); err != nil && !(errors.As(err, &odd) && len(out) > 0) {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "expected.json"), err)
	}
	return out, nil
}
