/** Where requests go. */

import * as http from 'node:http';
import * as url from 'node:url';
import { Archives, Certificates, Keys } from './target-tls.js';

/** A target in parts. */
export interface ProxyTargetDetailed {
  /** Default `http:`. */
  protocol?: string | null | undefined;
  /** Default `localhost`. */
  host?: string | null | undefined;
  /** Wins over `host`. */
  hostname?: string | null | undefined;
  port?: number | string | null | undefined;
  /** The path in front of the request's. */
  pathname?: string | null | undefined;
  /** The query in front of the request's. */
  search?: string | null | undefined;
  /** Path and query, if there is no `pathname`. */
  path?: string | null | undefined;
  /** Connect to this Unix socket instead of host and port. */
  socketPath?: string | undefined;
  /** Certificates that vouch for the target. */
  ca?: Certificates | undefined;
  /** Who we are there; so are `key`, `pfx` and `passphrase`. */
  cert?: Certificates | undefined;
  /** As the option of the proxy; so is `secureProtocol`. */
  ciphers?: string | undefined;
  key?: Keys | undefined;
  passphrase?: string | undefined;
  pfx?: Archives | undefined;
  secureProtocol?: string | undefined;
}

export type ProxyTargetUrl =
  string | URL | Partial<url.Url> | { host: string; port: number; protocol?: string };

export type ProxyTarget = ProxyTargetUrl | ProxyTargetDetailed;

/** Names the target of each request, or several. What it throws is that request's error. */
export type ProxyTargetFunction = (req: http.IncomingMessage) => ProxyTarget | readonly ProxyTarget[];
