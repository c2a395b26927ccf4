/// <reference types="node" />

import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import { AddressInfo, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import * as bodies from './lib/types/bodies.js';
import { Instance } from './lib/types/class-or-instance.js';
import * as door from './lib/types/door.js';
import * as events from './lib/types/events.js';
import * as fetch from './lib/types/fetch.js';
import * as middleware from './lib/types/middleware.js';
import * as passes from './lib/types/passes.js';
import * as plugins from './lib/types/plugins.js';
import * as serverOptions from './lib/types/server-options.js';
import * as targets from './lib/types/targets.js';

type AnyRequest<T> = http.IncomingMessage | http2.Http2ServerRequest | Instance<T>;
type AnyResponse<T> = http.ServerResponse | http2.Http2ServerResponse | Instance<T>;

type Listener<K, TIncomingMessage, TServerResponse, TError> = K extends keyof HttpProxy.ProxyServerEventMap
  ? HttpProxy.ProxyServerEvents<TIncomingMessage, TServerResponse, TError>[K]
  : (...args: any[]) => void;

/**
 * An HTTP proxy whose engine is native.
 *
 * The parameters for requests and responses take the class or its instances, as http-proxy-3 and http-proxy want it: both
 * `HttpProxy<typeof IncomingMessage>` and `HttpProxy<IncomingMessage>`.
 */
declare class HttpProxy<
  TIncomingMessage = http.IncomingMessage,
  TServerResponse = http.ServerResponse,
  TError = HttpProxy.ProxyError,
> extends EventEmitter {
  constructor(options?: HttpProxy.ServerOptions | null);

  /** The object that was passed, by reference. Edits take effect with the next request. */
  options: HttpProxy.ServerOptions;

  /** What `web` runs, in this order. */
  webPasses: HttpProxy.WebPass[];

  /** What `ws` runs, in this order. */
  wsPasses: HttpProxy.WsPass[];

  /**
   * Forwards a request and answers it. May be called without its object.
   *
   * @param options win over the proxy's own
   * @param callback is told of a failure instead of the `error` listeners
   * @returns a promise that settles when the exchange is over. It rejects only if there is neither a callback nor an `error` listener.
   */
  web(
    req: AnyRequest<TIncomingMessage>,
    res: AnyResponse<TServerResponse>,
    options?: HttpProxy.ServerOptions,
    callback?: HttpProxy.ErrorCallback<TError, Instance<TIncomingMessage>, Instance<TServerResponse>>,
  ): Promise<void>;
  web(
    req: AnyRequest<TIncomingMessage>,
    res: AnyResponse<TServerResponse>,
    callback: HttpProxy.ErrorCallback<TError, Instance<TIncomingMessage>, Instance<TServerResponse>>,
  ): Promise<void>;

  /**
   * Takes over an `upgrade` request, and joins the client's connection with the target's.
   *
   * @param head what the client has sent after its request
   */
  ws(
    req: AnyRequest<TIncomingMessage>,
    socket: Duplex,
    head: NodeJS.ArrayBufferView | null | undefined,
    options?: HttpProxy.ServerOptions,
    callback?: HttpProxy.ErrorCallback<TError, Instance<TIncomingMessage>, Socket>,
  ): Promise<void>;
  ws(
    req: AnyRequest<TIncomingMessage>,
    socket: Duplex,
    head: NodeJS.ArrayBufferView | null | undefined,
    callback: HttpProxy.ErrorCallback<TError, Instance<TIncomingMessage>, Socket>,
  ): Promise<void>;
  /** In httpxy's order. */
  ws(
    req: AnyRequest<TIncomingMessage>,
    socket: Duplex,
    options?: HttpProxy.ServerOptions,
    head?: NodeJS.ArrayBufferView | null,
  ): Promise<void>;

  /** Makes a server of Node's in front of the proxy; with the option `ssl` one for TLS that speaks HTTP/1.1 and HTTP/2. */
  listen(port: number, hostname?: string, listeningListener?: () => void): this;

  /**
   * Makes the engine listen itself: requests go from client to target and back without JavaScript, but those that need it (listeners, passes,
   * functions, and the options `ws`, `forward` and some more). HTTP/1.1, over TLS with the option `ssl`.
   */
  listen(
    where: number | string | undefined,
    door: HttpProxy.DoorOptions,
    listeningListener?: () => void,
  ): this;

  /** Other certificates for the server that `listen` has made with the option `ssl`. Connections that there are go on. */
  setSecureContext(settings: tls.SecureContextOptions): void;

  /** Where the server of `listen` listens. */
  address(): AddressInfo | string | null | undefined;

  /** Closes the server of `listen`. Without one, the callback is called at once. */
  close(callback?: (error?: Error) => void): void;

  /** Adds a pass in front of the one that has this name. */
  before(type: 'web', passName: string, pass: HttpProxy.WebPass): void;
  before(type: 'ws', passName: string, pass: HttpProxy.WsPass): void;

  /** Adds a pass behind the one that has this name. */
  after(type: 'web', passName: string, pass: HttpProxy.WebPass): void;
  after(type: 'ws', passName: string, pass: HttpProxy.WsPass): void;

  /** `web` under its old name. */
  proxyRequest: this['web'];

  /** `ws` under its old name. */
  proxyWebsocketRequest: this['ws'];

  /** What is open now, and what has happened, in the engine of this thread. */
  stats(): HttpProxy.Stats;

  addListener<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  on<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  once<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  prependListener<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  prependOnceListener<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  off<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
  removeListener<K extends string | symbol>(
    event: K,
    listener: Listener<K, TIncomingMessage, TServerResponse, TError>,
  ): this;
}

/** Without `new`, as in http-proxy-middleware 0.x: makes a middleware. */
declare function HttpProxy(options: HttpProxy.Options): HttpProxy.RequestHandler;

declare namespace HttpProxy {
  export { HttpProxy as ProxyServer, HttpProxy as Server, HttpProxy as default };

  /** Makes a proxy. */
  export function createProxyServer<
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
    TError = ProxyError,
  >(options?: ServerOptions | null): HttpProxy<TIncomingMessage, TServerResponse, TError>;

  export { createProxyServer as createProxy, createProxyServer as createServer };

  /** How many sockets upgraded connections hold, on both sides. */
  export function numOpenSockets(): number;

  /** Gauges (what is open now) and counters (what has happened so far) of this thread. Connections are those of the engine. */
  export interface Stats {
    exchanges: number;
    connections: number;
    idleConnections: number;
    exchangesStarted: number;
    connectionsMade: number;
    retries: number;
    panics: number;
    /** What of it has gone over Node's own client; there once something has. */
    node?: NodeStats;
    /** Of the door that `listen(port, { … })` has opened. */
    door?: DoorStats;
  }

  /** Requests that only Node's own client can send: because of their agent, of old TLS, or because `http.request` was replaced. */
  export interface NodeStats {
    exchanges: number;
    exchangesStarted: number;
    retries: number;
    /** Why, by the origin of the target; the last hundred of them. */
    targets: { [origin: string]: string };
  }

  export import Door = door.Door;
  export import DoorLogFormat = door.DoorLogFormat;
  export import DoorOptions = door.DoorOptions;
  export import DoorRoute = door.DoorRoute;
  export import DoorStats = door.DoorStats;

  export import BodyParserLikeRequest = bodies.BodyParserLikeRequest;
  export import InterceptorOptions = bodies.InterceptorOptions;
  export import ResponseInterceptor = bodies.ResponseInterceptor;
  export import ResponseTransform = bodies.ResponseTransform;
  export import TransformRule = bodies.TransformRule;
  export import fixRequestBody = bodies.fixRequestBody;
  export import responseInterceptor = bodies.responseInterceptor;

  export import CloseCallback = events.CloseCallback;
  export import EconnresetCallback = events.EconnresetCallback;
  export import EndCallback = events.EndCallback;
  export import ErrorCallback = events.ErrorCallback;
  export import OpenCallback = events.OpenCallback;
  export import ProxyError = events.ProxyError;
  export import ProxyReqCallback = events.ProxyReqCallback;
  export import ProxyReqWsCallback = events.ProxyReqWsCallback;
  export import ProxyResCallback = events.ProxyResCallback;
  export import ProxyServerEventMap = events.ProxyServerEventMap;
  export import ProxyServerEvents = events.ProxyServerEvents;
  export import StartCallback = events.StartCallback;
  export import WsMessageInfo = events.WsMessageInfo;
  export import WsMessageListener = events.WsMessageListener;
  export import WsMessageResult = events.WsMessageResult;

  export import ProxyAddr = fetch.ProxyAddr;
  export import ProxyFetchOptions = fetch.ProxyFetchOptions;
  export import ProxyUpgradeOptions = fetch.ProxyUpgradeOptions;
  export import proxyFetch = fetch.proxyFetch;
  export import proxyUpgrade = fetch.proxyUpgrade;

  export import Filter = middleware.Filter;
  export import LegacyOptions = middleware.LegacyOptions;
  export import Logger = middleware.Logger;
  export import NextFunction = middleware.NextFunction;
  export import OnProxyEvent = middleware.OnProxyEvent;
  export import Options = middleware.Options;
  export import PathRewriteConfig = middleware.PathRewriteConfig;
  export import RequestHandler = middleware.RequestHandler;
  export import createProxyMiddleware = middleware.createProxyMiddleware;
  export import legacyCreateProxyMiddleware = middleware.legacyCreateProxyMiddleware;

  export import WebPass = passes.WebPass;
  export import WsPass = passes.WsPass;

  export import Plugin = plugins.Plugin;
  export import debugProxyErrorsPlugin = plugins.debugProxyErrorsPlugin;
  export import definePlugin = plugins.definePlugin;
  export import errorResponsePlugin = plugins.errorResponsePlugin;
  export import loggerPlugin = plugins.loggerPlugin;
  export import proxyEventsPlugin = plugins.proxyEventsPlugin;

  export import FetchOptions = serverOptions.FetchOptions;
  export import ProxyServerOptions = serverOptions.ProxyServerOptions;
  export import Retry = serverOptions.Retry;
  export import ServerOptions = serverOptions.ServerOptions;
  export import Timeouts = serverOptions.Timeouts;

  export import ProxyTarget = targets.ProxyTarget;
  export import ProxyTargetDetailed = targets.ProxyTargetDetailed;
  export import ProxyTargetFunction = targets.ProxyTargetFunction;
  export import ProxyTargetUrl = targets.ProxyTargetUrl;
}

export = HttpProxy;
