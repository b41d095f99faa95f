/** The commands of `miredoctl prefer`. */
import type { Command } from 'commander';

export type PreferRequest = {
  readonly command: 'prefer on' | 'prefer off' | 'prefer status';
  readonly json: boolean;
};

const DESCRIPTIONS = {
  on: 'have programs use the tunnel before IPv4, for names that have both',
  off: "take that back: the system's own order of addresses",
  status: 'show which of the two goes first; the exit code tells it too',
} as const;

export function addPreferCommands(program: Command, choose: (request: PreferRequest) => void): void {
  const prefer = program
    .command('prefer')
    .description('show and change whether programs prefer the tunnel to IPv4')
    .helpCommand(false);
  for (const name of ['on', 'off', 'status'] as const) {
    prefer
      .command(name)
      .description(DESCRIPTIONS[name])
      .option('-j, --json', 'print one JSON object')
      .action(({ json = false }: { json?: boolean }) => choose({ command: `prefer ${name}`, json }));
  }
}
