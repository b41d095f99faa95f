import type { JSX } from 'preact';
import type { ServerEntry } from '../../../dbus/snapshot.js';
import { snapshotIn } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import { Button } from '../parts/button.js';
import { Dialog } from '../parts/dialog.js';

interface RemoveServerProps {
  readonly server: ServerEntry;
  readonly close: () => void;
}

export function RemoveServer({ server, close }: RemoveServerProps): JSX.Element {
  const { view, say, act } = useApp();
  const isChosen = snapshotIn(view)?.serverChoice === server.name;
  return (
    <Dialog title={say('servers.remove.title', { name: server.name })} close={close}>
      <p>{say('servers.remove.text')}</p>
      {isChosen && <p>{say('servers.remove.used')}</p>}
      <div class="row-of-buttons">
        <Button onPress={close}>{say('dialog.cancel')}</Button>
        <Button
          kind="danger"
          onPress={() => {
            act.removeServer(server.name);
            close();
          }}
        >
          {say('servers.remove')}
        </Button>
      </div>
    </Dialog>
  );
}
