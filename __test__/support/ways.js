'use strict';

/** The ways of a request through ours: nobody listens, listeners that look on, that read the fields, that write them. */
const WAYS = {
  'nobody listens': {},
  'a listener that looks on': { proxyRes: () => {} },
  'a listener that reads the fields': { proxyRes: (proxyRes) => void proxyRes.headers },
  'a listener to the request': { proxyReq: () => {} },
  'listeners to both': { proxyReq: () => {}, proxyRes: (proxyRes) => void proxyRes.headers },
};

module.exports = { WAYS };
