/** What an engine writes to its standard error. */
import type { Readable } from 'node:stream';
import type { Log } from './log.js';

/** BOUNDED: bytes that go to the log, for each engine. */
const COMPLAINT_LIMIT = 4096;

/** A crash report is for the log; a stream of text from a hostile engine is not. */
export function logComplaints(stream: Readable | null, log: Log): void {
  let left = COMPLAINT_LIMIT;
  stream?.on('data', (chunk: Buffer) => {
    const text = chunk.subarray(0, left).toString('utf8');
    left -= Math.min(left, chunk.length);
    for (const line of text.split('\n')) {
      const printable = line.replace(/[^\x20-\x7e]/g, '?').trim();
      if (printable !== '') log('warning', `engine: ${printable}`);
    }
  });
}
