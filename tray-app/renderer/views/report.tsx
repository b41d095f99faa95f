/** The problem report: read it first, then copy or save it. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../app-context.js';
import { faultWords } from '../event-words.js';
import { Button } from '../parts/button.js';
import { Dialog } from '../parts/dialog.js';

export function Report({ close }: { readonly close: () => void }): JSX.Element {
  const { say, act, announce, view } = useApp();
  // Whoever does not look twice sends no addresses.
  const [isHidden, setHidden] = useState(true);
  const [text, setText] = useState<string | undefined>(undefined);
  const [told, setTold] = useState('');
  useEffect(() => {
    let isLate = false;
    setText(undefined);
    void act.composeReport(isHidden).then((report) => {
      if (!isLate) setText(report);
    });
    return () => {
      isLate = true;
    };
  }, [isHidden, act]);
  const tell = (words: string): void => {
    setTold(words);
    announce(words);
  };
  const copy = async (): Promise<void> => {
    if (text !== undefined) tell(say((await act.copy(text)) ? 'report.copied' : 'copy.failed'));
  };
  const save = async (): Promise<void> => {
    const saved = await act.saveReport(isHidden);
    if (saved === undefined) return;
    if (!saved.ok) tell(say('report.not-saved', { sentence: faultWords(view.environment.locale, saved.fault) }));
    else if (saved.value !== 'cancelled') tell(say('report.saved', { path: saved.value.path }));
  };
  return (
    <Dialog title={say('report.title')} close={close} isWide>
      <p class="hint">{say('report.text')}</p>
      <div class="check">
        <input
          type="checkbox"
          id="report-hide"
          checked={isHidden}
          aria-describedby="report-hide-hint"
          onChange={(event) => setHidden(event.currentTarget.checked)}
        />
        <div>
          <label for="report-hide">{say('report.hide')}</label>
          <p class="hint" id="report-hide-hint">
            {say('report.hide.hint')}
          </p>
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrows. */}
      <section class="report" aria-label={say('report.preview')} tabIndex={0}>
        <pre class="selectable mono">{text ?? ''}</pre>
      </section>
      <p class="hint told foreign">{told}</p>
      <div class="row-of-buttons">
        <Button onPress={close}>{say('dialog.close')}</Button>
        <Button glyph="copy" isOff={text === undefined} onPress={() => void copy()}>
          {say('report.copy')}
        </Button>
        <Button kind="primary" isOff={text === undefined} onPress={() => void save()}>
          {say('report.save')}
        </Button>
      </div>
    </Dialog>
  );
}
