/** What the manual says in words and the programs have in code. */
import { MIREDO_DIRECTIVES } from '../../daemon/config/directives.js';
import { NETWORK_CONF } from '../../daemon/config/network-conf.js';
import { FACILITIES } from '../../daemon/config/values.js';
import { EXIT } from '../../daemon/ctl/exit-codes.js';
import {
  CONFIGURE_ACTION,
  CONTROL_ACTION,
  DIAGNOSE_ACTION,
  POLKIT_RULES,
  PREFER_ACTION,
  SET_SERVER_ACTION,
} from '../../daemon/ctl/remedies.js';
import { SCHEMA_VERSION } from '../../daemon/ctl/status-json.js';
import { GAI_CONF } from '../../daemon/prefer/block.js';
import { version } from '../../daemon/service/command-line.js';
import { EXIT_FAILURE, EXIT_OK, EXIT_SOFTWARE, EXIT_USAGE } from '../../daemon/service/exit-codes.js';
import { HOOKS_FOLDER, ROOT_FOLDER } from '../../daemon/service/hooks/hook-files.js';
import { HOOK_TIME_LIMIT } from '../../daemon/service/hooks/hook-run.js';
import { DEFAULT_USERS, EMPTY_ROOT } from '../../daemon/service/privilege.js';
import { MIREDO, MIREDO_SERVER } from '../../daemon/service/programs.js';
import { STATE_FILE } from '../../daemon/service/servers/state-file.js';
import { SERVERS_FOLDER } from '../../daemon/service/servers/tunnel-servers.js';
import { DEFAULT_MTU, MAXIMUM_MTU } from '../../daemon/wire/mtu.js';
import { TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import { DEFAULT_ADDRESS } from '../../dbus/connection.js';
import { BUS_NAME, INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';
import { autostartFiles, HIDDEN_OPTION, TRAY_ONLY_OPTION } from '../../tray-app/main/autostart.js';
import { settingsPath } from '../../tray-app/main/settings-file.js';

const CONFIG_HOME = '$XDG_CONFIG_HOME';
const AUTOSTART = autostartFiles(CONFIG_HOME, undefined);

export const VALUES: Readonly<Record<string, string>> = {
  version: version(),
  'miredo.conf': MIREDO.config,
  'miredo.olderConf': MIREDO.olderConfig,
  'miredo.pidfile': MIREDO.pidfile,
  'relay.conf': '/etc/miredo/miredo-relay.conf',
  'server.conf': MIREDO_SERVER.config,
  'server.olderConf': MIREDO_SERVER.olderConfig,
  'server.pidfile': MIREDO_SERVER.pidfile,
  'user.first': DEFAULT_USERS[0] ?? '',
  'user.second': DEFAULT_USERS[1] ?? '',
  'servers.folder': SERVERS_FOLDER,
  'state.file': STATE_FILE,
  'network.conf': NETWORK_CONF,
  'network.script': '/usr/lib/NetworkManager/dispatcher.d/90-miredo',
  'network.nmConf': '/usr/lib/NetworkManager/conf.d/50-miredo.conf',
  'network.nmEtc': '/etc/NetworkManager/conf.d',
  'network.networkdFile': '/usr/lib/systemd/network/05-miredo.network',
  'network.networkdEtc': '/etc/systemd/network',
  'root.empty': EMPTY_ROOT,
  'hooks.folder': HOOKS_FOLDER,
  'hooks.rootFolder': ROOT_FOLDER,
  'hooks.seconds': String(HOOK_TIME_LIMIT / 1000),
  'exit.ok': String(EXIT_OK),
  'exit.failure': String(EXIT_FAILURE),
  'exit.usage': String(EXIT_USAGE),
  'exit.software': String(EXIT_SOFTWARE),
  'ctl.ok': String(EXIT.ok),
  'ctl.failure': String(EXIT.failure),
  'ctl.usage': String(EXIT.usage),
  'ctl.stopped': String(EXIT.stopped),
  'ctl.busy': String(EXIT.busy),
  'ctl.failed': String(EXIT.failed),
  'ctl.noDaemon': String(EXIT.noDaemon),
  'ctl.notAuthorised': String(EXIT.notAuthorised),
  'ctl.noAnswer': String(EXIT.noAnswer),
  'ctl.faultFound': String(EXIT.faultFound),
  'ctl.noSuchServer': String(EXIT.noSuchServer),
  'ctl.notPreferred': String(EXIT.notPreferred),
  'ctl.schema': String(SCHEMA_VERSION),
  'polkit.control': CONTROL_ACTION,
  'polkit.setServer': SET_SERVER_ACTION,
  'polkit.configure': CONFIGURE_ACTION,
  'polkit.diagnose': DIAGNOSE_ACTION,
  'polkit.prefer': PREFER_ACTION,
  'gai.conf': GAI_CONF,
  'polkit.actions': '/usr/share/polkit-1/actions/org.miredo.policy',
  'bus.policy': '/usr/share/dbus-1/system.d/org.miredo.conf',
  'bus.name': BUS_NAME,
  'bus.path': OBJECT_PATH,
  'bus.interface': INTERFACE,
  'polkit.rules': POLKIT_RULES,
  'bus.socket': DEFAULT_ADDRESS.replace('unix:path=', ''),
  'mtu.default': String(DEFAULT_MTU),
  'mtu.maximum': String(MAXIMUM_MTU),
  'port.teredo': String(TEREDO_PORT),
  'interface.default': MIREDO_DIRECTIVES.interfaceName.standard,
  'facility.default': MIREDO_DIRECTIVES.syslogFacility.standard,
  'tray.hidden': HIDDEN_OPTION.slice(2),
  'tray.trayOnly': TRAY_ONLY_OPTION.slice(2),
  'tray.settings': settingsPath(CONFIG_HOME),
  'tray.autostart': AUTOSTART.common[0] ?? '',
  'tray.ownAutostart': AUTOSTART.own,
  'tray.electron': '/usr/lib/miredo-tray/electron',
  'tray.apparmor': '/etc/apparmor.d/miredo-tray',
  'facility.number': String(FACILITIES.length),
};
