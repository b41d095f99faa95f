/** What the app has called, for the test to look at. */
export interface Recorded {
  readonly call: string;
  readonly values: readonly unknown[];
}

const calls: Recorded[] = [];
export const recorded: readonly Recorded[] = calls;

export function record(call: string, ...values: readonly unknown[]): void {
  calls.push({ call, values });
}
