'use strict';

/** WebSockets with targets that are asked in HTTP/2: over a stream if the target takes them so (RFC 8441), else over HTTP/1.1. */

const http2 = require('node:http2');
const https = require('node:https');
const { WebSocket, WebSocketServer } = require('ws');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const { http2Target } = require('../support/http2.js');
const { closeAll, eventually, httpServer, onCleanUp, testServer } = require('../support/peers.js');
const { stats } = require('../support/engine.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

/** A proxy for upgrades. */
async function upgradingProxy(options, listeners = {}) {
  const proxy = createProxyServer(options);
  const errors = [];
  proxy.on('error', (error, req, socket) => {
    errors.push(error);
    socket.destroy();
  });
  for (const [event, listener] of Object.entries(listeners)) proxy.on(event, listener);
  const { server, port } = await httpServer();
  server.on('upgrade', (req, socket, head) => proxy.ws(req, socket, head));
  return { port, errors };
}

function connect(port, protocols) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/chat?x=1`, protocols);
  onCleanUp(() => client.terminate());
  return client;
}

/** Speaks WebSocket on a stream, with the server of `ws`. */
function overStreams(onConnection) {
  return (stream, headers) => {
    if (headers[':method'] !== 'CONNECT') return stream.respond({ ':status': 400 }, { endStream: true });
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    // It wants a socket's methods.
    const socket = Object.assign(stream, { setNoDelay() {}, setTimeout: stream.setTimeout.bind(stream) });
    const client = new WebSocket(null, undefined, { isServer: true });
    client.setSocket(socket, Buffer.alloc(0), { maxPayload: 1 << 20, skipUTF8Validation: false });
    return onConnection(client, headers);
  };
}

const settings = { enableConnectProtocol: true };

test.each([true, false])('over a stream, with TLS: %s', async (isSecure) => {
  const asked = [];
  const { options, sessions } = await http2Target(
    overStreams((socket, headers) => {
      asked.push(headers);
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    }),
    { isSecure, settings },
  );
  const { port, errors } = await upgradingProxy(options);
  const clients = [connect(port, 'chat'), connect(port, 'chat')];
  await Promise.all(clients.map((client) => once(client, 'open')));
  for (const client of clients) {
    expect(client.protocol).toBe('chat');
    for (const message of ['hello', 'x'.repeat(300_000)]) {
      client.send(message);
      expect(`${(await once(client, 'message'))[0]}` === message).toBe(true);
    }
  }
  expect(asked[0]).toMatchObject({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat?x=1' });
  expect(asked[0]).not.toHaveProperty('sec-websocket-key');
  expect(sessions).toHaveLength(1);
  clients[0].close(1000, 'bye');
  expect(`${(await once(clients[0], 'close'))[1]}`).toBe('bye');
  clients[1].terminate();
  await eventually(() => stats().exchanges === 0);
  expect(errors).toEqual([]);
});

test('messages can be judged on the way', async () => {
  const { options } = await http2Target(
    overStreams((socket) => socket.on('message', (data) => socket.send(`${data}`))),
    { settings },
  );
  const wsMessage = (message, { direction }) => `${message} ${direction}`;
  const { port } = await upgradingProxy(options, { wsMessage });
  const client = connect(port, 'chat');
  await once(client, 'open');
  client.send('hi');
  expect(`${(await once(client, 'message'))[0]}`).toBe('hi toTarget toClient');
});

test('a target that does not take them so is asked in HTTP/1.1', async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const server = http2.createSecureServer({ key: KEY, cert: CERTIFICATE, allowHTTP1: true }, (req, res) =>
    res.end(),
  );
  server.on('upgrade', (req, socket, head) =>
    sockets.handleUpgrade(req, socket, head, (client) => client.send(`over HTTP/${req.httpVersion}`)),
  );
  const target = await testServer(server);
  const { port } = await upgradingProxy({
    target: `https://localhost:${target.port}`,
    ca: CERTIFICATE,
    changeOrigin: true,
    http2: 'auto',
  });
  const client = connect(port);
  expect(`${(await once(client, 'message'))[0]}`).toBe('over HTTP/1.1');
});

test('a target that speaks HTTP/1.1 only is asked over the connection that has shown it', async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const server = https.createServer({ key: KEY, cert: CERTIFICATE });
  server.on('upgrade', (req, socket, head) =>
    sockets.handleUpgrade(req, socket, head, (client) => client.send('here')),
  );
  const target = await testServer(server);
  const { port } = await upgradingProxy({
    target: `https://localhost:${target.port}`,
    ca: CERTIFICATE,
    changeOrigin: true,
    http2: true,
  });
  const client = connect(port);
  expect(`${(await once(client, 'message'))[0]}`).toBe('here');
  expect(target.sockets).toHaveLength(1);
});

test('a refusal is the answer', async () => {
  const { options } = await http2Target(
    (stream) => {
      stream.respond({ ':status': 403, 'x-why': 'because' });
      stream.end('no');
    },
    { settings },
  );
  const { port } = await upgradingProxy(options);
  const client = connect(port);
  client.on('error', () => {});
  const [, response] = await once(client, 'unexpected-response');
  let text = '';
  for await (const chunk of response) text += chunk;
  expect([response.statusCode, response.headers['x-why'], text]).toEqual([403, 'because', 'no']);
});

test('a target that resets the stream is an error, told once', async () => {
  const { options } = await http2Target((stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), {
    settings,
  });
  const { port, errors } = await upgradingProxy(options);
  const client = connect(port);
  await new Promise((resolve) => client.on('error', resolve));
  expect(errors.map(({ code }) => code)).toEqual(['ERR_HTTP2_STREAM_ERROR']);
});
