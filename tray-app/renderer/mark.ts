/** Names of the shapes that show a state or a verdict (parts/state-mark.tsx). */

/** `bad` is a triangle, `stop` an octagon: a warning and a fault in a list of both. */
export type Mark = 'off' | 'waiting' | 'busy' | 'good' | 'limited' | 'half' | 'bad' | 'stop' | 'skipped' | 'absent';
