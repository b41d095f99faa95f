/**
 * A network that a laptop is plugged into: this namespace is the laptop, with one cable (`eth7`); the one at its other end
 * is the Internet: a router with DHCP and, when asked to, IPv6; and a Teredo server.
 *
 *     laptop eth7 ──── p7 192.0.2.1, 198.51.100.1   lo 203.0.113.10, 203.0.113.11
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOf, PRIMARY, Running, SECONDARY } from '../daemon/stage.js';
import { ip } from '../support/tun.js';

export const CABLE = 'eth7';
const FAR_END = 'p7';
const FAR = 'far';
/** Where {@link NetworkWorld.startPortal} has its page. */
export const PORTAL = 'http://192.0.2.1/';
/** First three numbers of the addresses that DHCP gives. */
export type Subnet = '192.0.2' | '198.51.100';

interface Served {
  stop(): Promise<void>;
}

function serve(command: string, words: readonly string[]): Served {
  const child: ChildProcess = spawn('ip', ['netns', 'exec', FAR, command, ...words], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const far = (...words: string[]): string => ip('-n', FAR, ...words);

export class NetworkWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), 'miredo-world-'));
  #dhcp: Served | undefined;
  #router: Served | undefined;
  #vpn: Served | undefined;
  #portal: Running | undefined;
  #server: Running | undefined;

  /** The namespace's own cable goes: there is to be no other network. */
  constructor() {
    ip('link', 'del', 'eth0');
    ip('netns', 'add', FAR);
    ip('link', 'add', CABLE, 'type', 'veth', 'peer', 'name', FAR_END, 'netns', FAR);
    for (const address of ['192.0.2.1/24', '198.51.100.1/24']) far('address', 'add', address, 'dev', FAR_END);
    for (const address of [PRIMARY, SECONDARY]) far('address', 'add', `${address}/32`, 'dev', 'lo');
    // A router is there before who is plugged in. Here both ends come up at once, so it does not test its address first.
    this.inside('sysctl', '-q', '-w', `net.ipv6.conf.${FAR_END}.dad_transmits=0`);
    for (const name of ['lo', FAR_END]) far('link', 'set', name, 'up');
    this.inside('sysctl', '-q', '-w', 'net.ipv6.conf.all.forwarding=1');
  }

  /** Runs a program to its end on the Internet's side. */
  inside(...words: string[]): string {
    return execFileSync('ip', ['netns', 'exec', FAR, ...words], { encoding: 'utf8' });
  }

  async startServer(): Promise<void> {
    const config = join(this.#folder, 'server.conf');
    writeFileSync(config, `ServerBindAddress ${PRIMARY}\n`);
    const words = ['-f', '-c', config, '-p', join(this.#folder, 'server.pid')];
    this.#server = new Running('ip', ['netns', 'exec', FAR, fileOf('miredo-server'), ...words], false);
    await this.#server.line(/serving on port 3544/);
  }

  /** In place of what gave addresses before. */
  async startDhcp(subnet: Subnet): Promise<void> {
    await this.#dhcp?.stop();
    const range = `--dhcp-range=${subnet}.50,${subnet}.60,255.255.255.0,2m`;
    const files = [
      `--dhcp-leasefile=${join(this.#folder, 'leases')}`,
      `--pid-file=${join(this.#folder, 'dnsmasq.pid')}`,
    ];
    const words = ['--no-daemon', '--conf-file=/dev/null', '--port=0', `--interface=${FAR_END}`, '--bind-interfaces'];
    // Who has an address asks soon whether it still holds.
    const options = [`router,${subnet}.1`, 'T1,3', 'T2,6'].map((option) => `--dhcp-option=option:${option}`);
    const more = ['--dhcp-authoritative', '--no-ping', '--user=root', ...options];
    this.#dhcp = serve('dnsmasq', [...words, range, ...files, ...more]);
  }

  /** Advertises a prefix, and itself as a router. */
  startIpv6(): void {
    const config = join(this.#folder, 'radvd.conf');
    const timing = 'AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;';
    writeFileSync(config, `interface ${FAR_END} { ${timing} prefix 2001:db8:7::/64 { }; };\n`);
    execFileSync('chmod', ['644', config]);
    const words = ['--nodaemon', `--config=${config}`, `--pidfile=${join(this.#folder, 'radvd.pid')}`];
    this.#router = serve('radvd', [...words, '--logmethod=none']);
  }

  /** Says farewell, as a router that is switched off in order does: its default route is gone at once. */
  async stopIpv6(): Promise<void> {
    await this.#router?.stop();
    this.#router = undefined;
  }

  /** Counts what arrives for the Teredo server from now on. */
  countDatagrams(): () => number {
    const table = 'ip seen';
    this.inside('sh', '-c', `nft delete table ${table} 2>/dev/null || true`);
    this.inside('nft', `table ${table} { chain in { type filter hook input priority 0; udp dport 3544 counter; }; }`);
    return () => Number(/packets (\d+)/.exec(this.inside('nft', 'list', 'table', 'ip', 'seen'))?.[1]);
  }

  /** The other end of a VPN, with a key that both share; its addresses are public ones, as of a host without a NAT. */
  startVpn(): { readonly key: string; readonly own: string; readonly peer: string; readonly gateway: string } {
    const key = join(this.#folder, 'vpn.key');
    execFileSync('openvpn', ['--genkey', 'secret', key]);
    execFileSync('chmod', ['-R', 'go+rX', this.#folder]);
    const [own, peer, gateway] = ['203.0.113.66', '203.0.113.65', '192.0.2.1'];
    const words = `--dev tun --proto udp --local ${gateway} --ifconfig ${peer} ${own} --cipher AES-256-CBC`.split(' ');
    this.#vpn = serve('openvpn', [...words, '--secret', key]);
    return { key, own, peer, gateway };
  }

  /** Answers every question with a page of its own, as the network of a hotel does. */
  async startPortal(): Promise<void> {
    const program = `require('http').createServer((_, page) => page.end('Welcome')).listen(80, () => console.error('on'))`;
    this.#portal = new Running('ip', ['netns', 'exec', FAR, process.execPath, '-e', program], false);
    await this.#portal.line(/on/);
  }

  async close(): Promise<void> {
    await this.stopIpv6();
    await this.#vpn?.stop();
    await this.#portal?.stop('SIGKILL');
    await this.#dhcp?.stop();
    await this.#server?.stop('SIGKILL');
    ip('netns', 'del', FAR);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
