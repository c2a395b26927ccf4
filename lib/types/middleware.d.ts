/** `createProxyMiddleware` and its options. */

import * as http from 'node:http';
import { Socket } from 'node:net';
import { ResponseTransform } from './bodies.js';
import { Door, DoorOptions } from './door.js';
import { ProxyServerEvents } from './events.js';
import { Plugin } from './plugins.js';
import { ServerOptions } from './server-options.js';
import { ProxyTarget } from './targets.js';

/** Makes a middleware that proxies the requests which `pathFilter` lets through. With an option of version 2 it goes by its rules. */
export function createProxyMiddleware<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
  TNext extends (error?: unknown) => void = NextFunction,
>(options: LegacyOptions<TRequest, TResponse>): RequestHandler<TRequest, TResponse, TNext>;
/** @deprecated The call of http-proxy-middleware 2; goes by that version's rules. */
export function createProxyMiddleware<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
  TNext extends (error?: unknown) => void = NextFunction,
>(
  context: Filter<TRequest>,
  options?: LegacyOptions<TRequest, TResponse>,
): RequestHandler<TRequest, TResponse, TNext>;
/**
 * Version 3's bridge for those who come from http-proxy-middleware 2: its arguments, and the mount path kept.
 *
 * @deprecated Use `createProxyMiddleware`.
 */
export function legacyCreateProxyMiddleware<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
>(
  context: Filter<TRequest> | LegacyOptions<TRequest, TResponse>,
  options?: LegacyOptions<TRequest, TResponse>,
): RequestHandler<TRequest, TResponse>;

export interface RequestHandler<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
  TNext = NextFunction,
> {
  (req: TRequest, res: TResponse, next?: TNext): Promise<void>;
  /** For `server.on('upgrade', middleware.upgrade)`. */
  upgrade: (req: TRequest, socket: Socket, head: Buffer) => void;
  /** Makes the engine listen itself; what the middleware would pass on goes to `fallback`. */
  listen: {
    (where: number | string | undefined, options?: DoorOptions, listeningListener?: () => void): Door;
    (where: number | string, listeningListener: () => void): Door;
  };
}

export type NextFunction<T = (error?: unknown) => void> = T;

/** Which requests are proxied: the beginning of a path, globs, several of either kind, or a function. */
export type Filter<TRequest extends http.IncomingMessage = http.IncomingMessage> =
  string | string[] | ((pathname: string, req: TRequest) => boolean | string | RegExpMatchArray | null);

/** The listeners of the option `on`. */
export type OnProxyEvent<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> = Partial<ProxyServerEvents<TRequest, TResponse>>;

export type Logger = Pick<Console, 'info' | 'warn' | 'error'>;

/** What replaces the first match of a regular expression, by its source, or a function. `res` is undefined for upgrades. */
export type PathRewriteConfig<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> =
  | { [regexp: string]: string }
  | ((
      path: string,
      req: TRequest,
      res?: TResponse,
      options?: Options<TRequest, TResponse>,
    ) => string | undefined | Promise<string | undefined>);

export interface Options<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> extends ServerOptions {
  /** Which requests are proxied, by their path behind the mount. Default: all. */
  pathFilter?: Filter<TRequest> | undefined;
  /** Changes the path, and the query, before it is forwarded. */
  pathRewrite?: PathRewriteConfig<TRequest, TResponse> | undefined;
  /** Targets by host, path or both, or a function that names the target. `res` is undefined for upgrades. */
  router?:
    | { [hostOrPath: string]: ProxyTarget | readonly ProxyTarget[] }
    | ((
        req: TRequest,
        res: TResponse | undefined,
        options: Options<TRequest, TResponse>,
      ) => ProxyTarget | readonly ProxyTarget[] | Promise<ProxyTarget | readonly ProxyTarget[]>)
    | undefined;
  /** Are given the proxy, behind the default ones. */
  plugins?: Plugin<TRequest, TResponse>[] | undefined;
  /** Leave the default plugins out: those that implement `on` and `logger`, and answer errors. Default `false`. */
  ejectPlugins?: boolean | undefined;
  /** Listeners by event name. */
  on?: OnProxyEvent<TRequest, TResponse> | undefined;
  /** Is told of requests, answers and failures. Default: nobody is. */
  logger?: Logger | undefined;
  /**
   * Answers to leave to whoever stands behind: their statuses, or a function that says so. `next()` is called, nothing of the answer is
   * written, and no listener hears of it. Without a `next` the target's answer is given.
   */
  passThrough?:
    | readonly number[]
    | ((status: number, proxyRes: http.IncomingMessage, req: TRequest) => boolean)
    | false
    | undefined;
  /** Rewrites bodies while they stream, decoded and coded again as they came. Default: they pass as they are. */
  responseTransform?: ResponseTransform<TRequest> | undefined;
}

/** The options, and those that http-proxy-middleware 2 had. */
export interface LegacyOptions<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> extends Options<TRequest, TResponse> {
  /** @deprecated Use `on.error`. */
  onError?: OnProxyEvent<TRequest, TResponse>['error'] | undefined;
  /** @deprecated Use `on.proxyRes`. */
  onProxyRes?: OnProxyEvent<TRequest, TResponse>['proxyRes'] | undefined;
  /** @deprecated Use `on.proxyReq`. */
  onProxyReq?: OnProxyEvent<TRequest, TResponse>['proxyReq'] | undefined;
  /** @deprecated Use `on.proxyReqWs`. */
  onProxyReqWs?: OnProxyEvent<TRequest, TResponse>['proxyReqWs'] | undefined;
  /** @deprecated Use `on.open`. */
  onOpen?: OnProxyEvent<TRequest, TResponse>['open'] | undefined;
  /** @deprecated Use `on.close`. */
  onClose?: OnProxyEvent<TRequest, TResponse>['close'] | undefined;
  /** @deprecated Use `logger`. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
  /** @deprecated Use `logger`. */
  logProvider?: ((provider: any) => any) | undefined;
}
