/** Why a tunnel that is wanted waits all the same, until what holds it goes by itself. */
import { SENTENCES } from '../protocol/reasons.js';
import type { Reason } from '../protocol/tunnel-state.js';

/** The first one that applies is what people are told. */
const HOLD_CODES = ['asleep', 'network-policy', 'native-ipv6'] as const;

export type HoldCode = (typeof HOLD_CODES)[number];

export class Holds {
  /** The sentence of each. BOUNDED: by the codes there are. */
  readonly #held = new Map<HoldCode, string>();
  readonly #changed: () => void;

  /** `changed` is called when the reason is another, or goes. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** undefined when nothing holds the tunnel. */
  get reason(): Reason | undefined {
    const code = HOLD_CODES.find((each) => this.#held.has(each));
    return code === undefined ? undefined : { code, sentence: this.#held.get(code) ?? SENTENCES[code] };
  }

  /** Idempotent. `sentence`: for one that says more than that of the code. */
  set(code: HoldCode, isHeld: boolean, sentence: string = SENTENCES[code]): void {
    const before = this.reason;
    if (isHeld) this.#held.set(code, sentence);
    else this.#held.delete(code);
    const after = this.reason;
    if (after?.code !== before?.code || after?.sentence !== before?.sentence) this.#changed();
  }
}
