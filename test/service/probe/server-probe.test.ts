/** Servers asked from behind each NAT of the lab: by the real probe, of our server and of C miredo's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Measurement, ProbeResult } from '../../../daemon/service/probe/server-probe.js';
import { labSkip } from '../../lab/availability.js';
import type { Implementation } from '../../lab/implementation.js';
import { createLab, type Lab } from '../../lab/lab.js';
import { NAT_TYPES } from '../../lab/nat.js';
import type { Place } from '../../lab/topology.js';
import { v4 } from '../../protocol/rig.js';

const CHILD = fileURLToPath(new URL('./probe-child.js', import.meta.url));
const [PRIMARY, SECONDARY, NOBODY] = ['203.0.113.10', '203.0.113.11', '203.0.113.30'];

interface Said extends Measurement {
  readonly heard: readonly ProbeResult[];
  readonly complaints: readonly string[];
}

async function probe(lab: Lab, place: Place, ...words: string[]): Promise<Said> {
  const { code, stdout, stderr } = await lab.run(place, [process.execPath, CHILD, ...words]);
  assert.equal(code, 0, stderr);
  const said = JSON.parse(stdout) as Said;
  assert.deepEqual(said.complaints, []);
  return said;
}

for (const who of ['ours', 'c'] as const satisfies readonly Implementation[]) {
  describe(`probes of ${who === 'ours' ? 'our server' : 'C miredo-server'}`, { skip: labSkip('ours', who) }, () => {
    test('behind each NAT: reachable, both addresses, mapping and filtering', { timeout: 60_000 }, async () => {
      const lab = await createLab({ nats: NAT_TYPES });
      try {
        await lab.startServer(who);
        const all = NAT_TYPES.map((_, i) => probe(lab, lab.client(i), '--cone', `one=${PRIMARY}`));
        for (const [i, { results, sightings, heard }] of (await Promise.all(all)).entries()) {
          const type = NAT_TYPES[i];
          const [result] = results;
          const [sighting] = sightings;
          assert.equal(result?.reachable, true, type);
          assert.equal(result.secondary, true, type);
          assert.equal(result.fault, undefined);
          assert.equal(result.address, v4(PRIMARY));
          assert.ok(Number(result.roundTrip) > 0 && Number(result.roundTrip) < 5_000_000, String(result.roundTrip));
          assert.deepEqual(heard, results);
          assert.equal(sighting?.mapped?.address, v4(lab.topology.nats[i]?.ipv4[0] ?? ''));
          assert.equal(sighting.cone, type === 'full-cone' ? 'secondary' : 'none', type);
          assert.equal(sighting.mapped.port === sighting.mappedBySecondary?.port, type !== 'symmetric', type);
        }
      } finally {
        await lab.dispose();
      }
    });
  });
}

describe('probes', { skip: labSkip('ours') }, () => {
  test('a silent server, a silent secondary, several names, private addresses, names', {
    timeout: 60_000,
  }, async () => {
    const lab = await createLab({ nats: ['port-restricted'] });
    try {
      await lab.startServer('ours');
      const words = [
        `good=${PRIMARY}`,
        `same=${PRIMARY},${SECONDARY}`,
        `half=${PRIMARY},${NOBODY}`,
        `dead=${NOBODY}`,
        'nameless=no.such.name.invalid',
      ];
      const { results } = await probe(lab, lab.client(0), ...words);
      const shown = results.map(({ name, reachable, secondary, fault }) => [name, reachable, secondary, fault?.code]);
      assert.deepEqual(shown, [
        ['good', true, true, undefined],
        ['same', true, true, undefined],
        ['half', true, false, 'secondary-silent'],
        ['dead', false, false, 'server-silent'],
        ['nameless', false, false, 'dns-failed'],
      ]);
      assert.equal((await lab.run(lab.client(0), ['ip', 'route', 'del', 'default'])).code, 0);
      const cut = await probe(lab, lab.client(0), `good=${PRIMARY}`);
      assert.equal(cut.results[0]?.fault?.code, 'no-network');
    } finally {
      await lab.dispose();
    }
  });

  test('a server that only echoes, and one that answers from elsewhere, are silent', { timeout: 60_000 }, async () => {
    const lab = await createLab({ nats: ['full-cone'] });
    try {
      // Sends back what it gets: the right address, port and nonce, but no advertisement.
      const socket = `const s=require('dgram').createSocket('udp4');s.on('message',(m,r)=>s.send(m,r.port,r.address));s.bind(3544,'${PRIMARY}')`;
      const echo = lab.spawn(lab.server, [process.execPath, '-e', socket]);
      const { results } = await probe(lab, lab.client(0), `echo=${PRIMARY}`);
      assert.equal(results[0]?.fault?.code, 'server-silent', echo.log());
    } finally {
      await lab.dispose();
    }
  });
});
