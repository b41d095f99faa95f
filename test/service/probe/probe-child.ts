/** Asks servers from where it runs, and prints what it heard: `NAME=PRIMARY[,SECONDARY]` each, `--cone` first or not. */
import { serverName } from '../../../daemon/config/values.js';
import { planConfinement } from '../../../daemon/service/privilege.js';
import { measure, type ProbeResult, type ProbeTarget } from '../../../daemon/service/probe/server-probe.js';

const cone = process.argv[2] === '--cone';

const nameOf = (text: string) => {
  const read = serverName(text);
  if (read.ok) return read.value;
  throw new Error(read.problem);
};

const targets = process.argv.slice(cone ? 3 : 2).map((word): ProbeTarget => {
  const [name = '', addresses = ''] = word.split('=');
  const [primary = '', secondary] = addresses.split(',');
  return { name, primary: nameOf(primary), secondary: secondary === undefined ? undefined : nameOf(secondary) };
});

const plan = planConfinement({ user: undefined, chroot: undefined });
if (!plan.ok) throw new Error(plan.sentence);
const heard: ProbeResult[] = [];
const complaints: string[] = [];
const { results, sightings, localPort } = await measure(
  targets,
  { user: plan.confinement, log: (_, message) => complaints.push(message), heard: (result) => heard.push(result) },
  cone,
);
process.stdout.write(JSON.stringify({ results, sightings, localPort, heard, complaints }));
