/** The programs of the package: names, files, and what they are for. */
import type { Program } from './command-line.js';

export const MIREDO: Program = {
  name: 'miredo',
  summary: 'Teredo client or relay: IPv6 for hosts behind an IPv4 NAT (RFC 4380).',
  config: '/etc/miredo/miredo.conf',
  olderConfig: '/etc/miredo.conf',
  pidfile: '/run/miredo.pid',
  takesServer: true,
  isManageable: true,
};

export const MIREDO_SERVER: Program = {
  name: 'miredo-server',
  summary: 'Teredo server: qualifies Teredo clients (RFC 4380).',
  config: '/etc/miredo/miredo-server.conf',
  olderConfig: '/etc/miredo-server.conf',
  pidfile: '/run/miredo-server.pid',
  takesServer: false,
  isManageable: false,
};
