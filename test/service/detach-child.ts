/** A daemon for tests: detach-child.js WHAT [FILE [LIMIT]]. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { detach, detachedStart } from '../../daemon/service/detach.js';

const [what = '', file = '', limit] = process.argv.slice(2);
const start = detachedStart();
if (start === undefined) {
  const options = { program: 'demo', words: process.argv.slice(2) };
  process.exit(await detach(limit === undefined ? options : { ...options, limit: Number(limit) }));
}

function descriptors(): string[] {
  const byNumber = readdirSync('/proc/self/fd').sort((a, b) => Number(a) - Number(b));
  return byNumber
    .filter((fd) => existsSync(`/proc/self/fdinfo/${fd}`))
    .map((fd) => `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`);
}

/** What the process is like; written last, so that whoever waits for the file has all of it. */
function writeFacts(): void {
  const stat = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
  const facts = {
    pid: process.pid,
    session: Number(stat[3]),
    terminal: Number(stat[4]),
    directory: process.cwd(),
    umask: process.umask(),
    variables: Object.keys(process.env).filter((name) => name.startsWith('MIREDO')),
    words: process.argv.slice(2),
    descriptors: descriptors(),
  };
  writeFileSync(file, JSON.stringify(facts));
}

setTimeout(() => process.exit(99), 30_000); // never left over

switch (what) {
  case 'ready':
    start.report('demo: warning: odd');
    start.ready();
    start.report('demo: unheard');
    writeFacts();
    break;
  case 'quiet':
    start.ready();
    process.exit(0);
    break;
  case 'fail':
    start.report('demo: error: first');
    start.report('demo: error: no\nprivilege');
    process.exit(7);
    break;
  case 'vanish':
    process.exit(0);
    break;
  case 'crash':
    process.kill(process.pid, 'SIGKILL');
    break;
  case 'slow':
    process.on('SIGTERM', () => process.exit(0));
    writeFacts();
    break;
  case 'stubborn':
    process.on('SIGTERM', () => {});
    writeFacts();
    break;
}
