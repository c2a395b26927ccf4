/** What a proxy tells of: its events, their listeners, and its errors. */

import * as http from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Constructor, Instance } from './class-or-instance.js';
import { ServerOptions } from './server-options.js';
import { ProxyTargetUrl } from './targets.js';

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
  proxyRes: [proxyRes: http.IncomingMessage, req: Instance<TIncomingMessage>, res: Instance<TServerResponse>];
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
  /**
   * A message on its way through a WebSocket. Each listener is given what the one before it has returned: a string goes on as text, bytes as
   * binary; `undefined` leaves the message as it is, and `null` drops it. A promise is waited for, and later messages of its direction with it.
   */
  wsMessage: [message: string | Buffer, info: WsMessageInfo];
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
  [K in keyof ProxyServerEventMap]: K extends 'wsMessage'
    ? WsMessageListener
    : (...args: ProxyServerEventMap<TIncomingMessage, TServerResponse, TError>[K]) => unknown;
};

/** What a `wsMessage` listener is told of a message. */
export interface WsMessageInfo {
  direction: 'toTarget' | 'toClient';
  /** Bytes, as opposed to text. */
  binary: boolean;
  /** The client's. */
  socket: Duplex;
}

/** What goes on in a message's place. */
export type WsMessageResult = string | NodeJS.ArrayBufferView | null | undefined | void;

export type WsMessageListener = (
  message: string | Buffer,
  info: WsMessageInfo,
) => WsMessageResult | Promise<WsMessageResult>;

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

export type StartCallback<TIncomingMessage = http.IncomingMessage, TServerResponse = http.ServerResponse> = (
  req: TIncomingMessage,
  res: TServerResponse,
  target: ProxyTargetUrl,
) => void;

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
