package rate

import "net/netip"

// Address is where a request comes from, for counting: of IPv6 the /64, which
// is what one subscriber holds.
func Address(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || !a.Is6() || a.Is4In6() {
		return ip
	}
	network, err := a.Prefix(64)
	if err != nil {
		return ip
	}
	return network.String()
}
