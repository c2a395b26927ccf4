'use strict';

/** The proxy with a server of its own: `listen`, `address` and `close`. The originals are asked the same where they agree. */

const http = require('node:http');
const https = require('node:https');
const http2 = require('node:http2');
const net = require('node:net');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  listening,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const REFUSED = 'http://127.0.0.1:1';
const GET = lastRequest('GET /a');
const ORIGINALS = {
  'http-proxy': () => require('http-proxy').createProxyServer,
  'http-proxy-3': () => require('http-proxy-3').createProxyServer,
};

/** Lets a proxy listen on a free port, until the end of the test. */
async function listens(proxy, ...rest) {
  onCleanUp(() => new Promise((resolve) => proxy.close(resolve)));
  expect(proxy.listen(0, '127.0.0.1', ...rest)).toBe(proxy);
  await once(proxy._server, 'listening');
  return proxy._server.address().port;
}

describe('listen', () => {
  test('serves, says its address, and calls back', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    expect(proxy.address()).toBeUndefined();
    const onListening = jest.fn();
    const port = await listens(proxy, onListening);
    expect(proxy.address()).toMatchObject({ address: '127.0.0.1', port });
    expect(onListening).toHaveBeenCalledTimes(1);
    expect(proxy._server).toBeInstanceOf(http.Server);
    expect(await rawExchange(port, GET)).toMatch(/good$/);
  });

  test('calls the web of the moment', async () => {
    const proxy = createProxyServer({ target: REFUSED });
    const port = await listens(proxy);
    proxy.web = (req, res) => res.end('another');
    expect(readResponse(await rawExchange(port, GET)).body).toBe('another');
  });

  test('with ssl: HTTP/2 and HTTP/1.1, as the client likes', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url, ssl: { key: KEY, cert: CERTIFICATE } });
    const port = await listens(proxy);
    const session = http2.connect(`https://127.0.0.1:${port}`, { ca: CERTIFICATE });
    onCleanUp(() => session.destroy());
    const stream = session.request({ ':path': '/two' });
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(200);
    stream.resume();
    await once(stream, 'close');
    session.destroy();
    const [response] = await once(
      https.get({ port, host: '127.0.0.1', ca: CERTIFICATE, agent: false }),
      'response',
    );
    expect(response.httpVersion).toBe('1.1');
    expect(response.resume().statusCode).toBe(200);
    await once(response, 'end');
    expect(target.connections[0].text).toMatch(/^GET \/two HTTP\/1\.1\r\n/);
  });

  test('options that were spoilt in the meantime fail the request, not the process', async () => {
    const proxy = createProxyServer({ target: REFUSED });
    proxy.on('error', (error, req, res) => res.writeHead(500).end(`${error.option}`));
    const port = await listens(proxy);
    proxy.options.timeout = 'soon';
    expect(readResponse(await rawExchange(port, GET)).body).toBe('timeout');
  });

  test('a port that is taken is told where Node tells it', async () => {
    const taken = await listening(net.createServer());
    onCleanUp(() => new Promise((resolve) => taken.close(resolve)));
    const proxy = createProxyServer({ target: REFUSED });
    const others = jest.fn();
    proxy.on('error', others);
    proxy.listen(taken.address().port, '127.0.0.1');
    const [error] = await once(proxy._server, 'error');
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', port: taken.address().port });
    expect(others).not.toHaveBeenCalled();
    const closed = await new Promise((resolve) => proxy.close(resolve));
    expect(closed).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  });

  test('a port that is none is refused as by Node', () => {
    expect(() => createProxyServer().listen(70000)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
  });

  test('twice: both serve, and close closes both', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    const ports = [await listens(proxy), await listens(proxy)];
    for (const port of ports) expect(await rawExchange(port, GET)).toMatch(/good$/);
    const onClosed = jest.fn();
    await new Promise((resolve) => proxy.close((...args) => resolve(onClosed(...args))));
    expect(onClosed.mock.calls).toEqual([[]]);
    for (const port of ports) await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('close', () => {
  test.each(['http-proxy-3'])('before listen it calls back at once, as %s does', (name) => {
    for (const create of [createProxyServer, ORIGINALS[name]()]) {
      const onClosed = jest.fn();
      create({ target: REFUSED }).close(onClosed);
      expect(onClosed.mock.calls).toEqual([[]]);
    }
    expect(() => createProxyServer().close()).not.toThrow();
  });

  test.each(Object.keys(ORIGINALS))('once and again: what the callback gets, as with %s', async (name) => {
    const play = async (proxy) => {
      proxy.listen(0, '127.0.0.1');
      await once(proxy._server, 'listening');
      const codes = [];
      await Promise.all(
        [0, 1].map(
          (i) => new Promise((resolve) => proxy.close((error) => resolve((codes[i] = error?.code)))),
        ),
      );
      return [...codes, proxy._server];
    };
    expect(await play(createProxyServer({ target: REFUSED }))).toEqual(
      await play(ORIGINALS[name]()({ target: REFUSED })),
    );
  });

  test('after it was closed it calls back, and listens again', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    await listens(proxy);
    await new Promise((resolve) => proxy.close(resolve));
    const onClosed = jest.fn();
    proxy.close(onClosed);
    expect(onClosed).toHaveBeenCalledTimes(1);
    const port = await listens(proxy);
    expect(await rawExchange(port, GET)).toMatch(/good$/);
  });

  test('it waits for the requests that are being served', async () => {
    const target = await answeringTarget('');
    const proxy = createProxyServer({ target: target.url });
    const port = await listens(proxy);
    const client = await rawClient(port, GET);
    await target.connected();
    let isClosed = false;
    proxy.close(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isClosed).toBe(false);
    target.connections[0].socket.write(OK);
    await client.received('good');
    await eventually(() => isClosed);
  });
});
