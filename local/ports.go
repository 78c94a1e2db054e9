package local

import (
	"maps"
	"net"
	"slices"
	"strconv"
)

// Port is a port of a service, and that of 127.0.0.1 by which it is reached.
type Port struct {
	Service   string
	Container int
	Machine   int
	Usual     bool // it is the one that a service of its kind usually has
}

// privileged ports are for administrators: 80 is 8080 on the machine.
const (
	privileged = 1024
	shift      = 8000
)

// ports chooses a port of the machine for each of the services: the one that it has already, else its usual one, else the next that is free.
func (p *Project) ports(running map[string]map[int]int, free func(int) bool) []Port {
	taken := map[int]bool{}
	for _, ports := range running {
		for _, machine := range ports {
			taken[machine] = true
		}
	}
	var all []Port
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		for _, port := range p.Services[name].Ports {
			usual := port
			if usual < privileged {
				usual += shift
			}
			machine := running[name][port]
			for next := usual; machine == 0 && next <= 1<<16-1; next++ {
				if !taken[next] && free(next) {
					machine = next
				}
			}
			taken[machine] = true
			all = append(all, Port{name, port, machine, machine == usual})
		}
	}
	return all
}

// free says whether nobody listens on a port of 127.0.0.1.
func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
