'use strict';

/** Clients of HTTP/2, with and without TLS: bodies of any size both ways, resets, and clients of HTTP/1.1 at the same server. */

const http2 = require('node:http2');
const https = require('node:https');
const { once } = require('node:events');
const { echoTarget } = require('../support/echo.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { http2Exchange, http2Server } = require('../support/http2.js');
const { closeAll, eventually, onCleanUp, rawTarget, testServer } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

const BODIES = {
  none: '',
  small: 'hello',
  large: Buffer.alloc(2 << 20, 'a line of text\n').toString('latin1'),
};

function secureServer(listener) {
  return testServer(http2.createSecureServer({ key: KEY, cert: CERTIFICATE, allowHTTP1: true }, listener));
}

const SERVERS = { 'with TLS': [secureServer, 'https'], 'without TLS': [http2Server, 'http'] };
const rows = Object.keys(SERVERS).flatMap((how) => FACES.map(([name, face]) => [how, name, face]));

test.each(rows)('%s, %s: bodies of any size go both ways', async (how, _name, face) => {
  const [serve, scheme] = SERVERS[how];
  const target = await echoTarget();
  const { port } = await face({ target: target.url, xfwd: true }, { serve });
  const session = http2.connect(`${scheme}://localhost:${port}`, { ca: CERTIFICATE });
  session.on('error', () => {});
  onCleanUp(() => session.destroy());
  for (const [size, body] of Object.entries(BODIES)) {
    for (const path of ['/length', '/chunked']) {
      const outcome = await http2Exchange(session, { ':method': 'POST', ':path': path }, body);
      expect({ ...outcome, body: outcome.body === body }).toMatchObject({
        body: true,
        error: null,
        isReset: false,
      });
      expect(outcome.headers[':status']).toBe(200);
      expect([size, outcome.headers['x-asked']]).toEqual([size, expect.stringContaining(`POST ${path} `)]);
    }
  }
  const head = await http2Exchange(session, { ':method': 'HEAD', ':path': '/length' });
  expect(head).toMatchObject({ body: '', error: null, headers: { ':status': 200, 'content-length': '0' } });
});

test('a client of HTTP/1.1 at the same server is served as well', async () => {
  const target = await echoTarget();
  const { port } = await proxyServer({ target: target.url }, { serve: secureServer });
  const agent = new https.Agent({ ca: CERTIFICATE });
  const sent = https.request({
    port,
    host: 'localhost',
    agent,
    method: 'PUT',
    path: '/one',
  });
  sent.end('hello');
  const [answer] = await once(sent, 'response');
  const chunks = await answer.toArray();
  expect([answer.statusCode, Buffer.concat(chunks).toString()]).toEqual([200, 'hello']);
});

test('a stream that its client resets ends the request', async () => {
  const target = await rawTarget(() => {});
  const { port, events } = await proxyServer({ target: target.url }, { serve: http2Server });
  const session = http2.connect(`http://localhost:${port}`);
  onCleanUp(() => session.destroy());
  const stream = session.request({ ':path': '/' });
  stream.on('error', () => {});
  const connection = await target.connected();
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await connection.closed(1000);
  await eventually(() => events.length > 0);
  expect(events).toMatchObject([{ event: 'econnreset' }]);
});
