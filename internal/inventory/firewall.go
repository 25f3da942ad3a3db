package inventory

import "time"

// Firewall is one firewall or profile of it, as it is in force: policies of
// the domain count before local settings.
type Firewall struct {
	Product    string `inv:"product,key" enum:"windows|third_party|ufw|firewalld|nftables|iptables|alf|pf|other" doc:"Which firewall."`
	Profile    string `inv:"profile_name,key" enum:"domain|private|public|all" doc:"Profile, or all where there are none."`
	Name       string `inv:"name,dict" doc:"Product name of another maker's firewall."`
	Enabled    *bool  `inv:"enabled" doc:"True when it is on."`
	Active     *bool  `inv:"active,latest" doc:"True when the profile is the one in use now."`
	Inbound    string `inv:"inbound_action" enum:"allow|block|reject|unknown" doc:"What happens to packets from outside that no rule names."`
	Outbound   string `inv:"outbound_action" enum:"allow|block|reject|unknown" doc:"What happens to packets to outside that no rule names."`
	Stealth    *bool  `inv:"stealth" doc:"True when it does not answer probes."`
	PolicyFrom string `inv:"policy_source" enum:"local|domain|mdm|unknown" doc:"Who set it."`
	Logging    *bool  `inv:"logging" doc:"True when dropped packets are logged."`
	Rules      *int64 `inv:"rule_count,latest" unit:"count" doc:"Rules in force."`
}

// Section says how the section is named, kept and read.
func (Firewall) Section() Meta {
	return Meta{Name: "firewall", Doc: "Host firewalls as they are in force.", Cadence: time.Hour,
		Windows: `HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall before SharedAccess\Parameters\FirewallPolicy, service mpssvc`, Darwin: "socketfilterfw", Linux: "ufw, firewalld and iptables files, nftables by netlink where it is loaded"}
}
