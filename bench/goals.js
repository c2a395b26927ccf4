'use strict';

/**
 * The speed that both doors must reach: `scenario`'s figure, or the one that is named, at most `limit` times that of `against`, or at `least` so many
 * times. Whose figure it is: `ours`, or else the server's and the middleware's.
 */
module.exports = [
  { scenario: 'small', against: 'node-floor', limit: 2.1 },
  { scenario: 'small', against: 'httpxy', limit: 0.37 },
  { scenario: 'small', against: 'http-proxy-3', limit: 0.12 },
  { scenario: 'small', against: 'undici', limit: 0.85 },
  { scenario: 'small', against: 'http-proxy-middleware', limit: 0.25 },
  { scenario: 'hooks', against: 'httpxy', limit: 0.5 },
  { scenario: 'post', against: 'httpxy', limit: 0.4 },
  { scenario: 'large', against: 'httpxy', limit: 0.6 },
  { scenario: 'latency', against: 'undici', limit: 1 },
  { scenario: 'interceptor', against: 'http-proxy-middleware', limit: 0.7 },
  ...['http-proxy', 'http-proxy-3', 'httpxy'].flatMap((against) => [
    { scenario: 'websockets', figure: 'memory', against, limit: 0.5 },
    { scenario: 'websockets', figure: 'perSecond', against, least: 1 },
    { scenario: 'websockets', figure: 'cpu', against, limit: 0.65 },
    { scenario: 'websockets', figure: 'throughput', against, least: 1 },
  ]),
  ...['nginx', 'haproxy'].flatMap((against) => [
    { scenario: 'door-small', ours: 'ours-door', against, limit: 1 },
    { scenario: 'door-small', ours: 'ours-door', figure: 'rps', against, least: 1 },
  ]),
  { scenario: 'door-large', ours: 'ours-door', against: 'haproxy', limit: 0.8 },
  { scenario: 'tls', ours: 'ours-tls', against: 'http-proxy-3-fetch-tls', limit: 0.6 },
  { scenario: 'tls', ours: 'ours-tls', against: 'undici-tls', limit: 0.6 },
  { scenario: 'h2', ours: 'ours-h2', against: 'http-proxy-3-fetch-h2', limit: 0.6 },
  { scenario: 'h2', ours: 'ours-h2', against: 'undici-h2', limit: 0.6 },
];
