/** Why a tunnel that is wanted waits all the same, until what holds it goes by itself. */
import { reasonOf } from '../protocol/reasons.js';
import type { Reason } from '../protocol/tunnel-state.js';

/** The first one that applies is what people are told. */
const HOLD_CODES = ['asleep', 'network-policy', 'native-ipv6'] as const;

export type HoldCode = (typeof HOLD_CODES)[number];

export class Holds {
  /** BOUNDED: by the codes there are. */
  readonly #held = new Map<HoldCode, Reason>();
  readonly #changed: () => void;

  /** `changed` is called when the reason is another, or goes. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** undefined when nothing holds the tunnel. */
  get reason(): Reason | undefined {
    const code = HOLD_CODES.find((each) => this.#held.has(each));
    return code && this.#held.get(code);
  }

  /** Idempotent. `sentence`: where there is more to say than the code does. */
  set(code: HoldCode, isHeld: boolean, sentence = reasonOf(code).sentence): void {
    const before = this.reason;
    if (isHeld) this.#held.set(code, { code, sentence });
    else this.#held.delete(code);
    if (this.reason?.code !== before?.code || this.reason?.sentence !== before?.sentence) this.#changed();
  }
}
