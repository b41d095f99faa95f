/** A probe at work in a process of its own: two sockets, one timer, and what it heard for the supervisor. */
import {
  type PacketHandler,
  type PacketPathFailure,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_PORT,
  ROW_SEGMENT,
  ROW_SOCKET,
  ROW_STRIDE,
} from '../io/packet-path.js';
import { ServerProbe } from '../protocol/server-probe.js';
import { TEREDO_PORT } from '../wire/teredo-address.js';
import { Alarm } from './alarm.js';
import type { Engine, EngineHost } from './engine.js';
import type { Configure, ProbeRole } from './messages.js';

export class ProbeEngine implements Engine, PacketHandler {
  readonly #host: EngineHost;
  readonly #core: ServerProbe;
  readonly #alarm: Alarm;

  constructor({ prefix, targets, cone }: ProbeRole, { directedBroadcasts }: Configure, host: EngineHost) {
    this.#host = host;
    const { path, send, clock } = host;
    this.#core = new ServerProbe({ prefix, targets, cone, scope: { directedBroadcasts } }, host.environment, {
      sendDatagram: (socket, bytes, address) => path.sendDatagram(socket, bytes, address, TEREDO_PORT),
      probed: (target, primary, secondary) => send({ type: 'probed', target, primary, secondary }),
      coneProbed: (target, answer) => send({ type: 'cone', target, answer }),
      done: () => send({ type: 'done' }),
    });
    this.#alarm = new Alarm(clock, (now) => {
      this.#core.handleTimeout(now);
      this.#alarm.set(this.#core.nextTimeout());
    });
    path.start(this);
    // Its first words come after "ready".
    setImmediate(() => {
      this.#core.start(clock());
      this.#alarm.set(this.#core.nextTimeout());
    });
  }

  /** It was told everything at once. */
  heed(): void {}

  handleDatagrams(count: number): void {
    const { rows } = this.#host.path.inbound;
    const now = this.#host.clock();
    for (let index = 0; index < count; index++) {
      const row = index * ROW_STRIDE;
      const start = rows[row + ROW_OFFSET] as number;
      const end = start + (rows[row + ROW_LENGTH] as number);
      const step = (rows[row + ROW_SEGMENT] as number) || end - start;
      for (let at = start; at < end; at += step) this.#hear(now, row, at, Math.min(step, end - at));
    }
    this.#alarm.set(this.#core.nextTimeout());
  }

  /** There is no interface. */
  handlePackets(): void {}

  handleFailure({ sentence }: PacketPathFailure): void {
    this.#host.send({ type: 'broken', sentence });
  }

  #hear(now: ReturnType<EngineHost['clock']>, row: number, offset: number, length: number): void {
    const batch = this.#host.path.inbound;
    const { rows } = batch;
    const [socket, address, port] = [rows[row + ROW_SOCKET], rows[row + ROW_ADDRESS], rows[row + ROW_PORT]] as const;
    this.#core.handleDatagram(now, batch, offset, length, socket as number, address as number, port as number);
  }
}
