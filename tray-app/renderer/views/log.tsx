/** What has happened since the app began; the newest on top. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { LogEntry } from '../../shared/log-entry.js';
import { useApp } from '../app-context.js';
import { type EventGroup, eventWords, GROUP_WORDS, GROUPS, groupOf, markOf } from '../event-words.js';
import { Button } from '../parts/button.js';
import { StateMark } from '../parts/state-mark.js';
import { Report } from './report.js';

export function Log(): JSX.Element {
  const { say, log, view, figures } = useApp();
  const { locale } = view.environment;
  const [text, setText] = useState('');
  const [group, setGroup] = useState<EventGroup | 'all'>('all');
  const [isReporting, setReporting] = useState(false);
  const lines = useMemo(
    () =>
      log
        .map((entry) => ({ entry, words: eventWords(entry, locale, say), clock: figures.clock(entry.time) }))
        .reverse(),
    [log, locale, say, figures],
  );
  const wanted = text.trim().toLowerCase();
  const shown = lines.filter(
    ({ entry, words, clock }) =>
      (group === 'all' || groupOf(entry) === group) && `${clock} ${words}`.toLowerCase().includes(wanted),
  );
  return (
    <div class="view view-log">
      <div class="view-head">
        <h1>{say('log.title')}</h1>
        <div class="actions">
          <Button glyph="export" onPress={() => setReporting(true)} id="report">
            {say('log.export')}
          </Button>
        </div>
      </div>
      <search class="filter" aria-label={say('log.filter')}>
        <input
          type="search"
          aria-label={say('log.filter.text')}
          placeholder={say('log.filter.text')}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <select
          aria-label={say('log.filter.kind')}
          value={group}
          onChange={(event) => setGroup(groupNamed(event.currentTarget.value))}
        >
          <option value="all">{say('log.kind.all')}</option>
          {GROUPS.map((name) => (
            <option key={name} value={name}>
              {say(GROUP_WORDS[name])}
            </option>
          ))}
        </select>
        <span class="hint figure" role="status">
          {say('log.count', { shown: shown.length, all: lines.length })}
        </span>
      </search>
      {/* Scrolls by itself, so that the filter stays; reachable by keys for that. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrows. */}
      <div class="card events" role="log" aria-label={say('log.events')} aria-live="off" tabIndex={0}>
        {shown.length === 0 && <p class="soft">{say(lines.length === 0 ? 'log.empty' : 'log.nothing')}</p>}
        <ol>
          {shown.map(({ entry, words, clock }) => (
            <EventRow key={entry.id} entry={entry} words={words} clock={clock} />
          ))}
        </ol>
      </div>
      {isReporting && <Report close={() => setReporting(false)} />}
    </div>
  );
}

const groupNamed = (name: string): EventGroup | 'all' => GROUPS.find((group) => group === name) ?? 'all';

interface EventRowProps {
  readonly entry: LogEntry;
  readonly words: string;
  readonly clock: string;
}

function EventRow({ entry, words, clock }: EventRowProps): JSX.Element {
  const mark = markOf(entry);
  return (
    <li class="event">
      <time class="soft figure" dateTime={new Date(entry.time).toISOString()}>
        {clock}
      </time>
      <span class="event-mark">{mark !== undefined && <StateMark mark={mark} size={16} />}</span>
      <span class="foreign selectable">{words}</span>
    </li>
  );
}
