/** A laptop with the real NetworkManager on a network with DHCP and a Teredo server, for the tests of a suite. */
import { after, before } from 'node:test';
import {
  installNetworkManagerPolicies,
  installOurFiles,
  type RunningNetworkManager,
  startNetworkManager,
} from './network-manager-stage.js';
import { NetworkWorld, PORTAL } from './network-world.js';
import { provideBus } from './private-bus.js';

export class Laptop {
  #world: NetworkWorld | undefined;
  #manager: RunningNetworkManager | undefined;

  /** To be called in a suite; what it registers begins before what the suite registers after it. */
  constructor() {
    before(() => this.#setUp());
    provideBus();
    before(async () => {
      this.#manager = await startNetworkManager(`[connectivity]\nenabled=false\nuri=${PORTAL}`);
    });
    after(async () => {
      await this.#manager?.stop();
      await this.#world?.close();
    });
  }

  /** What it is plugged into. */
  get world(): NetworkWorld {
    if (this.#world === undefined) throw new Error('The laptop is not set up yet.');
    return this.#world;
  }

  /** It keeps its name on the bus, and answers nobody. */
  pauseManager(): void {
    if (this.#manager !== undefined) process.kill(this.#manager.pid, 'SIGSTOP');
  }

  /** It answers what it was asked meanwhile. */
  resumeManager(): void {
    if (this.#manager !== undefined) process.kill(this.#manager.pid, 'SIGCONT');
  }

  async #setUp(): Promise<void> {
    this.#world = new NetworkWorld();
    await this.#world.startServer();
    await this.#world.startDhcp('192.0.2');
    installNetworkManagerPolicies();
    installOurFiles();
  }
}
