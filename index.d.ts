/// <reference types="node" />

import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import { Socket } from 'node:net';

/** An HTTP proxy whose engine is native. `createProxyServer` makes the same thing. */
declare class ProxyServer<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> extends EventEmitter {
  constructor(options?: proxy.ServerOptions);

  /** The object that was passed, by reference. Edits take effect with the next request. */
  options: proxy.ServerOptions;

  /**
   * Forwards a request and answers it.
   *
   * @param options win over the proxy's own
   * @param callback is told of a failure instead of the `error` listeners
   * @returns a promise that settles when the exchange is over. It rejects only if there is neither a callback nor an `error` listener.
   */
  web(
    req: TRequest,
    res: TResponse,
    options?: proxy.ServerOptions,
    callback?: proxy.ErrorCallback<TRequest, TResponse>,
  ): Promise<void>;
  web(req: TRequest, res: TResponse, callback: proxy.ErrorCallback<TRequest, TResponse>): Promise<void>;

  /** What is open now, and what has happened, in the engine of this thread. */
  stats(): proxy.Stats;

  on<K extends keyof proxy.ProxyServerEvents<TRequest, TResponse>>(
    event: K,
    listener: proxy.ProxyServerEvents<TRequest, TResponse>[K],
  ): this;
  once<K extends keyof proxy.ProxyServerEvents<TRequest, TResponse>>(
    event: K,
    listener: proxy.ProxyServerEvents<TRequest, TResponse>[K],
  ): this;
  off<K extends keyof proxy.ProxyServerEvents<TRequest, TResponse>>(
    event: K,
    listener: proxy.ProxyServerEvents<TRequest, TResponse>[K],
  ): this;
}

declare namespace proxy {
  export { ProxyServer };

  /** Makes a proxy. */
  export function createProxyServer<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  >(options?: ServerOptions): ProxyServer<TRequest, TResponse>;

  /** Makes a middleware that proxies every request it is given. */
  export function createProxyMiddleware<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
    TNext = (error?: unknown) => void,
  >(options: Options<TRequest, TResponse>): RequestHandler<TRequest, TResponse, TNext>;

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
    path?: string | null | undefined;
    /** Connect to this Unix socket instead of host and port. */
    socketPath?: string | undefined;
  }

  export type ProxyTarget = string | URL | ProxyTargetDetailed;

  export interface ServerOptions {
    /** Where requests go. */
    target?: ProxyTarget | undefined;
    /** `false`: a fresh connection for each request. By default connections are pooled. */
    agent?: false | undefined;
    /** Forward the first of two `Host` fields instead of refusing the request with 400. Default `false`. */
    allowDuplicateHost?: boolean | undefined;
    /** PEM certificates that vouch for a TLS target, instead of Mozilla's roots. */
    ca?: string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[] | undefined;
    /** Make the `Host` field name the target. Default `false`. */
    changeOrigin?: boolean | undefined;
    /** Milliseconds for name look-up, connection and TLS handshake. Default 10,000. */
    connectTimeout?: number | undefined;
    /** Header fields to add, or to replace whatever their case. */
    headers?: Record<string, string | number | readonly string[] | null> | undefined;
    /** Wait for asynchronous `proxyReq` listeners, this many milliseconds at most. By default they are not waited for. */
    hookTimeout?: number | undefined;
    /** Forward to the target's path alone. Default `false`. */
    ignorePath?: boolean | undefined;
    /** Put the target's path in front of the request's. Default `true`. */
    prependPath?: boolean | undefined;
    /** Milliseconds until the response's head, and between two reads of its body. Default: no limit. */
    proxyTimeout?: number | undefined;
    /** `false`: accept any certificate of a TLS target. Default `true`. */
    secure?: boolean | undefined;
    /** Leave the response to the `proxyRes` listeners. Default `false`. */
    selfHandleResponse?: boolean | undefined;
    /** Throw errors that nobody handles, as http-proxy does, instead of answering 502. Default `false`. */
    throwOnUnhandledError?: boolean | undefined;
    /** Milliseconds that the client's connection may be idle. Default: Node's own. */
    timeout?: number | undefined;
    /** Add `x-forwarded-for`, `-port`, `-proto` and `-host`. Default `false`. */
    xfwd?: boolean | undefined;
  }

  export type ErrorCallback<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  > = (error: ProxyError, req: TRequest, res: TResponse, target?: ProxyTarget) => void;

  /** An error with Node's code and message for the same event. */
  export interface ProxyError extends Error {
    /** `ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, `HPE_INVALID_CONSTANT`, `DEPTH_ZERO_SELF_SIGNED_CERT`, … */
    code?: string;
    errno?: number;
    syscall?: string;
    address?: string;
    port?: number;
    hostname?: string;
    /** The limit that ran out. */
    timeout?: 'connect' | 'head' | 'idle';
    /** A fitting status for a client that can still be answered. */
    status?: number;
    /** The part of the exchange in which it happened. */
    phase?: 'accept' | 'hook' | 'connect' | 'tls' | 'send' | 'head' | 'body';
    /** Whose doing it was. */
    side?: 'client' | 'upstream' | 'internal';
  }

  /** The listeners of each event, with their arguments. */
  export interface ProxyServerEvents<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  > {
    start: (req: TRequest, res: TResponse, target: URL) => void;
    proxyReq: (
      proxyReq: http.ClientRequest,
      req: TRequest,
      res: TResponse,
      options: ServerOptions,
      socket: Socket,
    ) => void | Promise<void>;
    proxyRes: (proxyRes: http.IncomingMessage, req: TRequest, res: TResponse) => void | Promise<void>;
    end: (req: TRequest, res: TResponse, proxyRes: http.IncomingMessage) => void;
    error: ErrorCallback<TRequest, TResponse>;
    econnreset: (error: ProxyError, req: TRequest, res: TResponse, target?: ProxyTarget) => void;
  }

  export interface Options<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  > extends ServerOptions {
    /** Listeners by event name. */
    on?: Partial<ProxyServerEvents<TRequest, TResponse>> | undefined;
  }

  export type RequestHandler<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
    TNext = (error?: unknown) => void,
  > = (req: TRequest, res: TResponse, next?: TNext) => Promise<void>;

  /** Gauges (what is open now) and counters (what has happened so far) of the engine of this thread. */
  export interface Stats {
    exchanges: number;
    connections: number;
    idleConnections: number;
    exchangesStarted: number;
    connectionsMade: number;
    retries: number;
    panics: number;
  }
}

export = proxy;
