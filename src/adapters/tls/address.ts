import { isIPv6 } from 'node:net';
import { ConfigError } from '../../model/errors.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:[\]\s]+)):(?<port>\d{1,5})$/;

/** Reads `host:port`, an IPv6 host in brackets. Throws a `ConfigError` about `field` on anything else. */
export function parseAddress(address: string, field: string): HostAndPort {
  const groups = ADDRESS.exec(address)?.groups;
  const host = groups?.['bracketed'] ?? groups?.['plain'];
  const port = Number(groups?.['port']);
  if (host === undefined || !(port <= 65_535)) {
    const allowed = 'host:port, such as 10.0.0.1:7000, node1.example:7000 or [::1]:7000';
    throw new ConfigError(field, `"${address}" is no address; it must be ${allowed}`);
  }
  return { host, port };
}

/** The reverse of `parseAddress`. */
export const formatAddress = ({ host, port }: HostAndPort): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
