'use strict';

/**
 * What listeners use of `proxyRes`: each member says, or does, what it does with http-proxy-3, which is asked in the
 * same run.
 */

const net = require('node:net');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const { lastRequest } = require('../support/messages.js');
const { FIELDS, THEIRS, seen } = require('../support/looks.js');
const { answeringTarget, closeAll, eventually, httpServer, rawClient } = require('../support/peers.js');

afterEach(closeAll);

const TRAILED = `HTTP/1.1 200 Fine\r\n${FIELDS}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\nX-Sum: 9\r\n\r\n`;

describe('proxyRes: what it says', () => {
  const looks = {
    'status, reason, version': ({
      statusCode,
      statusMessage,
      httpVersion,
      httpVersionMajor,
      httpVersionMinor,
    }) => [statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor],
    // A copy: http-proxy-3 goes on to edit them.
    headers: ({ headers }) => ({ ...headers }),
    headersDistinct: ({ headersDistinct }) => headersDistinct,
    rawHeaders: ({ rawHeaders }) => rawHeaders,
    'proxyRes.req': ({ req: { path, host, protocol, method, ...req } }) => [
      path,
      host,
      protocol,
      method,
      typeof req,
    ],
    'proxyRes.req.getHeader': ({ req }) => [req.getHeader('x-mine'), req.getHeader('nothing')],
    'its socket': ({ socket }) => [socket instanceof net.Socket, socket.remoteAddress],
    'what it can do': (r) =>
      'on once pipe setEncoding setTimeout destroy pause resume read unpipe removeListener'
        .split(' ')
        .map((m) => typeof r[m]),
    'trailers, when it has ended': (r) =>
      once(r.resume(), 'end').then(() => [r.trailers, r.trailersDistinct, r.rawTrailers, r.complete]),
  };

  test.each(Object.keys(looks))('%s', async (name) => {
    const settings = { answer: TRAILED };
    const ours = await seen(createProxyServer, 'proxyRes', looks[name], settings);
    const theirs = await seen(THEIRS, 'proxyRes', looks[name], settings);
    expect(ours.result).not.toBeUndefined();
    expect(ours.result).toEqual(theirs.result);
  });

  test('a logger finds the target’s port by the sockets of the agent', async () => {
    // As http-proxy-middleware does.
    const portOf = ({ req }) => Object.keys(req.agent.sockets)[0]?.split(':')[1];
    const { result, target } = await seen(createProxyServer, 'proxyRes', portOf);
    expect(result).toBe(String(target.port));
  });
});

describe('proxyRes: what it does', () => {
  test('setEncoding and data: text, and the client has the bytes', async () => {
    const { result, text } = await seen(createProxyServer, 'proxyRes', async (r) => {
      let read = '';
      r.setEncoding('utf8');
      r.on('data', (chunk) => (read += chunk));
      await once(r, 'end');
      return read;
    });
    expect(result).toBe('good');
    expect(text).toMatch(/good$/);
  });

  test('setTimeout: the listener is called when nothing comes', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    const proxy = createProxyServer({ target: target.url });
    const log = [];
    proxy.on('proxyRes', (proxyRes) => {
      log.push(proxyRes.setTimeout(40, () => log.push('timeout')) === proxyRes);
    });
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    const client = await rawClient(port, lastRequest('GET /a'));
    await eventually(() => log.length === 2);
    expect(log).toEqual([true, 'timeout']);
    target.connections[0].socket.write('half');
    await client.received('halfhalf');
  });

  test('destroy: the response is cut, and close is emitted', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    const proxy = createProxyServer({ target: target.url });
    const log = [];
    proxy.on('proxyRes', (proxyRes) => {
      proxyRes.once('close', () => log.push('close'));
      setTimeout(() => proxyRes.destroy(), 30);
    });
    proxy.on('error', (error) => log.push(error.code));
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    const client = await rawClient(port, lastRequest('GET /a'));
    await client.closed();
    await eventually(() => log.length === 2);
    expect(log.sort()).toEqual(['ECONNRESET', 'close']);
  });
});
