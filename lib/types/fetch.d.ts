/** Requests and upgrades without a proxy: `proxyFetch` and `proxyUpgrade`. */

import * as http from 'node:http';
import * as https from 'node:https';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { ServerOptions } from './server-options.js';

/**
 * Sends a request of the web's kind to an address that its URL does not name. Redirects are given back, not followed, and nothing
 * of the response's body is read before its reader asks.
 *
 * @param addr `http://host:port/base`, `https:`, `ws:`, `wss:`, `unix:/path`, or an object
 * @param input a URL, of which path and query are used, or a `Request`
 * @param init wins over `input`
 */
export function proxyFetch(
  addr: string | ProxyAddr,
  input: string | URL | Request,
  init?: RequestInit | Request,
  options?: ProxyFetchOptions,
): Promise<Response>;

/**
 * httpxy's: takes over one upgrade and forwards it to an address. Rejects if the target does not switch protocols; the client has been
 * answered then.
 *
 * @param addr as `proxyFetch` takes it
 * @param head what the client has sent after its request
 * @returns the target's end of the tunnel
 */
export function proxyUpgrade(
  addr: string | ProxyAddr,
  req: http.IncomingMessage,
  socket: Duplex,
  head?: Buffer,
  options?: ProxyUpgradeOptions,
): Promise<Socket>;

/** `xfwd` is on unless it is `false`. */
export type ProxyUpgradeOptions = Omit<ServerOptions, 'target' | 'forward'>;

/** Where `proxyFetch` and `proxyUpgrade` connect to. */
export type ProxyAddr =
  | { host?: string | undefined; port: number; socketPath?: undefined }
  | { host?: undefined; port?: undefined; socketPath: string };

export interface ProxyFetchOptions {
  /** An agent of Node's; `false`: a connection of its own. Default: connections are kept and used again. */
  agent?: http.Agent | https.Agent | false | undefined;
  /** Make `Host` name the address. Default `false`: it does so unless there is a `host` header. */
  changeOrigin?: boolean | undefined;
  /** `true`: follow up to 5 redirects; a number: up to so many. The body is held in memory then. Default `false`. */
  followRedirects?: boolean | number | undefined;
  /** Makes the response. It is given Node's stream as the body. Default: the global `Response`, with a web stream. */
  Response?: typeof Response | undefined;
  /** TLS options of `https.request`. */
  ssl?: tls.ConnectionOptions | Record<string, unknown> | undefined;
  /** Milliseconds that the connection may be idle. Default: no limit. */
  timeout?: number | undefined;
  /** Add `x-forwarded-for`, `-port`, `-proto` and `-host` with what the URL says, unless they are there. Default `false`. */
  xfwd?: boolean | undefined;
}
