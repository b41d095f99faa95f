/** Asks for a new server. What is plainly wrong is said before the daemon is asked. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { snapshotIn } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import { Button } from '../parts/button.js';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { faultOfHost, faultOfName, faultOfSecondary } from '../server-input.js';

export function AddServer({ close }: { readonly close: () => void }): JSX.Element {
  const { view, say, act } = useApp();
  const [host, setHost] = useState('');
  const [name, setName] = useState('');
  const [secondary, setSecondary] = useState('');
  const [comment, setComment] = useState('');
  const [isTried, setTried] = useState(false);
  const taken = (snapshotIn(view)?.servers ?? []).map((server) => server.name);
  const used = name === '' ? host : name;
  const faults = {
    host: faultOfHost(host),
    name: host === '' && name === '' ? undefined : faultOfName(used, taken),
    secondary: faultOfSecondary(secondary),
  };
  const told = (fault: (typeof faults)[keyof typeof faults]) =>
    isTried && fault !== undefined ? say(fault) : undefined;
  const add = (): void => {
    setTried(true);
    const first = (['host', 'name', 'secondary'] as const).find((key) => faults[key] !== undefined);
    if (first !== undefined) {
      document.getElementById(`add-${first}`)?.focus();
      return;
    }
    void act.addServer(used, {
      primary: host,
      ...(secondary === '' ? {} : { secondary }),
      ...(comment === '' ? {} : { comment }),
    });
    close();
  };
  return (
    <Dialog title={say('servers.add.title')} close={close}>
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <Field
          id="add-host"
          label={say('servers.add.host')}
          hint={say('servers.add.host.example')}
          value={host}
          change={(text) => setHost(text.trim())}
          complaint={told(faults.host)}
          isNeeded
        />
        <Field
          id="add-name"
          label={say('servers.add.name')}
          hint={say('servers.add.name.hint')}
          value={name}
          change={(text) => setName(text.trim())}
          complaint={told(faults.name)}
        />
        <Field
          id="add-secondary"
          label={say('servers.add.secondary')}
          hint={say('servers.add.secondary.hint')}
          value={secondary}
          change={(text) => setSecondary(text.trim())}
          complaint={told(faults.secondary)}
        />
        <Field id="add-comment" label={say('servers.add.comment')} hint="" value={comment} change={setComment} />
        <div class="row-of-buttons">
          <Button onPress={close}>{say('dialog.cancel')}</Button>
          <button type="submit" class="button primary">
            {say('servers.add.confirm')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
