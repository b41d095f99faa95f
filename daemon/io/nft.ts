/**
 * nft(8), in two ways: asked once; and as a session, whose process stays (`nft -i`, a command a line on its standard
 * input) because the tables that it owns go when it goes. It ends with us, be it that we are killed: then nobody has
 * the other end of its standard input.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { lendCapabilities } from './capabilities.js';
import { findSystemProgram } from './find-program.js';

export interface NftDone {
  readonly ok: true;
}

export interface NftFailure {
  readonly ok: false;
  /** 'exists': there is such a table. 'ended': the session is no more. */
  readonly code: 'no-nft-command' | 'not-permitted' | 'exists' | 'refused' | 'timeout' | 'ended';
  readonly sentence: string;
}

/** Milliseconds; it answers in a few, unless the kernel is busy with somebody else's rules. */
const TIMEOUT = 10_000;
/** BOUNDED: bytes of rules that are read, and of what a session says to one command. */
const LISTING_LIMIT = 8 * 1024 * 1024;
const ANSWER_LIMIT = 64 * 1024;

/** No file of anybody's is read or written: a session would keep a history at home. */
const ENVIRONMENT = { LC_ALL: 'C', HOME: '/dev/null', TERM: 'dumb' };

export const nftMissing = (): NftFailure => ({
  ok: false,
  code: 'no-nft-command',
  sentence: 'The program "nft" is missing. Install the package nftables.',
});

/** What `nft WORDS…` prints; undefined when it cannot be run, fails, takes too long or says too much. */
export function askNft(words: readonly string[]): Promise<string | undefined> {
  const program = findSystemProgram('nft');
  if (program === undefined) return Promise.resolve(undefined);
  const options = {
    cwd: '/',
    env: ENVIRONMENT,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
    maxBuffer: LISTING_LIMIT,
  } as const;
  return new Promise((resolve) => {
    lendCapabilities(['CAP_NET_ADMIN'], () =>
      execFile(program, words, options, (error, stdout) => resolve(error === null ? stdout : undefined)),
    );
  });
}

/** A command that always has an answer, and what is in it: by it the end of the one before is known. */
const LAST_COMMAND = 'describe tcp dport';
const LAST_ANSWER = 'inet_service';

interface Asked {
  readonly settle: (answer: NftDone | NftFailure) => void;
  readonly timer: NodeJS.Timeout;
}

export class NftSession {
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #out = '';
  #errors = '';
  #asked: Asked | undefined;
  #hasEnded = false;

  private constructor(program: string) {
    this.#child = lendCapabilities(['CAP_NET_ADMIN'], () =>
      // In a session of its own: what a terminal sends to all of a group is for us to heed.
      spawn(program, ['-i'], { cwd: '/', env: ENVIRONMENT, detached: true }),
    );
    const { stdin, stdout, stderr } = this.#child;
    stdout?.setEncoding('utf8').on('data', (text: string) => this.#said(text));
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.#errors.length < ANSWER_LIMIT) this.#errors += text;
    });
    // That it is gone is heard by its end.
    stdin?.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#errors += `Error: ${error.message}`;
        this.#end();
        resolve();
      });
      this.#child.on('close', () => {
        this.#end();
        resolve();
      });
    });
  }

  static open(): { readonly ok: true; readonly session: NftSession } | NftFailure {
    const program = findSystemProgram('nft');
    return program === undefined ? nftMissing() : { ok: true, session: new NftSession(program) };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** One command line, which the kernel takes whole or not at all. To be called one after the other. */
  run(line: string): Promise<NftDone | NftFailure> {
    if (this.#hasEnded) return Promise.resolve(this.#failure('ended'));
    this.#out = '';
    this.#errors = '';
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        this.#answer(this.#failure('timeout'));
        this.#child.kill('SIGKILL');
      }, TIMEOUT);
      this.#asked = { settle, timer };
      this.#child.stdin?.write(`${line}\n${LAST_COMMAND}\n`);
    });
  }

  /** Its tables are gone when this resolves. */
  close(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    return this.ended;
  }

  #said(text: string): void {
    if (this.#out.length < ANSWER_LIMIT) this.#out += text;
    if (this.#asked === undefined || !this.#out.includes(LAST_ANSWER)) return;
    // Faults it has told before, on the other stream, which is read in this same turn.
    setImmediate(() => this.#answer(/Error: /.test(this.#errors) ? this.#failure() : { ok: true }));
  }

  #end(): void {
    this.#hasEnded = true;
    this.#answer(this.#failure('ended'));
  }

  #answer(answer: NftDone | NftFailure): void {
    const asked = this.#asked;
    this.#asked = undefined;
    clearTimeout(asked?.timer);
    asked?.settle(answer);
  }

  #failure(code = codeOf(this.#errors)): NftFailure {
    const [, reason] = /Error: (?:Could not process rule: )?([^\n]*)/.exec(this.#errors) ?? [];
    if (code === 'timeout') return { ok: false, code, sentence: `"nft" gave no answer in ${TIMEOUT / 1000} seconds.` };
    const what = code === 'ended' ? '"nft" has ended' : '"nft" reports a fault';
    return { ok: false, code, sentence: `${what}${reason === undefined ? '' : `: ${reason}`}.` };
  }
}

function codeOf(errors: string): NftFailure['code'] {
  if (/File exists/.test(errors)) return 'exists';
  return /Operation not permitted|must be root/.test(errors) ? 'not-permitted' : 'refused';
}
