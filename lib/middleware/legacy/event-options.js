'use strict';

/** The options for listeners that version 2 had, and their events, in the order in which the listeners are added. */
const EVENT_OPTIONS = {
  onError: 'error',
  onProxyReq: 'proxyReq',
  onProxyReqWs: 'proxyReqWs',
  onProxyRes: 'proxyRes',
  onOpen: 'open',
  onClose: 'close',
};

module.exports = { EVENT_OPTIONS };
