/** The manual says what the programs do: no option, directive or file that is not there, and none left out. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { MIREDO_DIRECTIVES, RELAY_TYPES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { POLICIES } from '../../daemon/config/network-conf.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { commandsOf } from '../../daemon/ctl/command-line.js';
import { EXIT } from '../../daemon/ctl/exit-codes.js';
import * as exitCodes from '../../daemon/service/exit-codes.js';
import { hookEnvironment, NO_FACTS } from '../../daemon/service/hooks/hook-event.js';
import { formatIpv4, UNSPECIFIED_IPV4 } from '../../daemon/wire/ipv4.js';
import { EXAMPLES, makePage, PAGES } from '../../packaging/man/manual.js';
import { optionsOf } from '../../packaging/man/option-text.js';
import { VALUES } from '../../packaging/man/values.js';
import { CHECKCONF_PROGRAM } from '../daemon/checkconf-program.js';
import { run } from '../lab/command.js';
import { itemsOf, macrosOf, sectionsOf, typedOption, wordsAfter } from './mdoc-page.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(ROOT, 'build/man');
const PAGE = new Map(PAGES.map((page) => [page.name, makePage(page)]));
const page = (name: string): string => PAGE.get(name) ?? assert.fail(`there is no page ${name}`);

const PROGRAMS = PAGES.flatMap(({ name, command }) => (command === undefined ? [] : [{ name, command: command() }]));
const FILES = PAGES.flatMap(({ name, table }) => (table === undefined ? [] : [{ name, table }]));

/** -c, --config, … */
const formsOf = (command: Command): string[] =>
  optionsOf(command).flatMap(({ short, long }) => [short, long].filter((form) => form !== undefined));
/** With those of the commands within it. */
const allFormsOf = (program: Command): string[] => [
  ...formsOf(program),
  ...commandsOf(program).flatMap(({ command }) => formsOf(command)),
];
/** `server add` of `.It Cm server add Oo …`. */
const commandIn = (words: readonly string[]): string => {
  const end = words.findIndex((word) => word === 'Oo' || word === 'Ar');
  return words.slice(1, end === -1 ? undefined : end).join(' ');
};
/** The options that items of a list are of. */
const optionsIn = (items: readonly (readonly string[])[]): string[] =>
  items.flatMap((words) => words.flatMap((word, i) => (word === 'Fl' ? [typedOption(words[i + 1] ?? '')] : [])));

describe('the built manual', () => {
  it('is what the sources make, page for page', () => {
    assert.deepEqual(readdirSync(BUILT).sort(), PAGES.map(({ name }) => name).sort());
    for (const { name } of PAGES) assert.equal(readFileSync(join(BUILT, name), 'utf8'), page(name));
  });

  it('has a page for each program of the package', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> };
    const names = Object.keys(bin);
    assert.ok(names.length >= 4);
    for (const name of names) assert.ok(PAGE.has(`${name}.8`) || PAGE.has(`${name}.1`), name);
  });

  it('names each page as its file is named', () => {
    for (const [name, text] of PAGE) {
      const [, title, section] = /^(.*)\.(\d)$/.exec(name) ?? [];
      assert.match(text, new RegExp(`^\\.Dt ${title?.toUpperCase().replaceAll('.', '\\.')} ${section}$`, 'm'));
    }
  });
});

describe('sections', () => {
  const always = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'FILES', 'EXAMPLES', 'COMPATIBILITY', 'SEE ALSO'];
  const ofDaemons = ['OPTIONS', 'SIGNALS', 'SECURITY', 'ENVIRONMENT', 'EXIT STATUS', 'STANDARDS'];
  for (const { name } of PAGES) {
    it(`${name} has those it needs`, () => {
      const sections = sectionsOf(page(name));
      const needed = /^miredo(-server)?\.8$/.test(name) ? [...always, ...ofDaemons] : always;
      assert.deepEqual(
        needed.filter((section) => !sections.includes(section)),
        [],
      );
    });
  }
});

describe('options', () => {
  for (const { name, command } of PROGRAMS) {
    it(`${name} documents each of ${command.name()}'s, once`, () => {
      const items = itemsOf(page(name), 'OPTIONS');
      assert.deepEqual(optionsIn(items).sort(), formsOf(command).sort());
      const operands = items.filter(([first]) => first === 'Ar').map(([, operand]) => operand);
      assert.deepEqual(
        operands,
        command.registeredArguments.map((argument) => argument.name()),
      );
    });

    it(`${name} names no option anywhere that ${command.name()} does not have`, () => {
      const named = wordsAfter(macrosOf(page(name)), 'Fl').map(typedOption);
      assert.ok(named.length > 0);
      assert.deepEqual(
        named.filter((option) => !allFormsOf(command).includes(option)),
        [],
      );
    });

    it(`${name} shows every option of the help in the synopsis`, () => {
      const options = macrosOf(page(name)).filter((macro) => macro.section === 'SYNOPSIS' && macro.name === 'Op');
      const visible = command.createHelp().visibleOptions(command).length + command.registeredArguments.length;
      assert.equal(options.length, visible);
    });
  }

  it('are used in examples as the programs have them', () => {
    const calls = [...PAGE.values()].flatMap((text) =>
      [...text.matchAll(/^\.Dl (.*)$/gm)].map(([, line]) => line ?? ''),
    );
    const commands = calls.flatMap((line) => line.split(' && ')).filter((call) => call.startsWith('miredo'));
    assert.ok(commands.length >= 4);
    for (const call of commands) {
      const [program = '', ...words] = call.split(' ');
      const known = allFormsOf(
        PROGRAMS.find(({ command }) => command.name() === program)?.command ?? assert.fail(call),
      );
      const options = words.filter((word) => word.startsWith('-'));
      assert.deepEqual(
        options.filter((option) => !known.includes(option)),
        [],
        call,
      );
    }
  });
});

describe('commands', () => {
  for (const { name, command } of PROGRAMS.filter(({ command: { commands } }) => commands.length > 0)) {
    const items = itemsOf(page(name), 'DESCRIPTION');

    it(`${name} documents each of ${command.name()}'s, in the order of the help`, () => {
      assert.deepEqual(
        items.filter(([first]) => first === 'Cm').map(commandIn),
        commandsOf(command).map(({ words }) => words),
      );
    });

    it(`${name} documents the options and words of each, and shows them behind its name`, () => {
      const starts = items.flatMap(([first], i) => (first === 'Cm' ? [i] : []));
      commandsOf(command).forEach(({ command: one, words }, i) => {
        const [head = [], ...list] = items.slice(starts[i], starts[i + 1]);
        const known = formsOf(one).filter((form) => form !== '-h' && form !== '--help');
        assert.deepEqual(optionsIn(list).sort(), known.sort(), words);
        const shown = optionsIn([head]);
        assert.equal(shown.length, one.options.length, words);
        assert.ok(shown.every((form) => known.includes(form)));
        const operands = list.filter(([first]) => first === 'Ar').map(([, operand]) => operand);
        const named = one.registeredArguments.map((argument) => argument.name());
        assert.deepEqual(operands, named, words);
      });
    });
  }

  it('in examples are those of the program', () => {
    const { command } = PROGRAMS.find(({ name }) => name === 'miredoctl.1') ?? assert.fail();
    const lines = [...page('miredoctl.1').matchAll(/^\.Dl (.*)$/gm)].map(([, line]) => line ?? '');
    const used = lines.flatMap((line) => line.split(' && ')).filter((call) => call.startsWith('miredoctl '));
    const known = commandsOf(command).map(({ words }) => `miredoctl ${words}`);
    assert.ok(used.length >= 3);
    for (const call of used)
      assert.ok(
        known.some((words) => `${call} `.startsWith(`${words} `)),
        call,
      );
  });
});

describe('directives', () => {
  for (const { name, table } of FILES) {
    it(`${name} documents each, once, and no other`, () => {
      const items = itemsOf(page(name), 'DESCRIPTION').filter(([first]) => first === 'Cm');
      assert.deepEqual(
        items.map(([, directive]) => directive).sort(),
        Object.values(table)
          .map((directive) => directive.name)
          .sort(),
      );
    });
  }

  it('miredo-network.conf.5 has the words of a policy', () => {
    const items = itemsOf(page('miredo-network.conf.5'), 'DESCRIPTION').filter(([first]) => first === 'Cm');
    assert.deepEqual(
      items.map(([, word]) => word),
      [...POLICIES],
    );
  });

  it('are named in no page that do not exist', () => {
    const known = FILES.flatMap(({ table }) => Object.values(table).map((directive) => directive.name));
    for (const [name, text] of PAGE) {
      const unknown = wordsAfter(macrosOf(text), 'Ic').filter((directive) => !known.includes(directive));
      assert.deepEqual(unknown, [], name);
    }
  });

  it('offer the words that the parser takes', () => {
    assert.equal(MIREDO_DIRECTIVES.relayType.operand, `(${RELAY_TYPES.join(' | ')})`);
  });

  it('have the defaults that the parser gives them', () => {
    const relay = parseMiredoConf('f', 'RelayType relay\n').settings;
    const client = parseMiredoConf('f', 'ServerAddress 203.0.113.1\n').settings;
    const server = parseServerConf('f', 'ServerBindAddress 203.0.113.1\n').settings;
    assert.ok(relay?.mode === 'relay' && client?.mode === 'client' && server !== undefined);
    const { relayType, interfaceName, interfaceMtu, syslogFacility, prefix, bindPort, bindAddress, serverAddress2 } =
      MIREDO_DIRECTIVES;
    assert.equal(client.mode, relayType.standard);
    assert.equal(formatIpv4(relay.bindAddress), formatIpv4(UNSPECIFIED_IPV4));
    assert.match(bindAddress.standard, /^any address/);
    assert.equal(client.secondary, undefined);
    assert.match(serverAddress2.standard, /^the address after /);
    assert.ok(bindPort.standard.startsWith(`${relay.bindPort},`));
    for (const settings of [relay, client]) assert.equal(settings.interfaceName, interfaceName.standard);
    for (const settings of [relay, server]) {
      assert.equal(String(settings.mtu), interfaceMtu.standard);
      assert.equal(settings.syslogFacility, syslogFacility.standard);
      assert.deepEqual(prefix.read(prefix.standard), { ok: true, value: settings.prefix });
    }
    assert.equal(server.secondary, server.primary + 1);
    assert.match(SERVER_DIRECTIVES.serverBindAddress2.standard, /^the address after /);
  });
});

/** Names of the environment variables that the sources in a folder take out of it. */
function variablesReadIn(name: string, isWanted: (file: string) => boolean = () => true): Set<string> {
  const folder = join(ROOT, name);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const text = sources
    .filter(isWanted)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const subscripts = [...text.matchAll(/env(?:ironment)?\['([A-Z_]+)'\]/g)].map(([, variable]) => variable ?? '');
  const unpacked = [...text.matchAll(/\{([^{}]*)\} = (?:process\.)?env(?:ironment)?;/g)].flatMap(([, names = '']) =>
    [...names.matchAll(/[A-Z][A-Z_]+/g)].map(([variable]) => variable),
  );
  const read = new Set([...subscripts, ...unpacked]);
  read.delete('PATH');
  return read;
}

describe('what else the pages name', () => {
  it('files are those of the programs', () => {
    // Of the old program, and of the example of a hook.
    const others = ['/etc/miredo/client-hook', '/run/teredo-address'];
    const known = new Set([...Object.values(VALUES), ...others]);
    for (const [name, text] of PAGE) {
      const unknown = wordsAfter(macrosOf(text), 'Pa').filter((file) => !known.has(file));
      assert.deepEqual(unknown, [], name);
      const inText = [...text.matchAll(/(?<![\w.])\/(?:etc|run|var|usr)\/[\w./-]+/g)].map(([file]) => file);
      assert.deepEqual(
        inText.filter((file) => !known.has(file)),
        [],
        name,
      );
    }
  });

  it('exit statuses are those of the programs', () => {
    const all = Object.values(exitCodes).map(String).sort();
    const statuses = (name: string): string[] => itemsOf(page(name), 'EXIT STATUS').map(([status]) => status ?? '');
    assert.deepEqual(statuses('miredo.8').sort(), all);
    assert.deepEqual(statuses('miredo-server.8').sort(), all);
    const ofCheckconf = [exitCodes.EXIT_OK, exitCodes.EXIT_FAILURE, exitCodes.EXIT_USAGE].map(String);
    assert.deepEqual(statuses('miredo-checkconf.8').sort(), ofCheckconf.sort());
    assert.deepEqual(statuses('miredoctl.1'), Object.values(EXIT).map(String));
  });

  it('environment variables are those that the programs read', () => {
    const ofServer = variablesReadIn('daemon', (file) => !file.startsWith('ctl/'));
    const ofMiredo = new Set([...ofServer, ...variablesReadIn('dbus')]);
    const ofCtl = new Set([...variablesReadIn('daemon/ctl'), ...variablesReadIn('dbus')]);
    const documented = (name: string): Set<string> => {
      const items = itemsOf(page(name), 'ENVIRONMENT').flat();
      return new Set(items.filter((word) => /^[A-Z][A-Z_]+$/.test(word)));
    };
    assert.deepEqual(documented('miredo-server.8'), ofServer);
    assert.deepEqual(documented('miredo.8'), ofMiredo);
    assert.deepEqual(documented('miredoctl.1'), ofCtl);
  });

  it('variables of hooks are those that they get', () => {
    const documented = itemsOf(page('miredo.8'), 'HOOKS')
      .flat()
      .filter((word) => /^[A-Z][A-Z_]+$/.test(word));
    assert.deepEqual(documented.sort(), Object.keys(hookEnvironment('state', NO_FACTS, NO_FACTS)).sort());
  });

  it('signals are those of the old manual', () => {
    const signals = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];
    for (const name of ['miredo.8', 'miredo-server.8']) {
      const words = itemsOf(page(name), 'SIGNALS').flat();
      assert.deepEqual(
        words.filter((word) => word.startsWith('SIG')),
        signals,
      );
    }
  });

  it('other pages exist: ours in the manual, and those of Debian packages', () => {
    const foreign = new Set([
      'gai.conf 5', // manpages
      'getaddrinfo 3', // manpages-dev
      'ip 8', // iproute2
      'nft 8', // nftables
      'pkexec 1', // pkexec
      'seccomp 2', // manpages-dev
      'syslog 3', // manpages-dev
      'systemctl 1', // systemd
      'busctl 1', // systemd
      'dbus-send 1', // dbus
      'gdbus 1', // libglib2.0-bin
      'ifup 8', // ifupdown
      'nmcli 1', // network-manager
      'NetworkManager 8', // network-manager
      'NetworkManager-dispatcher 8', // network-manager
      'systemd-networkd 8', // systemd
      'pkttyagent 1', // polkitd
      'polkit 8', // polkitd
      'start-stop-daemon 8', // dpkg
      'systemd 1', // systemd
      'systemd-inhibit 1', // systemd
      'systemd-logind.service 8', // systemd
      'systemd.journal-fields 7', // systemd
    ]);
    const referred = new Set<string>();
    for (const [name, text] of PAGE) {
      const references = macrosOf(text).filter((macro) => macro.name === 'Xr');
      assert.ok(references.length > 0, name);
      for (const { words } of references) {
        const [title = '', section = ''] = words;
        referred.add(`${title}.${section}`);
        assert.notEqual(`${title}.${section}`, name, 'a page does not refer to itself');
        assert.ok(
          PAGE.has(`${title}.${section}`) || foreign.has(`${title} ${section}`),
          `${name}: ${title}(${section})`,
        );
      }
    }
    for (const name of PAGE.keys()) assert.ok(referred.has(name), `no page refers to ${name}`);
  });
});

describe('examples', () => {
  const OWNERS = [
    ['miredo-server', 'miredo-server.conf.5'],
    ['network', 'miredo-network.conf.5'],
  ] as const;
  const examples = readdirSync(EXAMPLES)
    .filter((name) => name.endsWith('.conf'))
    .sort();

  it('are all in the pages of the files they are of', () => {
    const sources = join(ROOT, 'packaging/man');
    for (const example of examples) {
      const owner = OWNERS.find(([start]) => example.startsWith(start))?.[1] ?? 'miredo.conf.5';
      assert.match(readFileSync(join(sources, `${owner}.mdoc`), 'utf8'), new RegExp(`^@example ${example}$`, 'm'));
      const lines = readFileSync(join(EXAMPLES, example), 'utf8').trimEnd().split('\n');
      assert.ok(lines.every((line) => line.length <= 68));
    }
  });

  for (const example of examples) {
    it(`${example} passes miredo-checkconf`, async () => {
      const { code, stderr } = await run([CHECKCONF_PROGRAM, join(EXAMPLES, example)]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    });
  }
});
