// Package wmi asks Windows Management Instrumentation, for the few facts that
// nothing else tells: protection products, BitLocker, storage spaces, guests of
// Hyper-V, how displays are connected, Windows' own index of its stability.
//
// It owns the questions' form and the list of classes that are asked. It must
// only be used by sections that are read in a process of their own: what WMI
// leaks, hangs or crashes ends there. Classes that walk the directory, or that
// change what they list, are none of the list.
package wmi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Question is one class of one namespace with the properties that are asked.
type Question struct {
	Namespace  string
	Class      string
	Properties []string
	// after keeps rows away whose property, a date, is not later: some classes
	// have a row for each hour of a year.
	after after
	kinds kinds
}

// kinds asks each object by a method, once for each kind of something from 1
// to most, whether it has any: in is the kind, out the list of those it has. A
// row then has the kinds of which there are some, as property as. Of the list
// only its length is looked at.
type kinds struct {
	method, in, out, as string
	most                int
}

type after struct {
	property string
	at       time.Time
}

// The questions. Nothing else is asked.
func Protection() Question {
	return Question{Namespace: `root\SecurityCenter2`, Class: "AntiVirusProduct", Properties: []string{"displayName", "productState", "timestamp", "pathToSignedReportingExe"}}
}

// Defender asks for the state of Microsoft's own scanner, which servers have
// too.
func Defender() Question {
	return Question{Namespace: `root\Microsoft\Windows\Defender`, Class: "MSFT_MpComputerStatus", Properties: []string{"AMProductVersion", "AMEngineVersion", "AMRunningMode", "AMServiceEnabled",
		"AntivirusEnabled", "RealTimeProtectionEnabled", "IsTamperProtected", "AntivirusSignatureVersion", "AntivirusSignatureAge", "AntivirusSignatureLastUpdated",
		"QuickScanEndTime", "FullScanEndTime"}}
}

// Protectors is the property of a row of BitLocker that holds the kinds of key
// protectors.
const Protectors = "KeyProtectors"

// BitLocker asks how volumes are encrypted, and what kinds of protectors their
// keys have; never for a key.
func BitLocker() Question {
	return Question{Namespace: `root\CIMV2\Security\MicrosoftVolumeEncryption`, Class: "Win32_EncryptableVolume", Properties: []string{"DeviceID", "DriveLetter", "ProtectionStatus", "ConversionStatus", "EncryptionMethod",
		"IsVolumeInitializedForProtection", "VolumeType"},
		kinds: kinds{method: "GetKeyProtectors", in: "KeyProtectorType", out: "VolumeKeyProtectorID", as: Protectors, most: 10}}
}

// Pools asks for pools of storage spaces.
func Pools() Question {
	return Question{Namespace: `root\Microsoft\Windows\Storage`, Class: "MSFT_StoragePool", Properties: []string{"FriendlyName", "UniqueId", "HealthStatus", "OperationalStatus", "Size", "AllocatedSize", "IsPrimordial", "ObjectId"}}
}

// Spaces asks for the volumes that are made of pools.
func Spaces() Question {
	return Question{Namespace: `root\Microsoft\Windows\Storage`, Class: "MSFT_VirtualDisk", Properties: []string{"FriendlyName", "UniqueId", "HealthStatus", "OperationalStatus", "ResiliencySettingName", "Size", "AllocatedSize",
		"NumberOfDataCopies", "PhysicalDiskRedundancy"}}
}

// Drives asks for drives as storage spaces see them.
func Drives() Question {
	return Question{Namespace: `root\Microsoft\Windows\Storage`, Class: "MSFT_PhysicalDisk", Properties: []string{"ObjectId", "FriendlyName", "SerialNumber", "DeviceId", "HealthStatus", "OperationalStatus", "Usage", "SlotNumber"}}
}

// PoolDrives asks which drive is in which pool.
func PoolDrives() Question {
	return Question{Namespace: `root\Microsoft\Windows\Storage`, Class: "MSFT_StoragePoolToPhysicalDisk", Properties: []string{"StoragePool", "PhysicalDisk"}}
}

// Guests asks for the virtual machines of Hyper-V.
func Guests() Question {
	return Question{Namespace: `root\virtualization\v2`, Class: "Msvm_ComputerSystem", Properties: []string{"Name", "ElementName", "Caption", "EnabledState", "HealthState"}}
}

// Connections asks how displays are connected.
func Connections() Question {
	return Question{Namespace: `root\WMI`, Class: "WmiMonitorConnectionParams", Properties: []string{"InstanceName", "VideoOutputTechnology"}}
}

// Stability asks for Windows' own index of its stability, which it works out
// each hour; of those worked out after a time.
func Stability(since time.Time) Question {
	return Question{Namespace: `root\CIMV2`, Class: "Win32_ReliabilityStabilityMetrics", Properties: []string{"SystemStabilityIndex", "TimeGenerated"},
		after: after{"TimeGenerated", since}}
}

// Questions lists all that may be asked.
func Questions() []Question {
	return []Question{Protection(), Defender(), BitLocker(), Pools(), Spaces(), Drives(), PoolDrives(), Guests(), Connections(), Stability(time.Time{})}
}

// text is the question in WMI's language. Of all properties, since one that an
// older Windows lacks would have the whole question refused.
func (q Question) text() string {
	s := "SELECT * FROM " + q.Class
	if q.after.property != "" {
		s += " WHERE " + q.after.property + " > '" + q.after.at.UTC().Format("20060102150405") + ".000000+000'"
	}
	return s
}

// Row is one answer, by the names of properties. What WMI does not tell is not
// there.
type Row map[string]any

// Rows answers a question. The error wraps errors.ErrUnsupported where there is
// no WMI or no such class, fs.ErrPermission when a right is missing.
func Rows(q Question) ([]Row, error) {
	if !slices.ContainsFunc(Questions(), func(x Question) bool { return x.Namespace == q.Namespace && x.Class == q.Class }) {
		return nil, fmt.Errorf("class %s is not one of those that are asked", q.Class)
	}
	rows, err := ask(q.Namespace, q.text(), q.Properties, q.kinds)
	if err != nil {
		return nil, fmt.Errorf("WMI class %s: %w", q.Class, err)
	}
	return rows, nil
}

// maxRows and maxText bound an answer.
const (
	maxRows = 4096
	maxText = 1024
)

// Text is a property as text; empty when it is none.
func (r Row) Text(name string) string {
	s, _ := r[name].(string)
	if len(s) > maxText {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(s, ""))
}

// Real is a property as a number with a fraction.
func (r Row) Real(name string) (float64, bool) {
	switch v := r[name].(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	n, ok := r.Number(name)
	return float64(n), ok
}

// Number is a property as a whole number; WMI gives those of 64 bits as text.
func (r Row) Number(name string) (int64, bool) { return number(r[name]) }

func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case int:
		return int64(v), true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), v < 1<<63
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// Numbers is a property that is a list of numbers.
func (r Row) Numbers(name string) []int64 {
	list, _ := r[name].([]any)
	var out []int64
	for _, v := range list {
		if n, ok := number(v); ok {
			out = append(out, n)
		}
	}
	return out
}

// Flag is a property as a switch; nil when it is not told.
func (r Row) Flag(name string) *bool {
	b, ok := r[name].(bool)
	if !ok {
		return nil
	}
	return &b
}
