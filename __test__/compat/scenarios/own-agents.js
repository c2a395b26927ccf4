'use strict';

/** `agent`: agents that connect in a way of their own. */

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const AgentKeepAlive = require('agentkeepalive');
const { CERTIFICATE } = require('../../support/tls.js');
const { ask, reply, send, sendChunks } = require('../harness/texts.js');

class OwnAgent extends http.Agent {}
class OwnSecureAgent extends https.Agent {}

/** How many connections the target has had. */
const connections = ({ upstream }) => [`connections: ${upstream.connections.length}`];

const withAgent = (name, made, { options, ...more } = {}) => ({
  name,
  options: ({ target }) => ({ target, agent: made(), ...options }),
  request: ask('/', ['Connection: keep-alive']),
  inspect: connections,
  ...more,
});

const kept = () => new OwnAgent({ keepAlive: true });
const twice = [ask('/a', ['Connection: keep-alive']), ask('/b', ['Connection: keep-alive'])];

/** Notes whom it connects to. */
function noting() {
  const agent = new http.Agent({ keepAlive: true });
  agent.notes = [];
  agent.createConnection = (options, ...rest) => {
    agent.notes.push(`connects to ${options.host}`);
    return net.createConnection(options, ...rest);
  };
  return agent;
}

/** An agent whose connections cannot be had. */
function failing(code) {
  const agent = new http.Agent();
  agent.createConnection = (_options, callback) => {
    process.nextTick(callback, Object.assign(new Error('not today'), { code }));
  };
  return agent;
}

const overTls = (name, made, { options, ...more } = {}) => ({
  ...withAgent(name, made, { upstream: { over: 'tls' }, ...more }),
  options: ({ port }) => ({
    target: `https://localhost:${port}`,
    changeOrigin: true,
    agent: made(),
    ...options,
  }),
});

module.exports = [
  withAgent('a subclass', kept),
  withAgent('a subclass, two requests', kept, { request: twice }),
  withAgent('a subclass, a body', kept, { request: send('hello', ['Connection: keep-alive']) }),
  withAgent('a subclass, a body in chunks', kept, {
    request: sendChunks(['hello'], ['Connection: keep-alive']),
  }),
  withAgent('a subclass, HEAD', kept, {
    request: ask('/', ['Connection: keep-alive'], 'HEAD'),
    upstream: { answer: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' },
  }),
  withAgent('a subclass, 204', kept, { upstream: { answer: 'HTTP/1.1 204 No Content\r\n\r\n' } }),
  withAgent('a subclass, cookies', kept, {
    options: { cookieDomainRewrite: 'here' },
    upstream: { answer: reply(['Set-Cookie: a=1; Domain=t', 'Set-Cookie: b=2']) },
  }),
  withAgent('a subclass, xfwd and changeOrigin', kept, { options: { xfwd: true, changeOrigin: true } }),
  withAgent('a subclass that keeps nothing', () => new OwnAgent(), {
    request: ask('/', ['Connection: close']),
  }),
  withAgent('a subclass, maxSockets', () => new OwnAgent({ keepAlive: true, maxSockets: 1 }), {
    request: twice,
  }),
  withAgent('a setting of its own', () => new http.Agent({ keepAlive: true, family: 4 })),
  withAgent('agentkeepalive', () => new AgentKeepAlive()),
  withAgent('agentkeepalive, two requests', () => new AgentKeepAlive(), { request: twice }),
  withAgent('createConnection', noting, { inspect: ({ proxy }) => proxy.options.agent.notes }),
  withAgent('createConnection that fails', () => failing('EOWN'), { requests: 0, inspect: undefined }),
  {
    ...withAgent('nobody listens at the target', kept, { requests: 0, inspect: undefined }),
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, agent: kept() }),
  },
  overTls('for TLS, ca', () => new OwnSecureAgent({ keepAlive: true, ca: CERTIFICATE })),
  overTls('for TLS, ca among the options', () => new OwnSecureAgent(), {
    options: { ca: CERTIFICATE },
    request: ask('/', ['Connection: close']),
  }),
  overTls('for TLS, secure: false', () => new OwnSecureAgent({ keepAlive: true }), {
    options: { secure: false },
  }),
  overTls('for TLS, a certificate that nobody vouches for', () => new OwnSecureAgent(), { requests: 0 }),
  overTls(
    'for TLS, ciphers of its own',
    () => new https.Agent({ keepAlive: true, ca: CERTIFICATE, ciphers: 'TLS_AES_128_GCM_SHA256' }),
  ),
];
