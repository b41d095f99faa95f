/** Saves one state after the other, and says which is done, until somebody kills it. */
import { readEntry, type ServerEntry } from '../../../daemon/config/server-entry.js';
import { StateFile } from '../../../daemon/service/servers/state-file.js';

const file = new StateFile(process.argv[2] ?? '', (_, message) => process.stderr.write(`${message}\n`));

function servers(count: number): ServerEntry[] {
  return Array.from({ length: count }, (_, n) => readEntry(`server${n}.example`, {})).flatMap((read) =>
    read.ok ? [read.entry] : [],
  );
}

for (let number = 1; ; number += 1) {
  await file.save({ enabled: true, choice: undefined, servers: servers(number % 50) });
  process.stdout.write(`${number}\n`);
}
