'use strict';

/** The speed the middleware door must reach: `scenario`'s figure at most `limit` times that of `against`. */
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
];
