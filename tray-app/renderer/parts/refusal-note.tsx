/** A request that was not granted: above the view's foot, where it moves nothing. */
import type { JSX } from 'preact';
import { useApp } from '../app-context.js';
import { faultWords, taskWords } from '../event-words.js';
import { Button } from './button.js';
import { StateMark } from './state-mark.js';

export function RefusalNote(): JSX.Element {
  const { view, say, act } = useApp();
  const { refusal } = view;
  return (
    <div class="refusal-place" role="alert">
      {refusal !== undefined && (
        <div class="refusal">
          <StateMark mark="bad" size={22} />
          <div>
            <p class="refusal-task foreign">
              {say('refusal.title', { task: taskWords(refusal.task, refusal.subject, say) })}
            </p>
            <p class="foreign">{faultWords(view.environment.locale, refusal.fault)}</p>
          </div>
          <Button onPress={act.dismissRefusal} id="dismiss">
            {say('dialog.close')}
          </Button>
        </div>
      )}
    </div>
  );
}
