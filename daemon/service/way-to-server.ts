/** Which way packets to the server go, to tell whether it is another: the NAT there, if any, knows nothing of us. */
import { readHostAddresses } from '../io/interfaces.js';
import { parseIpv4Routes, readIpv4Routes, routeTo } from '../io/ipv4-routes.js';
import { localAddressTo } from '../io/local-address.js';
import { formatIpv4, type Ipv4Address, UNSPECIFIED_IPV4 } from '../wire/ipv4.js';

/** To be compared with another; `from` is what the tunnel's socket is bound to. */
export async function wayTo(server: Ipv4Address, from: Ipv4Address): Promise<string> {
  const route = routeTo(parseIpv4Routes(readIpv4Routes()), server);
  const next = route === undefined ? 'no route' : `${route.interfaceName}, ${formatIpv4(route.gateway)}`;
  return `${await sourceOf(server, from)}, ${next}`;
}

async function sourceOf(server: Ipv4Address, from: Ipv4Address): Promise<string> {
  if (from !== UNSPECIFIED_IPV4) return readHostAddresses().ipv4.includes(from) ? formatIpv4(from) : 'gone';
  const local = await localAddressTo(server);
  return local.ok ? formatIpv4(local.address) : local.errno;
}
