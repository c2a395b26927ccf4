'use strict';

/** gRPC through the proxy: Node's HTTP/2 server in front, a target that speaks HTTP/2 behind. Calls of all four kinds, and what ends them. */

const http2 = require('node:http2');
const { FACES } = require('../support/faces.js');
const { SECURITY } = require('../support/grpc.js');
const { testCalls } = require('../support/grpc-calls.js');
const { http2Server } = require('../support/http2.js');
const { closeAll, testServer } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

const SERVERS = {
  'over TLS': (listener) =>
    testServer(http2.createSecureServer({ key: KEY, cert: CERTIFICATE, allowHTTP1: true }, listener)),
  'without TLS': http2Server,
};

testCalls(
  Object.keys(SECURITY).flatMap((how) =>
    FACES.map(([name, face]) => [how, name, (options) => face(options, { serve: SERVERS[how] })]),
  ),
);
