/** Why a tunnel that is wanted waits all the same, until what holds it goes by itself. */
import { reasonOf } from '../protocol/reasons.js';
import type { Reason } from '../protocol/tunnel-state.js';

/** The first one that applies is what people are told. */
const HOLD_CODES = ['asleep', 'network-policy', 'native-ipv6'] as const;

export type HoldCode = (typeof HOLD_CODES)[number];

export class Holds {
  /** BOUNDED: by the codes there are. */
  readonly #held = new Set<HoldCode>();
  readonly #changed: () => void;

  /** `changed` is called when the reason is another, or goes. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** undefined when nothing holds the tunnel. */
  get reason(): Reason | undefined {
    const code = this.#first;
    return code === undefined ? undefined : reasonOf(code);
  }

  /** Idempotent. */
  set(code: HoldCode, isHeld: boolean): void {
    const before = this.#first;
    if (isHeld) this.#held.add(code);
    else this.#held.delete(code);
    if (this.#first !== before) this.#changed();
  }

  get #first(): HoldCode | undefined {
    return HOLD_CODES.find((code) => this.#held.has(code));
  }
}
