/**
 * Our programs with less offloading than the kernel grants: copies of the bundles that begin by narrowing what the
 * addon is asked for. The programs themselves have no such switch.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TUN_OFFLOADS, type TunOffload } from '../../daemon/io/descriptors.js';
import {
  OFFLOAD_JOIN_TCP,
  OFFLOAD_JOIN_UDP,
  OFFLOAD_RECEIVE_RUNS,
  OFFLOAD_SEND_RUNS,
} from '../../daemon/io/native-addon.js';

export interface Variant {
  readonly name: string;
  readonly tun: TunOffload;
  /** OFFLOAD bits that the packet path does without. */
  readonly without: number;
}

const ALL = OFFLOAD_RECEIVE_RUNS | OFFLOAD_SEND_RUNS | OFFLOAD_JOIN_TCP | OFFLOAD_JOIN_UDP;

export const VARIANTS: readonly Variant[] = [
  { name: 'all-offloads', tun: 'udp', without: 0 },
  { name: 'tun-tcp', tun: 'tcp', without: 0 },
  { name: 'tun-checksum', tun: 'checksum', without: 0 },
  { name: 'tun-header', tun: 'header', without: 0 },
  { name: 'tun-none', tun: 'none', without: 0 },
  { name: 'no-receive-runs', tun: 'udp', without: OFFLOAD_RECEIVE_RUNS },
  { name: 'no-send-runs', tun: 'udp', without: OFFLOAD_SEND_RUNS },
  { name: 'no-join', tun: 'udp', without: OFFLOAD_JOIN_TCP | OFFLOAD_JOIN_UDP },
  { name: 'nothing', tun: 'none', without: ALL },
];

/** Seen from build/test/bench. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = join(ROOT, 'build/soak');

/**
 * Runs in the bundle before anything of it loads the addon. Its functions are not enumerable. It tells the log what the
 * device gave, what the path was asked for, and packets that were refused (SEND_REFUSED and DELIVER_REFUSED of the
 * counters).
 */
const prelude = ({ tun, without }: Variant): string => `const soakModule = require('node:module');
const soakLoad = soakModule._load;
soakModule._load = function (request, ...rest) {
  const addon = soakLoad.call(this, request, ...rest);
  if (!String(request).endsWith('packet_path.node')) return addon;
  const say = (text) => require('node:fs').writeSync(2, 'soak: ' + text + '\\n');
  const openTun = (name, offload, several) => {
    const device = addon.openTun(name, Math.min(offload, ${TUN_OFFLOADS.indexOf(tun)}), several);
    say('tun ' + device.offload);
    return device;
  };
  const openPath = (...words) => {
    const offload = words[5] & ~${without};
    const { counters } = words[0];
    let refused = 0;
    const look = () => {
      if (counters[3] + counters[4] === refused) return;
      refused = counters[3] + counters[4];
      say('refused ' + refused);
    };
    setInterval(look, ${REPORT_INTERVAL}).unref();
    say('path ' + offload);
    return addon.openPath(...words.slice(0, 5), offload, ...words.slice(6));
  };
  return Object.create(addon, { openTun: { value: openTun }, openPath: { value: openPath } });
};
`;

/** How often a program says what was refused. */
export const REPORT_INTERVAL = 100;

/** In what a program of a variant was not what it should have been, by its log, which was `start` long at first. */
export function faultOf({ tun, without }: Variant, log: string, start: number): string | undefined {
  const wanted = { tun: String(TUN_OFFLOADS.indexOf(tun)), path: String(ALL & ~without), refused: '' };
  for (const [what, value] of Object.entries(wanted)) {
    // A device that is not up yet refuses packets.
    const text = what === 'refused' ? log.slice(start) : log;
    const said = new Set([...text.matchAll(new RegExp(`soak: ${what} (\\S+)`, 'g'))].map(([, word]) => word));
    if ([...said].join() !== value) return `${what} "${[...said]}" instead of "${value}"`;
  }
  return undefined;
}

/** Where the programs of a variant are; they find the addon as those of build/bin do. */
export function plantPrograms(variant: Variant): string {
  const home = join(FOLDER, variant.name);
  const bin = join(home, 'build/bin');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, 'build'), { recursive: true });
  cpSync(join(ROOT, 'build/bin'), bin, { recursive: true, dereference: true });
  symlinkSync(join(ROOT, 'daemon'), join(home, 'daemon'));
  for (const name of readdirSync(bin).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(join(bin, name), 'utf8');
    const [, shebang = ''] = /^(#!.*\n)/.exec(text) ?? [];
    writeFileSync(join(bin, name), shebang + prelude(variant) + text.slice(shebang.length), { mode: 0o755 });
  }
  return bin;
}
