/// <reference types="node" />

import { EventEmitter } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { AddressInfo, Socket } from 'node:net';
import { Duplex, Stream } from 'node:stream';
import * as tls from 'node:tls';
import * as url from 'node:url';

type Constructor = abstract new (...args: any) => any;

/** What a parameter stands for: the instances, also if it is the class. */
type Instance<T> = T extends Constructor ? InstanceType<T> : T;

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

  /** Gives a plugin back; types its parameters. */
  export function definePlugin<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  >(plugin: Plugin<TRequest, TResponse>): Plugin<TRequest, TResponse>;

  /** Limits of `responseInterceptor`. */
  export interface InterceptorOptions {
    /** Most bytes of a body, before and after decoding; more are a 502 (`ERR_PROXY_BODY_TOO_LARGE`). Default: as much as a string holds. */
    limit?: number;
  }

  /** Gives the body that the client gets for the one that the target sent, decoded. */
  export type ResponseInterceptor<
    TReq extends http.IncomingMessage = http.IncomingMessage,
    TRes extends http.ServerResponse = http.ServerResponse,
  > = (
    buffer: Buffer,
    proxyRes: http.IncomingMessage,
    req: TReq,
    res: TRes,
  ) => Buffer | Uint8Array | string | Promise<Buffer | Uint8Array | string>;

  /** A `proxyRes` listener, for `selfHandleResponse: true`, that answers with what the interceptor makes of the whole body. */
  export function responseInterceptor<
    TReq extends http.IncomingMessage = http.IncomingMessage,
    TRes extends http.ServerResponse = http.ServerResponse,
  >(
    interceptor: ResponseInterceptor<TReq, TRes>,
    options?: InterceptorOptions,
  ): (proxyRes: http.IncomingMessage, req: TReq, res: TRes) => Promise<void>;

  /** A request whose body a parser has read. */
  export type BodyParserLikeRequest = http.IncomingMessage & { body?: any };

  /** A `proxyReq` listener that sends a body again which a parser has read. */
  export function fixRequestBody<TReq extends BodyParserLikeRequest = BodyParserLikeRequest>(
    proxyReq: http.ClientRequest,
    req: TReq,
  ): void;

  /** What matches is replaced, also across chunks; a regular expression matches 4,096 characters at most. */
  export interface TransformRule {
    match: string | RegExp;
    replace: string;
  }

  /** Rewrites a response while it streams. */
  export type ResponseTransform<TReq extends http.IncomingMessage = http.IncomingMessage> =
    | TransformRule[]
    | ((
        chunk: Buffer,
        context: { req: TReq; proxyRes: http.IncomingMessage },
      ) => Buffer | Uint8Array | string | Promise<Buffer | Uint8Array | string>);

  /** Tells those who debug of every failure. */
  export const debugProxyErrorsPlugin: Plugin<any, any>;
  /** Answers failed requests. */
  export const errorResponsePlugin: Plugin<any, any>;
  /** Tells the option `logger` of what happens. */
  export const loggerPlugin: Plugin<any, any>;
  /** Implements the option `on`. */
  export const proxyEventsPlugin: Plugin<any, any>;

  /** How many sockets upgraded connections hold, on both sides. */
  export function numOpenSockets(): number;

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
    ca?: string | undefined;
    cert?: string | undefined;
    ciphers?: string | undefined;
    key?: string | undefined;
    passphrase?: string | undefined;
    pfx?: Buffer | string | undefined;
    secureProtocol?: string | undefined;
  }

  export type ProxyTargetUrl =
    string | URL | Partial<url.Url> | { host: string; port: number; protocol?: string };

  export type ProxyTarget = ProxyTargetUrl | ProxyTargetDetailed;

  /** Names the target of each request, or several. What it throws is that request's error. */
  export type ProxyTargetFunction = (req: http.IncomingMessage) => ProxyTarget | readonly ProxyTarget[];

  export interface ServerOptions {
    /**
     * Where requests go: a URL, its parts, or a function that says so for each request. The targets of a list are asked in turn; if one cannot
     * be connected to, or has not answered what may be sent again, the next one is.
     */
    target?: ProxyTarget | readonly ProxyTarget[] | ProxyTargetFunction | undefined;
    /** Where a copy of each request goes; its answer is dropped. Alone, without `target`, the client is answered 200 at once. */
    forward?: ProxyTarget | ProxyTargetFunction | undefined;
    /** `false`: a fresh connection for each request. By default connections are pooled. This version refuses other agents. */
    agent?: http.Agent | https.Agent | false | undefined;
    /** Forward the first of two `Host` fields instead of refusing the request with 400. Default `false`. */
    allowDuplicateHost?: boolean | undefined;
    /** `user:password` for an `Authorization` field; the client's own makes way for it. */
    auth?: string | undefined;
    /** Make a redirect that names the target name the host that the client addressed. Default `false`. */
    autoRewrite?: boolean | undefined;
    /** Send this stream as the body, for a request that was read before. It must give what `content-length` announces. */
    buffer?: Stream | undefined;
    /** PEM certificates that vouch for a TLS target, instead of Mozilla's roots. */
    ca?: string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[] | undefined;
    /** Make the `Host` field name the target. Default `false`. */
    changeOrigin?: boolean | undefined;
    /** Milliseconds for name look-up, connection and TLS handshake. Default 10,000. */
    connectTimeout?: number | undefined;
    /** New `Domain` attributes of cookies: one for all, or by old value, `*` for every other. An empty one removes. Default `false`. */
    cookieDomainRewrite?: false | string | { [oldDomain: string]: string } | undefined;
    /** New `Path` attributes of cookies: one for all, or by old value, `*` for every other. An empty one removes. Default `false`. */
    cookiePathRewrite?: false | string | { [oldPath: string]: string } | undefined;
    /** Send requests with this function. Refused by this version. */
    fetch?: typeof fetch | undefined;
    /** Refused by this version. */
    fetchOptions?: FetchOptions | undefined;
    /** Follow redirects instead of passing them on. Default `false`; this version refuses anything else. */
    followRedirects?: boolean | number | undefined;
    /** Header fields to add, or to replace whatever their case. An array repeats the field. */
    headers?: { [header: string]: string | number | readonly string[] | null | undefined } | undefined;
    /**
     * Wait for asynchronous `proxyReq` and `proxyRes` listeners, this many milliseconds at most, before the head goes out; also for functions
     * that name targets or paths. By default listeners are not waited for, the functions as long as they take. With `selfHandleResponse`
     * nothing goes out by itself, and `proxyRes` is not waited for.
     */
    hookTimeout?: number | undefined;
    /** Make a redirect that names the target name this host, and port, instead. Wins over `autoRewrite`. */
    hostRewrite?: string | undefined;
    /** HTTP/2 for the clients of `listen`. Refused by this version. */
    http2?: boolean | undefined;
    /** Forward to the target's path alone. Default `false`. */
    ignorePath?: boolean | undefined;
    /** Address of this machine that connections to the target come from. */
    localAddress?: string | undefined;
    /** Send this method instead of the request's. */
    method?: string | undefined;
    /** Put the target's path in front of the request's. Default `true`. */
    prependPath?: boolean | undefined;
    /** Give response fields the target's spelling of their names. Default `false`. */
    preserveHeaderKeyCase?: boolean | undefined;
    /** Give a redirect that names the target this protocol: `http` or `https`. */
    protocolRewrite?: string | undefined;
    /** Milliseconds until the response's head, and between two reads of its body. Default: no limit. */
    proxyTimeout?: number | undefined;
    /**
     * Send a request again that has failed: to the next target of a list, or to the same one. Default: to each target of a list once.
     * Never after a byte of the answer, apart from `statuses`; never without the whole body (streamed ones are kept up to 64 KiB).
     */
    retry?: Retry | undefined;
    /** `false`: accept any certificate of a TLS target. Default `true`. */
    secure?: boolean | undefined;
    /** Leave the response to the `proxyRes` listeners. Default `false`. */
    selfHandleResponse?: boolean | undefined;
    /** TLS options, key and certificate of the server that `listen` makes. */
    ssl?: https.ServerOptions | Record<string, unknown> | undefined;
    /** Throw errors that nobody handles, as http-proxy does, instead of answering 502. Default `false`. */
    throwOnUnhandledError?: boolean | undefined;
    /** Milliseconds that the client's connection may be idle. Default: Node's own. */
    timeout?: number | undefined;
    /** Limits of a request to the target, each with a code of its own and the status 504. They win over the options of one limit each. */
    timeouts?: Timeouts | undefined;
    /** The target is a proxy: pass a request's absolute URL on in the path. Default `false`. */
    toProxy?: boolean | undefined;
    /** Milliseconds for which nothing may move through an upgraded connection. Default: no limit. */
    tunnelTimeout?: number | undefined;
    /** Milliseconds until the answer to an upgrade; instead of `proxyTimeout`. Default: no limit. */
    upgradeTimeout?: number | undefined;
    /** Refuse a `101` that is not a valid answer to the handshake (RFC 6455). Default `true`. */
    verifyUpgrade?: boolean | undefined;
    /** Take over the upgrade requests of the server that `listen` makes. Default `false`. */
    ws?: boolean | undefined;
    /** Add `x-forwarded-for`, `-port`, `-proto` and `-host`; to what is there already, they are appended. Default `false`. */
    xfwd?: boolean | undefined;
    /** Let `x-forwarded-proto` of an upgrade say `http` or `https` instead of `ws` or `wss`. Default `false`. */
    xfwdWsProtoAsHttp?: boolean | undefined;
  }

  export interface Retry {
    /** How often a request is sent at most, the first time included. Default: the number of targets, but at least 2. */
    attempts?: number | undefined;
    /**
     * Which requests are sent again although their target may have acted on them. What could not be written to any target is sent again whatever
     * its method. Default: `GET`, `HEAD`, `OPTIONS`, `PUT`, `DELETE`, `TRACE`.
     */
    methods?: readonly string[] | undefined;
    /** Answers, from 400 to 599, that are not given but asked for again. Default: none. */
    statuses?: readonly number[] | undefined;
  }

  /** Milliseconds; 0 is no limit. What runs out before the head is answered 504, later the client's connection is broken off. */
  export interface Timeouts {
    /** For name look-up, connection and TLS handshake: `ERR_PROXY_CONNECT_TIMEOUT`. Default `connectTimeout`. */
    connect?: number | undefined;
    /** From the request sent to the response's head: `ERR_PROXY_HEAD_TIMEOUT`. Default `proxyTimeout`. */
    head?: number | undefined;
    /** Between two reads of the response's body, and for each write of the request: `ERR_PROXY_IDLE_TIMEOUT`. Default `proxyTimeout`. */
    idle?: number | undefined;
    /** From the beginning to the end of the response's body: `ERR_PROXY_TOTAL_TIMEOUT`. Default: no limit. */
    total?: number | undefined;
  }

  /** httpxy's name. */
  export type ProxyServerOptions = ServerOptions;

  export interface FetchOptions {
    requestOptions?: RequestInit | undefined;
    onBeforeRequest?: (
      requestOptions: RequestInit,
      req: http.IncomingMessage,
      res: http.ServerResponse,
      options: ServerOptions,
    ) => void | Promise<void>;
    onAfterResponse?: (
      response: Response,
      req: http.IncomingMessage,
      res: http.ServerResponse,
      options: ServerOptions,
    ) => void | Promise<void>;
  }

  /** A step of `web`. It ends the chain by returning something true. */
  export type WebPass = (
    req: http.IncomingMessage,
    res: http.ServerResponse,
    options: ServerOptions,
    head: Buffer | undefined,
    server: HttpProxy,
    callback?: ErrorCallback,
  ) => unknown;

  /** A step of `ws`. It ends the chain by returning something true. */
  export type WsPass = (
    req: http.IncomingMessage,
    socket: Socket,
    options: ServerOptions,
    head: Buffer | undefined,
    server: HttpProxy,
    callback?: ErrorCallback,
  ) => unknown;

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
    timeout?: 'connect' | 'head' | 'idle' | 'total';
    /** A fitting status for a client that can still be answered. */
    status?: number;
    /** The part of the exchange in which it happened. */
    phase?: 'accept' | 'hook' | 'connect' | 'tls' | 'send' | 'head' | 'body';
    /** Whose doing it was. */
    side?: 'client' | 'upstream' | 'internal';
  }

  /** The arguments of each event's listeners. */
  export interface ProxyServerEventMap<
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
    TError = ProxyError,
  > {
    /** A request is about to be forwarded. */
    start: [req: Instance<TIncomingMessage>, res: Instance<TServerResponse>, target: ProxyTargetUrl];
    /** Before anything is sent: what the listener changes is sent. */
    proxyReq: [
      proxyReq: http.ClientRequest,
      req: Instance<TIncomingMessage>,
      res: Instance<TServerResponse>,
      options: ServerOptions,
      socket: Socket,
    ];
    /** The target's head is there: what the listener changes is passed on. */
    proxyRes: [
      proxyRes: http.IncomingMessage,
      req: Instance<TIncomingMessage>,
      res: Instance<TServerResponse>,
    ];
    /** As `proxyReq`, for an upgrade. */
    proxyReqWs: [
      proxyReq: http.ClientRequest,
      req: Instance<TIncomingMessage>,
      socket: Socket,
      options: ServerOptions,
      head: any,
    ];
    /** The target's body has ended. */
    end: [req: Instance<TIncomingMessage>, res: Instance<TServerResponse>, proxyRes: http.IncomingMessage];
    /** A connection is upgraded. */
    open: [proxySocket: Socket];
    /** @deprecated `open` says the same. */
    proxySocket: [proxySocket: Socket];
    /** An upgraded connection has ended. */
    close: [proxyRes: http.IncomingMessage, proxySocket: Socket, proxyHead: any];
    /** An exchange has failed. Without a listener, and a callback, the client is answered 502. */
    error: [
      error: TError,
      req: Instance<TIncomingMessage>,
      res: Instance<TServerResponse> | Socket,
      target?: ProxyTargetUrl,
    ];
    /** The client has gone before it was answered. */
    econnreset: [
      error: TError,
      req: Instance<TIncomingMessage>,
      res: Instance<TServerResponse>,
      target: ProxyTargetUrl,
    ];
  }

  /** The listeners of each event. What they return is not looked at, but promises: their rejections fail the exchange. */
  export type ProxyServerEvents<
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
    TError = ProxyError,
  > = {
    [K in keyof ProxyServerEventMap]: (
      ...args: ProxyServerEventMap<TIncomingMessage, TServerResponse, TError>[K]
    ) => unknown;
  };

  /**
   * The callback of `web` and `ws`, and the listener of `error`. Takes its parameters in http-proxy's order (error, request, response) and,
   * if the first is a class, in http-proxy-3's (request, response, error).
   */
  export type ErrorCallback<
    A = ProxyError,
    B = A extends Constructor ? typeof http.ServerResponse : http.IncomingMessage,
    C = A extends Constructor ? ProxyError : http.ServerResponse,
  > = A extends Constructor
    ? (error: C, req: Instance<A>, res: Instance<B> | Socket, target?: ProxyTargetUrl) => void
    : (error: A, req: Instance<B>, res: Instance<C> | Socket, target?: ProxyTargetUrl) => void;

  export type StartCallback<
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
  > = (req: TIncomingMessage, res: TServerResponse, target: ProxyTargetUrl) => void;

  export type ProxyReqCallback<
    TClientRequest = http.ClientRequest,
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
  > = (proxyReq: TClientRequest, req: TIncomingMessage, res: TServerResponse, options: ServerOptions) => void;

  export type ProxyResCallback<
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
  > = (proxyRes: TIncomingMessage, req: TIncomingMessage, res: TServerResponse) => void;

  export type ProxyReqWsCallback<
    TClientRequest = http.ClientRequest,
    TIncomingMessage = http.IncomingMessage,
  > = (
    proxyReq: TClientRequest,
    req: TIncomingMessage,
    socket: Socket,
    options: ServerOptions,
    head: any,
  ) => void;

  export type EconnresetCallback<
    TError = ProxyError,
    TIncomingMessage = http.IncomingMessage,
    TServerResponse = http.ServerResponse,
  > = (error: TError, req: TIncomingMessage, res: TServerResponse, target: ProxyTargetUrl) => void;

  export type EndCallback<TIncomingMessage = http.IncomingMessage, TServerResponse = http.ServerResponse> = (
    req: TIncomingMessage,
    res: TServerResponse,
    proxyRes: TIncomingMessage,
  ) => void;

  export type OpenCallback = (proxySocket: Socket) => void;

  export type CloseCallback<TIncomingMessage = http.IncomingMessage> = (
    proxyRes: TIncomingMessage,
    proxySocket: Socket,
    proxyHead: any,
  ) => void;

  export type NextFunction<T = (error?: unknown) => void> = T;

  /** Which requests are proxied: the beginning of a path, globs, several of either kind, or a function. */
  export type Filter<TRequest extends http.IncomingMessage = http.IncomingMessage> =
    string | string[] | ((pathname: string, req: TRequest) => boolean | string | RegExpMatchArray | null);

  /** Called once, when the middleware is made. */
  export interface Plugin<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
  > {
    (proxyServer: HttpProxy<TRequest, TResponse>, options: Options<TRequest, TResponse>): void;
  }

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

  export interface RequestHandler<
    TRequest extends http.IncomingMessage = http.IncomingMessage,
    TResponse extends http.ServerResponse = http.ServerResponse,
    TNext = NextFunction,
  > {
    (req: TRequest, res: TResponse, next?: TNext): Promise<void>;
    /** For `server.on('upgrade', middleware.upgrade)`. */
    upgrade: (req: TRequest, socket: Socket, head: Buffer) => void;
  }

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

export = HttpProxy;
