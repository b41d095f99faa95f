/** What the user can set in the app; the main process keeps it, and its word is what is shown. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { MessageKey } from '../../shared/messages.js';
import { NOTICE_KINDS, type NoticeKind, type SettingsChange, type Settings as Values } from '../../shared/settings.js';
import { useApp } from '../app-context.js';
import { faultWords } from '../event-words.js';

const NOTICES: { readonly [K in NoticeKind]: MessageKey & `settings.notify.${K}` } = {
  qualified: 'settings.notify.qualified',
  lost: 'settings.notify.lost',
  failed: 'settings.notify.failed',
  'server-switched': 'settings.notify.server-switched',
};

export function Settings(): JSX.Element {
  const { view, say, act, announce } = useApp();
  const { settings, environment } = view;
  const [told, setTold] = useState('');
  const change = async (wanted: SettingsChange): Promise<void> => {
    const changed = await act.changeSettings(wanted);
    if (changed === undefined) return;
    const words = changed.ok
      ? say('settings.saved')
      : say('settings.not-saved', { sentence: faultWords(environment.locale, changed.fault) });
    setTold(words);
    announce(words);
  };
  return (
    <div class="view">
      <div class="view-head">
        <h1>{say('settings.title')}</h1>
        <p class="hint">{told}</p>
      </div>
      <Group title={say('settings.notifications')}>
        {NOTICE_KINDS.map((kind) => (
          <Switch
            key={kind}
            id={`notify-${kind}`}
            label={say(NOTICES[kind])}
            isOn={settings.notices[kind]}
            change={(isOn) => void change({ notices: { ...settings.notices, [kind]: isOn } })}
          />
        ))}
      </Group>
      <Group title={say('settings.session')}>
        <Switch
          id="start-at-login"
          label={say('settings.autostart')}
          hint={say(environment.tray === 'absent' ? 'tray.no-tray' : 'settings.autostart.hint')}
          isOn={settings.startAtLogin}
          change={(startAtLogin) => void change({ startAtLogin })}
        />
      </Group>
      <Group title={say('settings.appearance')}>
        <Choice
          id="language"
          label={say('settings.language')}
          value={settings.language}
          options={[
            ['system', say('settings.language.system')],
            ['en', 'English'],
            ['de', 'Deutsch'],
          ]}
          change={(language) => void change({ language })}
        />
        <Choice
          id="theme"
          label={say('settings.theme')}
          value={settings.theme}
          options={[
            ['system', say('settings.theme.system')],
            ['light', say('settings.theme.light')],
            ['dark', say('settings.theme.dark')],
          ]}
          change={(theme) => void change({ theme })}
        />
        <Choice
          id="panel"
          label={say('settings.panel')}
          value={settings.panel}
          options={[
            ['system', say('settings.panel.system')],
            ['light', say('settings.panel.light')],
            ['dark', say('settings.panel.dark')],
          ]}
          change={(panel) => void change({ panel })}
        />
      </Group>
      <p class="hint about">{say('settings.about', { version: environment.appVersion })}</p>
    </div>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <fieldset class="card settings-group">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface SwitchProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly isOn: boolean;
  readonly change: (isOn: boolean) => void;
}

function Switch({ id, label, hint, isOn, change }: SwitchProps): JSX.Element {
  return (
    <div class="setting">
      <div>
        <label for={id}>{label}</label>
        {hint !== undefined && (
          <p class="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        id={id}
        checked={isOn}
        aria-checked={isOn}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onClick={(event) => {
          // It turns when the main process says so.
          event.preventDefault();
          change(!isOn);
        }}
      />
    </div>
  );
}

interface ChoiceProps<Name extends string> {
  readonly id: string;
  readonly label: string;
  readonly value: Name;
  readonly options: readonly (readonly [name: Name, label: string])[];
  readonly change: (name: Name) => void;
}

function Choice<Name extends Values['language'] | Values['theme']>(props: ChoiceProps<Name>): JSX.Element {
  const { id, label, value, options, change } = props;
  return (
    <div class="setting">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => {
          const wanted = options.find(([name]) => name === event.currentTarget.value);
          event.currentTarget.value = value;
          if (wanted !== undefined) change(wanted[0]);
        }}
      >
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
