import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { DoorOptions, DoorStats, ProxyServer } from '../../index.js';
import { AddressInfo } from 'node:net';

/** A drop-in for dynamic-reverse-proxy: a proxy whose routes are registered while it runs. */
declare function createDynamicProxy(
  options?: createDynamicProxy.DynamicProxyOptions,
): createDynamicProxy.DynamicProxy;

declare namespace createDynamicProxy {
  /** A route: requests whose URL begins with its prefix go to `http://host:port`, with their whole path. */
  interface Route {
    prefix: string;
    /** From 1 to 65535, as a number or in digits. */
    port: number | string;
    /** `localhost`, unless the route was added by `addRoutes` or `allowTargets` has another one. */
    host?: string;
    /** For requests to these hosts alone; they come before routes for all hosts. */
    reqHostNames?: readonly string[];
    [name: string]: unknown;
  }

  interface DynamicProxyOptions {
    /** Names by which clients may call this server when they register, beside `localhost` and addresses. */
    allowHosts?: readonly string[];
    /** Hosts, with or without a port, to which registered routes may lead beside this machine. Default: none. */
    allowTargets?: readonly string[];
    /** Milliseconds for the body of a registration. Default 5000. */
    bodyTimeout?: number;
    /**
     * Only `127.0.0.1` may register, web pages too, and answers have no `Allow` and no `Content-Type`, as with dynamic-reverse-proxy 0.6.
     * Default `false`.
     */
    legacy?: boolean;
    /** Whether prefixes end anywhere (`/test` is for `/testing`) or with whole segments. Default `'string'`. */
    match?: 'string' | 'segment';
    /** Bytes of a registration's body. Default 64 KiB. */
    maxBodySize?: number;
    /** Default 100 000. */
    maxRoutes?: number;
    /** Say in `x-served-by` which target and prefix served a request. Default `true`. */
    servedBy?: boolean;
    /** `file:` and a path: routes are kept in that file, and outlive the process. One process at a time has it. Default: they are not kept. */
    store?: `file:${string}`;
  }

  /** A route as its prototype, so that it has no properties of its own. */
  type RouteOfRequest = object;

  interface DynamicProxyEvents {
    /** A request could not be forwarded: `NOT_FOUND`, `BAD_REQUEST`, or an error of the target. Who answers, answers; else 501, 400 or 500 is. */
    proxyError: [
      error: Error,
      host: RouteOfRequest | null,
      req: IncomingMessage,
      res: ServerResponse | Duplex,
    ];
    /** Nothing was registered; the error's message says why. */
    registerError: [error: Error, req: IncomingMessage, res: ServerResponse];
    routeRegistered: [route: Route];
    routeRemoved: [route: Route];
  }

  /** A listening socket of the engine's. */
  interface Door extends EventEmitter<{ listening: []; close: []; error: [error: Error] }> {
    readonly listening: boolean;
    address(): AddressInfo | null;
    close(onClosed?: (error?: Error) => void): this;
    stats(): DoorStats | undefined;
  }

  interface DynamicProxy extends EventEmitter<DynamicProxyEvents> {
    readonly proxy: ProxyServer;
    /** The routes by prefix, as they are now. */
    readonly routes: Record<string, Route>;
    getRoutes(): Route[];
    addRoutes(routes: readonly Route[] | Readonly<Record<string, Route>>): this;
    registerRoute(route: Route): true;
    removeRoute(prefix: string, reqHostName?: string): boolean;
    /**
     * When a route was used last by a request at the door that `listen` opens: the body of a request came, what a WebSocket's client says, or the
     * end of an answer below 300. Being registered counts, too. `undefined`: there is no such route.
     */
    lastActivity(prefix: string, reqHostName?: string): Date | undefined;
    registerRouteRequest(req: IncomingMessage, res: ServerResponse): void;
    proxyRequest(req: IncomingMessage, res: ServerResponse): void;
    /**
     * Lets the engine listen: what has a route never comes to JavaScript. `POST /register` registers routes; responses have no `x-served-by`.
     */
    listen(port: number, options?: Omit<DoorOptions, 'fallback' | 'routes'>, onListening?: () => void): Door;
    /** Lets go of the file of the option `store`. The routes stay; there can be no others. */
    close(): void;
    proxyUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  }
}

export = createDynamicProxy;
