'use strict';

/**
 * gRPC through the native door, which speaks HTTP/2 by ALPN or by prior knowledge, to a target that speaks it: calls of all four kinds, and
 * what ends them.
 */

const { openDoor, openMiddlewareDoor } = require('../support/doors.js');
const { SECURITY } = require('../support/grpc.js');
const { testCalls } = require('../support/grpc-calls.js');
const { closeAll } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

const CLIENTS = {
  'over TLS': [{ ssl: { key: KEY, cert: CERTIFICATE } }, {}],
  'without TLS': [{}, { h2c: true }],
};

/** For each way: the door of a proxy, with its listeners as `on`, and that of a middleware. */
const FRONTS = {
  'the door of a proxy': (how) => async (options) => {
    const [own, settings] = CLIENTS[how];
    const { on = {}, ...rest } = options;
    const opened = await openDoor({ ...rest, ...own }, settings);
    for (const [event, listener] of Object.entries(on)) opened.proxy.on(event, listener);
    return opened;
  },
  'the door of a middleware': (how) => (options) => {
    const [own, settings] = CLIENTS[how];
    return openMiddlewareDoor({ ...options, ...own }, settings);
  },
};

testCalls(
  Object.keys(SECURITY).flatMap((how) =>
    Object.entries(FRONTS).map(([name, front]) => [how, name, front(how)]),
  ),
);
