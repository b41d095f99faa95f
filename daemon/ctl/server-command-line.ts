/** The commands of `miredoctl server`. */
import { type Command, Option } from 'commander';

export type ServerRequest =
  | { readonly command: 'server list'; readonly json: boolean; readonly names: boolean }
  | { readonly command: 'server probe'; readonly names: readonly string[]; readonly json: boolean }
  /** `auto` for the best that answers. */
  | { readonly command: 'server set'; readonly server: string }
  | { readonly command: 'server add'; readonly name: string; readonly details: AddedDetails }
  | { readonly command: 'server remove'; readonly name: string };

export interface AddedDetails {
  readonly primary?: string;
  readonly secondary?: string;
  readonly comment?: string;
}

/** The name that the bus has for it. */
const AUTO = 'auto';

/** Commands whose words are names of the list. */
export const NAMING_COMMANDS: readonly string[] = ['server probe', 'server set', 'server remove'];

interface Json {
  readonly json?: boolean;
}

export function addServerCommands(program: Command, choose: (request: ServerRequest) => void): void {
  const server = program.command('server').description('show, choose and measure Teredo servers').helpCommand(false);
  server
    .command('list')
    .description('show the list of servers, which is chosen and which is in use')
    .option('-j, --json', 'print one JSON object')
    .addOption(new Option('-n, --names', 'print the names only, a line each').conflicts('json'))
    .action(({ json = false, names = false }: Json & { readonly names?: boolean }) =>
      choose({ command: 'server list', json, names }),
    );
  server
    .command('probe')
    .description('ask servers whether they answer, and how fast, without disturbing the tunnel')
    .argument('[name...]', 'names of the list, host names or IPv4 addresses; the whole list when there is none')
    .option('-j, --json', 'print one JSON object')
    .action((names: readonly string[], { json = false }: Json) => choose({ command: 'server probe', names, json }));
  server
    .command('set')
    .description('choose the server; a running tunnel qualifies anew')
    .argument('<name>', 'a name of the list, a host name or an IPv4 address')
    .action((name: string) => choose({ command: 'server set', server: name }));
  server
    .command('auto')
    .description('have the daemon choose the best server that answers')
    .action(() => choose({ command: 'server set', server: AUTO }));
  server
    .command('add')
    .description('add a server to the list, or change one that was added so')
    .argument('<name>', 'what it is to be called; its host name or IPv4 address when --primary is not given')
    .option('--primary <address>', 'its host name or IPv4 address')
    .option('--secondary <address>', 'its second address, when that is not the one after the first')
    .option('--comment <text>', 'what people are to read of it')
    .action((name: string, details: AddedDetails) => choose({ command: 'server add', name, details }));
  server
    .command('remove')
    .description('take a server that was added from the list')
    .argument('<name>', 'its name in the list')
    .action((name: string) => choose({ command: 'server remove', name }));
}
