/** Addresses and measures of the tunnel. */
import type { JSX } from 'preact';
import type { Snapshot } from '../../../dbus/snapshot.js';
import { snapshotIn } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import { firewallWords } from '../firewall-words.js';
import { natWords } from '../nat-words.js';
import { CopyButton } from '../parts/copy-button.js';
import { Fact } from '../parts/facts.js';
import { Foreign } from '../parts/foreign.js';
import { useNow } from '../parts/use-now.js';

type Endpoint = Snapshot['mapped'];

export const endpointText = (endpoint: Endpoint): string | undefined =>
  endpoint === undefined ? undefined : `${endpoint.address}:${endpoint.port}`;

export function Details(): JSX.Element {
  const { view, say } = useApp();
  const snapshot = snapshotIn(view);
  const mapped = endpointText(snapshot?.mapped);
  return (
    <section class="card" aria-labelledby="details">
      <h2 id="details">{say('details.title')}</h2>
      <dl class="facts">
        <Fact name={say('details.address')} isWide isTall>
          <Foreign text={snapshot?.address} isMono />
          <CopyButton text={snapshot?.address} label={say('details.copy-address')} />
        </Fact>
        <Fact name={say('details.server')} isWide isTall>
          <Server snapshot={snapshot} />
        </Fact>
        <Fact name={say('details.nat')} isWide isTall>
          <Foreign text={snapshot?.nat === undefined ? undefined : natWords(snapshot.nat, say)} />
        </Fact>
        <Fact name={say('details.mapped')} isWide>
          <Foreign text={mapped} isMono />
          <CopyButton text={mapped} label={say('details.copy-mapped')} />
        </Fact>
        <Fact name={say('details.local')} isWide>
          <Foreign text={endpointText(snapshot?.local)} isMono />
        </Fact>
        <Measures snapshot={snapshot} />
      </dl>
    </section>
  );
}

function Server({ snapshot }: { readonly snapshot: Snapshot | undefined }): JSX.Element {
  const { say } = useApp();
  const { server, serverAddress, serverChoice } = snapshot ?? {};
  if (server === undefined) return <Foreign text={undefined} />;
  return (
    <span>
      <Foreign text={server} />
      {serverAddress !== undefined && serverAddress !== server && (
        <span class="soft">
          {' '}
          <Foreign text={serverAddress} isMono />
        </span>
      )}
      {serverChoice === 'auto' && <span class="pill">{say('server.auto')}</span>}
    </span>
  );
}

function Measures({ snapshot }: { readonly snapshot: Snapshot | undefined }): JSX.Element {
  const { say, figures, samples } = useApp();
  const now = useNow();
  // These change without a signal: the samples are newer than the snapshot.
  const latest = snapshot?.state === 'qualified' ? samples.at(-1) : undefined;
  const roundTrip = latest?.roundTrip ?? snapshot?.roundTrip;
  const contact = latest?.lastServerContact ?? snapshot?.lastServerContact;
  const { mtu } = snapshot ?? {};
  return (
    <>
      <Fact name={say('details.round-trip')}>
        <Foreign text={snapshot === undefined || roundTrip === undefined ? undefined : figures.roundTrip(roundTrip)} />
      </Fact>
      <Fact name={say('details.contact')}>
        <Foreign
          text={
            snapshot === undefined || contact === undefined
              ? undefined
              : say('details.contact.value', { duration: figures.duration(now - contact) })
          }
        />
      </Fact>
      <Fact name={say('details.interface')}>
        <Foreign text={snapshot?.interface?.name} isMono />
      </Fact>
      <Fact name={say('details.mtu')}>
        <Foreign text={mtu === undefined ? undefined : say('details.mtu.value', { bytes: mtu })} />
      </Fact>
      <Fact name={say('details.firewall')} isWide>
        <Foreign text={snapshot?.firewall === undefined ? undefined : firewallWords(snapshot.firewall, say)} />
      </Fact>
    </>
  );
}
