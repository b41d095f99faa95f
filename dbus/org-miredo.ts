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
 * (org.miredo.control), with a password when the message allows interactive authorisation. Errors:
 * org.miredo.Error.Failed (its text begins with the reason's code), org.miredo.Error.NotRunning,
 * org.miredo.Error.Busy (too many calls are under way), and org.freedesktop.DBus.Error.AccessDenied,
 * InteractiveAuthorizationRequired, InvalidArgs.
 */
export interface Methods {
  /**
   * Starts the tunnel; does nothing when it is already started. Options: `wait` (b): return only when the
   * tunnel is qualified, or with the error Failed when it failed, waits for the network or for DNS, or
   * was stopped. Other options are refused with InvalidArgs.
   */
  readonly Start: { readonly input: readonly [options: { readonly [key: string]: Variant }]; readonly output: readonly [] };
  /** Stops the tunnel; does nothing when it is stopped. Address and routes are gone when it returns. */
  readonly Stop: { readonly input: readonly []; readonly output: readonly [] };
  /** Qualifies anew and keeps the interface; NotRunning when the tunnel is stopped. */
  readonly Restart: { readonly input: readonly []; readonly output: readonly [] };
}

/** Signatures of the methods. */
export const METHODS = {
  Start: { input: 'a{sv}', output: '' },
  Stop: { input: '', output: '' },
  Restart: { input: '', output: '' },
} as const;

export interface Properties {
  /** stopped, waiting, resolving, qualifying, qualified or failed. Take a word you do not know for "busy". */
  readonly State: string;
  /**
   * Why there is no tunnel: a code for programs (user, no-network, dns-failed, server-not-global,
   * server-silent, secondary-silent, server-lost, symmetric-nat, authentication-failed, native-ipv6,
   * internal) and a sentence for people. Both are empty when there is nothing to say.
   */
  readonly StateReason: readonly [string, string];
  /** When the state began: microseconds of CLOCK_REALTIME. */
  readonly StateSince: bigint;
  /** The Teredo address, empty when there is none. */
  readonly Address: string;
  /** IPv4 address and port that the NAT gave us, as the server sees them; empty and 0 when not known. */
  readonly Mapped: readonly [string, number];
  /** The server as it was configured: a host name or an IPv4 address. */
  readonly Server: string;
  /** The server's primary IPv4 address; empty while it is not known. */
  readonly ServerAddress: string;
  /**
   * What qualification learnt of the NAT, empty when not qualified: `mapping` (s: endpoint-independent,
   * symmetric or unknown), `port-preserving` (b).
   */
  readonly Nat: { readonly [key: string]: Variant };
  /** Name of the tunnel's network interface, empty when there is none. */
  readonly Interface: string;
  /** Its index, 0 when there is none. */
  readonly InterfaceIndex: number;
  /** The tunnel's MTU in bytes, 0 when not qualified. */
  readonly Mtu: number;
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
  Address: { signature: 's', emits: 'true' },
  Mapped: { signature: '(sq)', emits: 'true' },
  Server: { signature: 's', emits: 'true' },
  ServerAddress: { signature: 's', emits: 'true' },
  Nat: { signature: 'a{sv}', emits: 'true' },
  Interface: { signature: 's', emits: 'true' },
  InterfaceIndex: { signature: 'u', emits: 'true' },
  Mtu: { signature: 'u', emits: 'true' },
  Version: { signature: 's', emits: 'const' },
  RoundTrip: { signature: 't', emits: 'false' },
  LastServerContact: { signature: 't', emits: 'false' },
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
}

/** Signatures of the signals. */
export const SIGNALS = {
  StateChanged: 'ss(ss)',
  AddressChanged: 'ss',
  QualificationChanged: 'ba{sv}',
} as const;

/** The interface as introspection shows it. */
export const INTERFACE_XML =
  '<interface name="org.miredo.Client1"><method name="Start"><arg name="options" type="a{sv}" direction="in"/></method><method name="Stop"/><method name="Restart"/><property name="State" type="s" access="read"/><property name="StateReason" type="(ss)" access="read"/><property name="StateSince" type="t" access="read"/><property name="Address" type="s" access="read"/><property name="Mapped" type="(sq)" access="read"/><property name="Server" type="s" access="read"/><property name="ServerAddress" type="s" access="read"/><property name="Nat" type="a{sv}" access="read"/><property name="Interface" type="s" access="read"/><property name="InterfaceIndex" type="u" access="read"/><property name="Mtu" type="u" access="read"/><property name="Version" type="s" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property><property name="RoundTrip" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><property name="LastServerContact" type="t" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><property name="Statistics" type="a{st}" access="read"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/></property><signal name="StateChanged"><arg name="state" type="s"/><arg name="previous" type="s"/><arg name="reason" type="(ss)"/></signal><signal name="AddressChanged"><arg name="address" type="s"/><arg name="previous" type="s"/></signal><signal name="QualificationChanged"><arg name="qualified" type="b"/><arg name="details" type="a{sv}"/></signal></interface>';
