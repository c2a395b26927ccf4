/** What a proxy, and each of its calls, can be told. */

import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { Stream } from 'node:stream';
import * as tls from 'node:tls';
import { Archives, Certificates, Keys } from './target-tls.js';
import { ProxyTarget, ProxyTargetFunction } from './targets.js';

export interface ServerOptions {
  /**
   * Where requests go: a URL, its parts, or a function that says so for each request. The targets of a list are asked in turn; if one cannot
   * be connected to, or has not answered what may be sent again, the next one is.
   */
  target?: ProxyTarget | readonly ProxyTarget[] | ProxyTargetFunction | undefined;
  /** Where a copy of each request goes; its answer is dropped. Alone, without `target`, the client is answered 200 at once. */
  forward?: ProxyTarget | ProxyTargetFunction | undefined;
  /**
   * `false`: a fresh connection for each request. A plain agent of Node's says how connections are kept, and what it says of TLS counts most.
   * By default connections are pooled. Subclasses, agents with functions of their own or with settings that the engine does not have are used by
   * Node's own client (see `stats().node`).
   */
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
  /** Certificate, and those that vouch for it, for a TLS target that wants to know who asks. */
  cert?: Certificates | undefined;
  /** Make the `Host` field name the target. Default `false`. */
  changeOrigin?: boolean | undefined;
  /** The ciphers to offer TLS targets, in the way of OpenSSL; by Node's own client. */
  ciphers?: string | undefined;
  /** Milliseconds for name look-up, connection and TLS handshake. Default 10,000. */
  connectTimeout?: number | undefined;
  /** New `Domain` attributes of cookies: one for all, or by old value, `*` for every other. An empty one removes. Default `false`. */
  cookieDomainRewrite?: false | string | { [oldDomain: string]: string } | undefined;
  /** New `Path` attributes of cookies: one for all, or by old value, `*` for every other. An empty one removes. Default `false`. */
  cookiePathRewrite?: false | string | { [oldPath: string]: string } | undefined;
  /** Send requests with this function; `true` is the engine. Not for upgrades. */
  fetch?: true | typeof fetch | undefined;
  /** Hooks and settings of http-proxy-3's way over `fetch`. Without a function or a dispatcher of yours the engine sends. Not for upgrades. */
  fetchOptions?: FetchOptions | undefined;
  /**
   * Follow redirects instead of passing them on: `true` for 21 at most, one more is an error; a number for so many, the next one is passed on.
   * In the place of httpxy, by `rs-proxy-middleware/register`, `true` is the number 5. `proxyReq` is emitted for each hop. A request's body is kept up to 10 MiB, to be sent again. Not for upgrades and `forward`. Default `false`.
   */
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
  /**
   * Ask targets in HTTP/2: `'auto'`, TLS targets that choose it; `true`, plain ones as well, which are not asked but are left to HTTP/1.1 if
   * they know nothing else. Default `false`. Clients of `listen` with `ssl` may always speak it.
   */
  http2?: boolean | 'auto' | undefined;
  /** Forward to the target's path alone. Default `false`. */
  ignorePath?: boolean | undefined;
  /** The key of `cert`. */
  key?: Keys | undefined;
  /** Finds the addresses of a target's name in the place of the system's resolver, as `dns.lookup` does. Called for each new connection. */
  lookup?: net.LookupFunction | undefined;
  /** Address of this machine that connections to the target come from. */
  localAddress?: string | undefined;
  /** The newest version of TLS to speak with targets; those before 1.2 by Node's own client. Default `'TLSv1.3'`. */
  maxVersion?: tls.SecureVersion | undefined;
  /** Send this method instead of the request's. */
  method?: string | undefined;
  /** The oldest version of TLS to speak with targets; those before 1.2 by Node's own client. Default `'TLSv1.2'`. */
  minVersion?: tls.SecureVersion | undefined;
  /** For an encrypted `key` or `pfx`. */
  passphrase?: string | undefined;
  /** `key` and `cert` in a PKCS#12 archive. */
  pfx?: Archives | undefined;
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
  /** A method of OpenSSL for TLS targets, such as `TLSv1_2_method`; by Node's own client. */
  secureProtocol?: string | undefined;
  /** Leave the response to the `proxyRes` listeners. Default `false`. */
  selfHandleResponse?: boolean | undefined;
  /** The protocols that TLS targets may choose from (ALPN), the preferred one first; `h2` is spoken then, too. Default: what `http2` says. */
  ALPNProtocols?: readonly (string | Uint8Array)[] | undefined;
  /** Milliseconds for which the addresses of a name are kept; that there are none, a second at most. Default `0`: until they have come. */
  dnsCache?: number | undefined;
  /** The system's certificates vouch for TLS targets, too, as with Node's `--use-system-ca`. Default `false`. */
  useSystemCa?: boolean | undefined;
  /** The name that a TLS target is asked for, and that its certificate must have. Default: that of the outgoing `Host`. */
  servername?: string | undefined;
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
  /**
   * The proxy that leads to the targets: `http://user:password@proxy:3128` or `https://…` (`CONNECT`, for plain targets too),
   * `socks5://proxy:1080`, or `'env'` for what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say when a target is first used. The certificate of
   * one over TLS is always checked, as the machine says and not the options for targets. Default: none.
   */
  upstreamProxy?: string | undefined;
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
  /** For `fetch`, such as a `dispatcher` of undici. `headers` take the place of all that would be forwarded. */
  requestOptions?: RequestInit | undefined;
  /** May edit the request: its `headers`, be it the Headers, properties assigned to them or others in their place, `method` and `body`. */
  onBeforeRequest?: (
    requestOptions: RequestInit,
    req: http.IncomingMessage,
    res: http.ServerResponse,
    options: ServerOptions,
  ) => void | Promise<void>;
  /** Gets the answer before `proxyRes` is emitted. Who wants to read its body reads a clone. */
  onAfterResponse?: (
    response: Response,
    req: http.IncomingMessage,
    res: http.ServerResponse,
    options: ServerOptions,
  ) => void | Promise<void>;
}
