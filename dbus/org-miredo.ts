// Made by dbus/generate.ts of dbus/org.miredo.xml: change that, and run `node build/dbus/generate.js`.

export const BUS_NAME = 'org.miredo';
export const OBJECT_PATH = '/org/miredo';
export const INTERFACE = 'org.miredo.Client1';

/** A value with its signature; the class Variant of dbus-next fits. */
export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}

/**
 * One tunnel. Reading is free to everybody; what changes something asks polkit about the caller
 * (org.miredo.control, set-server, configure or diagnose), with a password when the message allows
 * interactive authorisation. Errors: org.miredo.Error.Failed (its text begins with the reason's code),
 * org.miredo.Error.NotRunning, org.miredo.Error.Busy (too many calls are under way),
 * org.miredo.Error.InvalidServer (not a server's name or address, or one that cannot be one),
 * org.miredo.Error.NoSuchServer (no such entry in the list), org.miredo.Error.Dismissed (the user
 * closed the question for the password), and org.freedesktop.DBus.Error.AccessDenied,
 * InteractiveAuthorizationRequired, InvalidArgs.
 */
export interface Methods {
  /**
   * Starts the tunnel; does nothing when it is already started. Options: `wait` (b): return only when the
   * tunnel is qualified, or with the error Failed when it failed, waits for the network or for DNS, or
   * was stopped; `server` (s): a server's name in the list, a host name or an IPv4 address, for this run
   * only, or, when no other is known, as by SetServer; a tunnel that runs with another server qualifies
   * anew (polkit: org.miredo.set-server or, when not in the list, org.miredo.configure, beside
   * org.miredo.control). Other options are refused with InvalidArgs.
   */
  readonly Start: { readonly input: readonly [options: { readonly [key: string]: Variant }]; readonly output: readonly [] };
  /** Stops the tunnel; does nothing when it is stopped. Address and routes are gone when it returns. */
  readonly Stop: { readonly input: readonly []; readonly output: readonly [] };
  /** Qualifies anew and keeps the interface; NotRunning when the tunnel is stopped. */
  readonly Restart: { readonly input: readonly []; readonly output: readonly [] };
  /**
   * Chooses the server: a name of Servers, a host name or an IPv4 address, or `auto` for the best that
   * answers. The choice outlasts the daemon in its managed mode, and the process otherwise. A running
   * tunnel qualifies anew. polkit: org.miredo.set-server, or org.miredo.configure when the server is not
   * in the list.
   */
  readonly SetServer: { readonly input: readonly [server: string]; readonly output: readonly [] };
  /**
   * Adds a server to the list, or changes one that was added so. Options: `primary` (s, host name or IPv4
   * address; when not given the name is that), `secondary` (s, IPv4 address or host name; when not given
   * the address after the primary one), `comment` (s). The administrator's entries cannot be changed:
   * InvalidServer. polkit: org.miredo.configure.
   */
  readonly AddServer: { readonly input: readonly [name: string, options: { readonly [key: string]: Variant }]; readonly output: readonly [] };
  /** Takes a server that AddServer has added from the list. polkit: org.miredo.configure. */
  readonly RemoveServer: { readonly input: readonly [name: string]; readonly output: readonly [] };
  /**
   * Asks servers for an address, beside the running tunnel and without disturbing it: those of the list
   * when no names are given, else those (a name of the list, a host name or an IPv4 address; 64 at the
   * most). For each: `reachable` (b: it answers as a Teredo server), `rtt` (t, microseconds; when it
   * answers), `secondary` (b: its second address answers too), `error` (s: why not, empty otherwise),
   * `error-code` (s: dns-failed, server-not-global, server-silent, secondary-silent or no-network),
   * `address` (s: its IPv4 address, when known). The caller hears each by ProbeProgress as it comes in.
   * Who asks for the same servers meanwhile shares the answer; who asks for others waits his turn, or
   * gets Busy when many wait. The question ends when its callers leave the bus. polkit:
   * org.miredo.diagnose.
   */
  readonly ProbeServers: { readonly input: readonly [names: readonly (string)[]]; readonly output: readonly [results: readonly (readonly [string, { readonly [key: string]: Variant }])[]] };
  /**
   * Looks why there is no IPv6, step by step. Each step: its id (network, dns, udp, server, nat,
   * qualified, relay, preference, network-manager, mtu, firewall; more may come), the verdict (ok,
   * warning, failed or skipped), a sentence, details (`remedy` s: what to do, when there is something;
   * `command` s: a command line that does it; others differ from step to step). The caller hears each by
   * DiagnoseProgress as it comes in. It may take a minute: give the call that time. Who asks meanwhile
   * shares the answer. polkit: org.miredo.diagnose.
   */
  readonly Diagnose: { readonly input: readonly []; readonly output: readonly [steps: readonly (readonly [string, string, string, { readonly [key: string]: Variant }])[]] };
  /**
   * For who manages the host's network (the dispatcher script of NetworkManager calls it): something has
   * changed that the kernel does not tell, so look again. `action` and `device` (an interface) are words
   * of the caller's for the log: up, dhcp4-change, vpn-up, connectivity-change, say. What is so is found
   * out by the daemon itself, and where the way to the server is the same nothing happens. Details are
   * there for later versions; those that are not known are passed over. polkit: org.miredo.control, which
   * root needs not.
   */
  readonly NetworkEvent: { readonly input: readonly [action: string, device: string, details: { readonly [key: string]: Variant }]; readonly output: readonly [] };
}

/** Signatures of the methods. */
export const METHODS = {
  Start: { input: 'a{sv}', output: '' },
  Stop: { input: '', output: '' },
  Restart: { input: '', output: '' },
  SetServer: { input: 's', output: '' },
  AddServer: { input: 'sa{sv}', output: '' },
  RemoveServer: { input: 's', output: '' },
  ProbeServers: { input: 'as', output: 'a(sa{sv})' },
  Diagnose: { input: '', output: 'a(sssa{sv})' },
  NetworkEvent: { input: 'ssa{sv}', output: '' },
} as const;

export interface Properties {
  /** stopped, waiting, resolving, qualifying, qualified or failed. Take a word you do not know for "busy". */
  readonly State: string;
  /**
   * Why there is no tunnel: a code for programs (user, no-network, dns-failed, server-not-global,
   * server-silent, secondary-silent, server-lost, symmetric-nat, authentication-failed, native-ipv6,
   * network-policy, asleep, no-server, firewall, no-address, ipv6-disabled, internal) and a sentence for
   * people. Both are empty when there is nothing to say.
   */
  readonly StateReason: readonly [string, string];
  /** When the state began: microseconds of CLOCK_REALTIME. */
  readonly StateSince: bigint;
  /** Whether there is to be a tunnel: what was last asked for by Start or Stop. */
  readonly Enabled: boolean;
  /**
   * When a tunnel that is enabled is up on the network as it is: `automatic` (where there is no native
   * IPv6), `always` or `never`; see miredo-network.conf(5). Without --managed it is always.
   */
  readonly NetworkPolicy: string;
  /** The Teredo address, empty when there is none. */
  readonly Address: string;
  /** IPv4 address and port that the NAT gave us, as the server sees them; empty and 0 when not known. */
  readonly Mapped: readonly [string, number];
  /** Our own IPv4 address and UDP port on the way to the server; empty and 0 when not known. */
  readonly Local: readonly [string, number];
  /** The server in use, as it was configured: a host name or an IPv4 address. Empty when there is none. */
  readonly Server: string;
  /** The server's primary IPv4 address; empty while it is not known. */
  readonly ServerAddress: string;
  /**
   * The server that was chosen: `auto`, a name of Servers, a host name or an IPv4 address; empty for
   * none.
   */
  readonly ServerChoice: string;
  /**
   * The list of servers: name and details `primary` (s), `secondary` (s, absent when it is the address
   * after the primary one), `comment` (s, absent when there is none), `origin` (s: administrator,
   * configuration or user; only the last can be removed).
   */
  readonly Servers: readonly (readonly [string, { readonly [key: string]: Variant }])[];
  /**
   * What is known of the NAT, empty when not qualified: `mapping` (s: endpoint-independent, symmetric or
   * unknown), `filtering` (s: endpoint-independent, dependent or unknown), `port-preserving` (b),
   * `public` (b: there is none), `learnt-by` (s: qualification or diagnosis: what told of the filtering).
   */
  readonly Nat: { readonly [key: string]: Variant };
  /** Name of the tunnel's network interface, empty when there is none. */
  readonly Interface: string;
  /** Its index, 0 when there is none. */
  readonly InterfaceIndex: number;
  /** The tunnel's MTU in bytes, 0 when not qualified. */
  readonly Mtu: number;
  /**
   * Whether the IPv6 Internet answers through a relay: unknown, yes or no. Not the same as to be
   * qualified: that takes a server only.
   */
  readonly Ipv6Reachable: string;
  /**
   * The firewall of the tunnel's interface: `wanted` (b: the configuration has one), `active` (b: its
   * rules are in force), `open` (as: what is let in unasked, `22/tcp` or `5000-5010/udp`). Empty when
   * there is no interface. How many packets it has refused is `dropped-firewall` in Statistics.
   */
  readonly Firewall: { readonly [key: string]: Variant };
  /** Of the daemon. */
  readonly Version: string;
  /** The last round trip to the server in microseconds, 0 when not known. Read it: no signal tells of it. */
  readonly RoundTrip: bigint;
  /**
   * When the server was last heard: microseconds of CLOCK_REALTIME, 0 for never. Read it: no signal tells
   * of it.
   */
  readonly LastServerContact: bigint;
  /**
   * How long the client lets its mapping in the NAT rest at the most before it asks the server again:
   * microseconds, 0 when not qualified. Read it: no signal tells of it.
   */
  readonly RefreshInterval: bigint;
  /**
   * Counters since the tunnel's process began: `datagrams-in`, `bytes-in`, `packets-out`, `bytes-out`,
   * `bubbles-sent`, `bubbles-received`, `peers` (now), `dropped-REASON` for each reason. Empty when there
   * is no tunnel. More may come. Read it: no signal tells of it.
   */
  readonly Statistics: { readonly [key: string]: bigint };
}

/** Signatures of the properties, and what EmitsChangedSignal says of them. */
export const PROPERTIES = {
  State: { signature: 's', emits: 'true' },
  StateReason: { signature: '(ss)', emits: 'true' },
  StateSince: { signature: 't', emits: 'true' },
  Enabled: { signature: 'b', emits: 'true' },
  NetworkPolicy: { signature: 's', emits: 'true' },
  Address: { signature: 's', emits: 'true' },
  Mapped: { signature: '(sq)', emits: 'true' },
  Local: { signature: '(sq)', emits: 'true' },
  Server: { signature: 's', emits: 'true' },
  ServerAddress: { signature: 's', emits: 'true' },
  ServerChoice: { signature: 's', emits: 'true' },
  Servers: { signature: 'a(sa{sv})', emits: 'true' },
  Nat: { signature: 'a{sv}', emits: 'true' },
  Interface: { signature: 's', emits: 'true' },
  InterfaceIndex: { signature: 'u', emits: 'true' },
  Mtu: { signature: 'u', emits: 'true' },
  Ipv6Reachable: { signature: 's', emits: 'true' },
  Firewall: { signature: 'a{sv}', emits: 'true' },
  Version: { signature: 's', emits: 'const' },
  RoundTrip: { signature: 't', emits: 'false' },
  LastServerContact: { signature: 't', emits: 'false' },
  RefreshInterval: { signature: 't', emits: 'false' },
  Statistics: { signature: 'a{st}', emits: 'false' },
} as const;

export interface Signals {
  /** The state is another. Its properties have changed before this. */
  readonly StateChanged: readonly [state: string, previous: string, reason: readonly [string, string]];
  /** The address is another; empty for none. */
  readonly AddressChanged: readonly [address: string, previous: string];
  /**
   * The tunnel has become usable, or is no longer. Details when it is: `address` (s), `server` (s, its
   * IPv4 address), `mapped` ((sq)), `nat` (a{sv}, as the property).
   */
  readonly QualificationChanged: readonly [qualified: boolean, details: { readonly [key: string]: Variant }];
  /**
   * The server in use is another: chosen by somebody, or by the daemon because the last one stopped
   * answering. The reason's code is user, configuration (the file or the list has changed),
   * server-silent, secondary-silent, server-lost, dns-failed, server-not-global or authentication-failed.
   */
  readonly ServerChanged: readonly [server: string, previous: string, reason: readonly [string, string]];
  /** To the caller of ProbeServers only: one server's result, as in the answer. */
  readonly ProbeProgress: readonly [name: string, result: { readonly [key: string]: Variant }];
  /** To the caller of Diagnose only: one step, as in the answer; the verdict `running` when it begins. */
  readonly DiagnoseProgress: readonly [id: string, verdict: string, sentence: string, details: { readonly [key: string]: Variant }];
}

/** Signatures of the signals. */
export const SIGNALS = {
  StateChanged: 'ss(ss)',
  AddressChanged: 'ss',
  QualificationChanged: 'ba{sv}',
  ServerChanged: 'ss(ss)',
  ProbeProgress: 'sa{sv}',
  DiagnoseProgress: 'sssa{sv}',
} as const;

/** The interface as introspection shows it. */
export const INTERFACE_XML =
  '<interface name="org.miredo.Client1"><method name="Start"><arg name="options" type="a{sv}" direction="in"/></method><method name="Stop"/><method name="Restart"/><method name="SetServer"><arg name="server" type="s" direction="in"/></method><method name="AddServer"><arg name="name" type="s" direction="in"/><arg name="options" type="a{sv}" direction="in"/></method><method name="RemoveServer"><arg name="name" type="s" direction="in"/></method><method name="ProbeServers"><arg name="names" type="as" direction="in"/><arg name="results" type="a(sa{sv})" direction="out"/></method><method name="Diagnose"><arg name="steps" type="a(sssa{sv})" direction="out"/></method><method name="NetworkEvent"><arg name="action" type="s" direction="in"/><arg name="device" type="s" direction="in"/><arg name="details" type="a{sv}" direction="in"/></method><property name="State" type="s" access="read"/><property name="StateReason" type="(ss)" access="read"/><property name="StateSince" type="t" access="read"/><property name="Enabled" type="b" access="read"/><property name="NetworkPolicy" type="s" access="read"/><property name="Address" type="s" access="read"/><property name="Mapped" type="(sq)" access="read"/><property name="Local" type="(sq)" access="read"/><property name="Server" type="s" access="read"/><property name="ServerAddress" type="s" access="read"/><property name="ServerChoice" type="s" access="read"/><property name="Servers" type="a(sa{sv})" access="read"/><property name="Nat" type="a{sv}" access="read"/><property name="Interface" type="s" access="read"/><property name="InterfaceIndex" type="u" access="read"/><property name="Mtu" type="u" access="read"/><property name="Ipv6Reachable" type="s" access="read"/><property name="Firewall" type="a{sv}" access="read"/><property name="Version" type="s" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property><property name="RoundTrip" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><property name="LastServerContact" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><property name="RefreshInterval" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><property name="Statistics" type="a{st}" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><signal name="StateChanged"><arg name="state" type="s"/><arg name="previous" type="s"/><arg name="reason" type="(ss)"/></signal><signal name="AddressChanged"><arg name="address" type="s"/><arg name="previous" type="s"/></signal><signal name="QualificationChanged"><arg name="qualified" type="b"/><arg name="details" type="a{sv}"/></signal><signal name="ServerChanged"><arg name="server" type="s"/><arg name="previous" type="s"/><arg name="reason" type="(ss)"/></signal><signal name="ProbeProgress"><arg name="name" type="s"/><arg name="result" type="a{sv}"/></signal><signal name="DiagnoseProgress"><arg name="id" type="s"/><arg name="verdict" type="s"/><arg name="sentence" type="s"/><arg name="details" type="a{sv}"/></signal></interface>';
