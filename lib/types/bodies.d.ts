/** What reads or changes bodies: interceptors, transforms, bodies that a parser has read. */

import * as http from 'node:http';

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
