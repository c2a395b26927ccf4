/** The native door: what `listen` takes for it, and what it gives. */

import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import { AddressInfo } from 'node:net';
import * as tls from 'node:tls';
import { ProxyTarget } from './targets.js';

/** A door that the engine listens at, in the shape of a server of Node's. Emits `listening`, `close` and `error`. */
export interface Door extends EventEmitter {
  readonly listening: boolean;
  /** Where it listens; a path for a Unix socket. */
  address(): AddressInfo | string | null;
  /** Where `/metrics` and `/healthz` are to be had. */
  metricsAddress(): AddressInfo | null;
  stats(): DoorStats | undefined;
  /** Other certificates for the connections to come. */
  setSecureContext(settings: tls.SecureContextOptions): void;
  /** Takes no more connections; requests in progress may go on for the time of `grace`. */
  close(callback?: (error?: Error) => void): this;
}

/** What `listen` takes for the native door. Times are in milliseconds. */
export interface DoorOptions {
  /** An address, or a name. Default: all addresses. */
  host?: string;
  /**
   * Who gets what is not the proxy's, as if it had been asked itself: a request listener, such as an Express application, or a server, whose own
   * listeners and limits count. Without one, such requests are answered with 404. Not on Windows.
   */
  fallback?: http.RequestListener | http.Server;
  /**
   * Several targets. The longest path that matches whole segments counts; what none of them is for goes to the option `target` or, without
   * one, is answered with 404.
   */
  routes?: readonly DoorRoute[];
  /**
   * Whose word counts: what clients say of those before them (`X-Forwarded-*`, `Forwarded`, `X-Real-IP`) is passed on and added to for all of
   * them (`true`), or for those in these networks (`['10.0.0.0/8', '::1']`). Default `false`: it is removed.
   */
  trustProxy?: boolean | readonly string[];
  /** The path of a Unix socket, in place of the first argument of `listen`. */
  path?: string;
  /** Every user may read from the Unix socket. Default `false`. */
  readableAll?: boolean;
  /** Every user may write to the Unix socket. Default `false`. */
  writableAll?: boolean;
  /** How many threads serve requests, each with connections of its own to the target. Default 1. */
  threads?: number;
  /**
   * Others may listen at the same port, if they say so as well: other processes, other worker threads of Node. Default: in the workers of a
   * cluster.
   */
  reusePort?: boolean;
  /** Connections that wait to be accepted. Default 511. */
  backlog?: number;
  /** A line for each request: a format, on the standard output; or a format and a file. Default `false`; `true` is `'short'`. */
  accessLog?: boolean | DoorLogFormat | { format?: DoorLogFormat; path?: string };
  /** Another listener, for `/metrics` (Prometheus) and `/healthz`. `host` is an IP address, by default 127.0.0.1. */
  metrics?: false | { port: number; host?: string };
  /** How long requests in progress may go on after `close`. Default 10 s. */
  grace?: number;
  /** For a whole request head. Default 60 s. */
  headersTimeout?: number;
  /** Between two reads of a request's body. Default 60 s. */
  bodyTimeout?: number;
  /**
   * Bytes of a request's body each second, on average, beyond ten seconds of waiting for the client; slower ones are answered with 408. Default 0:
   * as slowly as it likes.
   */
  minBodyRate?: number;
  /** Between two writes of a response that its client is slow to take. Default 60 s. */
  writeTimeout?: number;
  /** Between two requests of a connection. Default 5 s. */
  keepAliveTimeout?: number;
  /** Requests on one connection. Default 1000. */
  maxRequestsPerSocket?: number;
  /** HTTP/2 without TLS, for clients that begin with it. Default `false`; over TLS they agree on it by ALPN. */
  h2c?: boolean;
  /** Streams of an HTTP/2 connection at a time; further ones are refused. Default 100. */
  maxConcurrentStreams?: number;
  /** Connections at a time; further ones wait. Default 10 000. */
  maxConnections?: number;
  /** Requests in flight at a time; further ones are answered with 503 at once. Default: no limit but that of connections. */
  maxInFlight?: number;
  /** Bytes of a request head; more are answered with 431. Default 32 KiB. */
  maxHeaderSize?: number;
  /** Fields of a request head, at most 1000; more are answered with 431. Default 100. */
  maxHeadersCount?: number;
  /** Bytes of a request target; more are answered with 414. Default 8 KiB. */
  maxUrlLength?: number;
}

/** One of several targets of a native door. */
export interface DoorRoute {
  /** The beginning of a path, such as `/api`: for `/api` itself and what is below it. */
  path: string;
  target: ProxyTarget;
  /** Rules as of `pathRewrite`: sources of regular expressions, and what takes the place of their first match. */
  rewrite?: Readonly<Record<string, string>>;
}

/** What a line of the access log looks like: for people, as the web servers write it, or as an object of JSON. */
export type DoorLogFormat = 'short' | 'common' | 'combined' | 'json';

/** Gauges (`connections`, `inFlight`) and counters of a native door. */
export interface DoorStats {
  connections: number;
  /** Requests that are being answered. */
  inFlight: number;
  accepted: number;
  /** Connections that could not be accepted for want of descriptors and the like. */
  acceptErrors: number;
  /** Connections that were to be TLS and did not become it. */
  handshakeFailures: number;
  forwarded: number;
  /** Requests that went to Node: to the proxy's own JavaScript, or to `fallback`. */
  handedOver: number;
  /** Requests that no route is for. */
  unrouted: number;
  /** Requests that the door refused. */
  refused: number;
  /** Requests above `maxInFlight`. */
  overloaded: number;
  /** Requests whose target failed before it answered. */
  failed: number;
  /** Responses whose target failed in the middle. */
  cut: number;
  /** Requests whose client left before the end. */
  abandoned: number;
  /** Lines of the access log that could not be written. */
  lostLogLines: number;
}
