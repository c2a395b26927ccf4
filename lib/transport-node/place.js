'use strict';

/** Where Node's client is to send requests, and how: what it is given of the options of one target. */

const http = require('node:http');
const https = require('node:https');
const { createSecureContext } = require('node:tls');

/** As long as the engine keeps an idle connection. */
const IDLE = 4000;
/** The engine takes no larger ones. */
const LARGEST_HEAD = 64 * 1024;

/** Connections are kept, as the engine keeps them. */
const keepingAgent = ({ Agent }) => new Agent({ keepAlive: true, timeout: IDLE });

/** Those of requests that bring none. Roots are not among what they tell connections apart by. */
const agents = { 'http:': keepingAgent(http), 'https:': keepingAgent(https) };

class Place {
  #client;
  #settings;

  /**
   * @param {object} settings
   * @param {URL} settings.url of the target
   * @param {string} [settings.socketPath]
   * @param {string} [settings.localAddress]
   * @param {Function} [settings.lookup] finds the addresses of names
   * @param {import('node:http').Agent | false} [settings.agent] by default connections are kept and used again
   * @param {Record<string, unknown>} settings.tls what `tls.connect` takes
   * @param {string[]} [settings.roots] PEM: who vouches for the target, if it is not those whom Node knows
   * @param {object} settings.limits for `TimeLimits`
   * @param {string} [settings.reason] why it cannot be the engine that sends requests there
   */
  constructor({ url, socketPath, localAddress, lookup, agent, tls, roots, limits, reason }) {
    const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
    const protocol = isSecure ? 'https:' : 'http:';
    this.#client = isSecure ? https : http;
    this.#settings = {
      protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port || (isSecure ? 443 : 80),
      ...(socketPath && { socketPath }),
      ...(localAddress && { localAddress }),
      ...(lookup && { lookup }),
      ...(isSecure && tls),
      // Made once: to read so many certificates for each connection takes longer than all else of it.
      ...(roots && { secureContext: createSecureContext({ ...tls, ca: roots }) }),
      agent: agent ?? (roots ? keepingAgent(https) : agents[protocol]),
      maxHeaderSize: LARGEST_HEAD,
      setHost: false,
    };
    this.origin = `${protocol}//${url.host}`;
    this.limits = limits;
    this.reason = reason ?? 'http.request was replaced';
  }

  /**
   * Begins a request.
   *
   * @param {{ method: string, path: string, headers: Record<string, string | string[]> }} head
   * @returns {import('node:http').ClientRequest}
   */
  request(head) {
    // Asked for with each request: that it is replaced may be why it is used.
    const request = this.#client.request({ ...this.#settings, ...head });
    // Node would drop without a word what exceeds its own limit.
    request.maxHeadersCount = 0;
    return request;
  }

  /** Whether a request waits for a connection, because its agent lets no more be opened. */
  isQueued(request) {
    const queues = Object.values(this.#settings.agent?.requests ?? {});
    return queues.some((queue) => Array.isArray(queue) && queue.includes(request));
  }
}

module.exports = { Place };
