/** What is wrong with a configuration file: where, what, and what would be right. */

export interface Fault {
  /** 'warning' does not keep the program from starting. */
  readonly severity: 'error' | 'warning';
  readonly code: FaultCode;
  readonly file: string;
  /** Counted from 1; 0 when the fault is no line's (a directive that is missing). */
  readonly line: number;
  /** As written in the table of directives; '' when there is none. */
  readonly directive: string;
  /** One sentence: what is wrong, and what is allowed. */
  readonly sentence: string;
}

export type FaultCode =
  | 'unreadable'
  | 'unknown-directive'
  | 'missing-value'
  | 'extra-words'
  | 'bad-value'
  | 'odd-value'
  | 'obsolete'
  | 'duplicate'
  | 'wrong-mode'
  | 'missing-directive'
  | 'quote';

/** The place as compilers print it, so that editors find it: file:line: sentence. */
export function formatFault(fault: Fault): string {
  return `${placeOf(fault)}: ${fault.sentence}`;
}

/** The same with the severity, for a reader who has no other sign of it. */
export function formatWithSeverity(fault: Fault): string {
  return `${placeOf(fault)}: ${fault.severity}: ${fault.sentence}`;
}

const placeOf = ({ file, line }: Fault): string => (line > 0 ? `${file}:${line}` : file);
