package wifi

import (
	"context"
	"errors"
	"fmt"

	"muster/agent/host"
)

// look reads all interfaces and their links; whole asks also for what only the
// section tells. The kernel's answers come by nl80211; a recorded machine, or
// a kernel without it, has /proc/net/wireless.
func (s *Radios) look(ctx context.Context, h *host.Host, whole bool) ([]link, []string, error) {
	if h.Root == "/" {
		k, err := dial()
		switch {
		case err == nil:
			defer k.close()
			list, err := s.ask(ctx, k.ask, whole)
			return list, []string{"nl80211"}, err
		case !errors.Is(err, errors.ErrUnsupported):
			return nil, nil, err
		}
	}
	f, err := h.Open("/proc/net/wireless")
	if err != nil {
		if h.Exists("/sys/class/net") {
			return nil, []string{"sysfs"}, nil // a kernel without radio
		}
		return nil, nil, fmt.Errorf("neither nl80211 nor /proc/net/wireless is there: %w", errors.ErrUnsupported)
	}
	defer f.Close()
	var list []link
	for _, x := range parseWireless(f) {
		list = append(list, link{name: x.name, connected: x.signal < 0, signal: x.signal, noise: x.noise, quality: x.quality})
	}
	return list, []string{"proc"}, nil
}

// asker sends a command with attributes and gives all that came back.
type asker func(command uint8, dump bool, attributes ...[]byte) ([]byte, error)

func (s *Radios) ask(ctx context.Context, ask asker, whole bool) ([]link, error) {
	b, err := ask(cmdGetInterface, true)
	if err != nil {
		return nil, fmt.Errorf("list wireless interfaces: %w", err)
	}
	list := interfaces(b)
	region := ""
	if whole && len(list) > 0 {
		if b, err := ask(cmdGetReg, false); err == nil {
			region = country(b)
		}
	}
	for i := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := &list[i]
		index := attribute(attrIndex, l.index)
		if b, err := ask(cmdGetStation, true, index); err == nil {
			l.station(b)
		}
		if b, err := ask(cmdGetSurvey, true, index); err == nil && l.connected {
			l.survey(b)
		}
		if !whole {
			continue
		}
		l.country = region
		can, known := s.cards[l.card]
		if !known {
			// The answer is long, and a card does not learn.
			if b, err := ask(cmdGetWiphy, true, attribute(attrWiphy, l.card), attribute(attrSplit)); err == nil {
				can = readAbility(b)
				if len(s.cards) < maxKnown {
					s.cards[l.card] = can
				}
			}
		}
		l.can = can
		if !l.connected {
			continue
		}
		how, known := s.secured[l.bssid]
		if !known {
			if b, err := ask(cmdGetScan, true, index); err == nil {
				var at string
				if at, how = security(b); at == l.bssid && at != "" {
					if len(s.secured) >= maxKnown {
						clear(s.secured)
					}
					s.secured[at] = how
				} else {
					how = ""
				}
			}
		}
		l.security = how
	}
	return list, nil
}
