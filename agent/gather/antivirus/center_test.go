package antivirus

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/gather/wmi"
	"muster/agent/host"
)

// machine is what WMI answers on a machine, by class; a class that is not there
// is one it does not have.
type machine map[string][]wmi.Row

func (m machine) ask(q wmi.Question) ([]wmi.Row, error) {
	rows, ok := m[q.Class]
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return rows, nil
}

const services = `
-- reg --
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Defender]
"DisableAntiVirus"=dword:00000000
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Defender\Signature Updates]
"AVSignatureVersion"="1.411.250.0"
"EngineVersion"="1.1.24050.5"
"SignaturesLastUpdated"=hex:00,00,8b,ec,8e,b4,da,01
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Defender\Features]
"TamperProtection"=dword:00000005
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\CSFalconService]
"Start"=dword:00000002
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\ekrn]
"Start"=dword:00000004
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Sense]
"Start"=dword:00000003
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status]
"OnboardingState"=dword:00000001
`

func TestWindows(t *testing.T) {
	status := wmi.Row{"AMProductVersion": "4.18.24040.4", "AMEngineVersion": "1.1.24050.5", "AMRunningMode": "Normal", "AMServiceEnabled": true, "AntivirusEnabled": true,
		"RealTimeProtectionEnabled": true, "IsTamperProtected": true, "AntivirusSignatureVersion": "1.411.250.0", "AntivirusSignatureLastUpdated": "20240602220000.000000+000",
		"DefenderSignaturesOutOfDate": false, "QuickScanEndTime": "20240602101500.000000+120"}
	for name, c := range map[string]struct {
		wmi   machine
		sense bool
	}{
		"client": {machine{"AntiVirusProduct": {{"displayName": "Windows Defender", "productState": int32(397568)}, {"displayName": "ESET Security", "productState": int32(262160)}}, "MSFT_MpComputerStatus": {status}}, true},
		"server": {machine{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(services))
			rows, asked, faults, err := fromWindows(t.Context(), h, c.wmi.ask, func(service string) *bool {
				if service == "Sense" {
					return &c.sense
				}
				return new(service == "CSFalconService")
			})
			r, bad := gather.Rows(rows, asked...)
			if bad != nil {
				t.Fatal(bad)
			}
			r.Faults = faults
			recorded.Golden(t, h, "antivirus", "windows."+name, r, err)
		})
	}
	if _, _, _, err := fromWindows(context.Background(), &host.Host{}, machine{}.ask, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	h := recorded.Unpack(t, []byte(services))
	_, _, faults, err := fromWindows(t.Context(), h, func(wmi.Question) ([]wmi.Row, error) { return nil, fs.ErrPermission }, func(string) *bool { return nil })
	if err != nil || len(faults) == 0 {
		t.Errorf("a refusal is not told: %v %v", faults, err)
	}
}
