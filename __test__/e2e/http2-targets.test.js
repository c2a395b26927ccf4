'use strict';

/** Targets that are asked in HTTP/2: heads, bodies, trailers, interim responses, events, many requests at once, and what ends them. */

const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { once } = require('node:events');
const { FACES, proxyServer } = require('../support/faces.js');
const { request } = require('../support/faults.js');
const { all, http2Target } = require('../support/http2.js');
const { released, stats } = require('../support/engine.js');
const {
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  steady,
  testServer,
} = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

const KINDS = { 'over TLS': { isSecure: true }, 'without TLS': { isSecure: false } };
const rows = Object.entries(KINDS).flatMap(([how, kind]) =>
  FACES.map(([name, face]) => [how, name, kind, face]),
);

/** Says what it was asked, and gives back the body. */
function echo(stream, headers) {
  stream.respond({ ':status': 200, 'X-Asked': JSON.stringify(headers), 'set-cookie': ['a=1', 'b=2'] });
  stream.pipe(stream);
}

const agents = [];
function keepAlive() {
  const agent = new http.Agent({ keepAlive: true });
  agents.push(agent);
  return agent;
}
afterEach(() => agents.splice(0).forEach((agent) => agent.destroy()));

test.each(rows)('%s, %s: heads and bodies go both ways', async (_how, _name, kind, face) => {
  const { options, port: targetPort } = await http2Target(echo, kind);
  const { port } = await face(options);
  const agent = keepAlive();
  for (const body of ['', 'hello', 'x'.repeat(2 << 20)]) {
    for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await request(agent, port, { method: 'PUT', path: '/a//b?c=d', headers, body });
      expect([answer.status, answer.text === body]).toEqual([200, true]);
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
      const asked = JSON.parse(answer.headers['x-asked']);
      expect(asked).toMatchObject({ ':method': 'PUT', ':path': '/a//b?c=d' });
      expect(asked[':scheme']).toBe(kind.isSecure ? 'https' : 'http');
      expect(asked[':authority']).toBe(kind.isSecure ? `localhost:${targetPort}` : `127.0.0.1:${port}`);
      expect(asked['content-length']).toBe(
        'content-length' in headers || body === '' ? `${body.length}` : undefined,
      );
      for (const name of ['host', 'connection', 'transfer-encoding'])
        expect(asked).not.toHaveProperty([name]);
    }
  }
  await released();
});

test('a HEAD, and answers without a body, end with their heads', async () => {
  const { options } = await http2Target((stream, headers) => {
    const status = Number(headers[':path'].slice(1));
    stream.respond(
      { ':status': status, ...(status === 200 && { 'content-length': 5 }) },
      { endStream: true },
    );
  });
  const { port } = await proxyServer(options);
  const agent = keepAlive();
  const head = await request(agent, port, { method: 'HEAD', path: '/200' });
  expect(head).toMatchObject({ status: 200, headers: { 'content-length': '5' }, text: '' });
  for (const status of [204, 304]) {
    expect(await request(agent, port, { path: `/${status}` })).toMatchObject({ status, text: '' });
  }
  expect(await request(agent, port, { path: '/404' })).toMatchObject({
    status: 404,
    headers: { 'content-length': '0' },
  });
});

test('listeners see HTTP/2, edit both heads, and hear of the end', async () => {
  const { options } = await http2Target(echo);
  const seen = [];
  const on = {
    start: () => seen.push('start'),
    proxyReq: (proxyReq) => proxyReq.setHeader('X-Mine', 'yes'),
    proxyRes: (proxyRes) => {
      const { httpVersion, httpVersionMajor, statusMessage, rawHeaders } = proxyRes;
      seen.push({
        httpVersion,
        httpVersionMajor,
        statusMessage,
        names: rawHeaders.filter((_, i) => i % 2 === 0),
      });
      proxyRes.headers['x-theirs'] = 'edited';
    },
    end: () => seen.push('end'),
  };
  const { port } = await proxyServer({ ...options, on });
  const answer = await request(keepAlive(), port);
  expect(JSON.parse(answer.headers['x-asked'])).toMatchObject({ 'x-mine': 'yes' });
  expect(answer.headers['x-theirs']).toBe('edited');
  expect(seen).toEqual([
    'start',
    {
      httpVersion: '2.0',
      httpVersionMajor: 2,
      statusMessage: '',
      names: expect.arrayContaining(['x-asked', 'set-cookie', 'date']),
    },
    'end',
  ]);
});

test('trailers go both ways, and hints come before the answer', async () => {
  const received = [];
  const { options } = await http2Target((stream) => {
    stream.on('trailers', (trailers) => received.push(trailers['x-sum']));
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checked': 'yes', 'content-type': 'no' }));
      stream.end('body');
    });
  });
  const { port } = await proxyServer(options);
  const client = await rawClient(
    port,
    'POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n' +
      '4\r\nbody\r\n0\r\nX-Sum: 4\r\n\r\n',
  );
  await client.closed();
  expect(received).toEqual(['4']);
  expect(client.text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/style\.css>; rel=preload\r\n/i);
  expect(client.text).toMatch(/4\r\nbody\r\n0\r\nx-checked: yes\r\n\r\n$/i);
  expect(client.text).not.toContain('content-type: no');
});

test('an upload is sent as it comes, and an answer does not wait for its end', async () => {
  const { options } = await http2Target((stream) => {
    stream.respond({ ':status': 200 });
    stream.on('data', (chunk) => stream.write(`<${chunk}>`));
    stream.on('end', () => stream.end('.'));
  });
  const { port } = await proxyServer(options);
  const sent = http.request({ port, method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  onCleanUp(() => sent.destroy());
  sent.write('a');
  const [response] = await once(sent, 'response');
  expect(`${await once(response, 'data')}`).toBe('<a>');
  sent.write('b');
  expect(`${await once(response, 'data')}`).toBe('<b>');
  sent.end();
  expect(`${await once(response, 'data')}`).toBe('.');
});

test.each(Object.entries(KINDS))('%s: many requests share a connection', async (_how, kind) => {
  const { options, sessions } = await http2Target(echo, kind);
  const { port } = await proxyServer(options);
  const agent = keepAlive();
  const before = stats().connectionsMade;
  const answers = await all(60, (i) => request(agent, port, { method: 'POST', path: `/${i}`, body: `${i}` }));
  expect(answers.map(({ text }) => text)).toEqual(answers.map((_, i) => `${i}`));
  expect([sessions.length, stats().connectionsMade - before]).toEqual([1, 1]);
});

test('no more streams are open than the target takes; further requests get a connection, or wait', async () => {
  let most = 0;
  const open = new Map();
  const { options, sessions } = await http2Target(
    (stream) => {
      const count = (open.get(stream.session) ?? 0) + 1;
      open.set(stream.session, count);
      most = Math.max(most, count);
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end('done');
        open.set(stream.session, open.get(stream.session) - 1);
      }, 20);
    },
    { settings: { maxConcurrentStreams: 2 } },
  );
  const { port } = await proxyServer(options);
  const agent = keepAlive();
  const answers = await all(60, () => request(agent, port));
  expect(answers.every(({ text }) => text === 'done')).toBe(true);
  expect(most).toBe(2);
  expect(sessions.length).toBeLessThanOrEqual(16);
});

test('a client that leaves resets its stream, and no other', async () => {
  const closed = [];
  const arrived = [];
  const { options, sessions } = await http2Target((stream, headers) => {
    arrived.push(headers[':path']);
    stream.on('close', () => closed.push([headers[':path'], stream.rstCode]));
    if (headers[':path'] === '/waits') return;
    stream.respond({ ':status': 200 });
    stream.write('begun');
    if (headers[':path'] === '/ends') stream.session.once('ended', () => stream.end(' and ended'));
  });
  const { port } = await proxyServer(options);
  const agent = keepAlive();
  const other = request(agent, port, { path: '/ends' });
  for (const path of ['/waits', '/streams']) {
    const client = await rawClient(port, `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await eventually(() => arrived.includes(path));
    if (path === '/streams') await client.received('begun');
    client.socket.destroy();
    await eventually(() => closed.some(([name]) => name === path));
  }
  expect(closed).toEqual([
    ['/waits', http2.constants.NGHTTP2_CANCEL],
    ['/streams', http2.constants.NGHTTP2_CANCEL],
  ]);
  sessions[0].emit('ended');
  expect((await other).text).toBe('begun and ended');
  expect(sessions).toHaveLength(1);
});

test('a client that does not read slows its own stream down, and no other', async () => {
  const MOST = 32 << 20;
  let sent = 0;
  const { options, sessions } = await http2Target((stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/small') return stream.end('small');
    const write = () => {
      while (sent < MOST) {
        sent += 65_536;
        if (!stream.write(Buffer.alloc(65_536, 'x'))) return stream.once('drain', write);
      }
      return stream.end();
    };
    return write();
  });
  const { port } = await proxyServer(options);
  const asked = http.get({ port, path: '/large', agent: false });
  const [response] = await once(asked, 'response');
  // What the sockets hold on both sides, and the windows.
  await steady(() => sent);
  expect(sent).toBeLessThan(MOST / 2);
  expect((await request(keepAlive(), port, { path: '/small' })).text).toBe('small');
  expect(sessions).toHaveLength(1);
  let received = 0;
  for await (const chunk of response) received += chunk.length;
  expect(received).toBe(MOST);
}, 30_000);

test('a target that has chosen HTTP/1.1 is asked in it', async () => {
  const { port: targetPort } = await testServer(
    https.createServer({ key: KEY, cert: CERTIFICATE }, (req, res) => res.end(req.httpVersion)),
  );
  const options = { target: `https://localhost:${targetPort}`, ca: CERTIFICATE, changeOrigin: true };
  for (const how of ['auto', true, false]) {
    const { port } = await proxyServer({ ...options, http2: how });
    const agent = keepAlive();
    const answers = await all(5, () => request(agent, port));
    expect(answers.map(({ text }) => text)).toEqual(Array(5).fill('1.1'));
  }
});

test('a plain target is asked in HTTP/2 with `true` only, and in HTTP/1.1 if it knows nothing else', async () => {
  const versions = [];
  const { url } = await httpServer((req, res) => {
    versions.push(req.httpVersion);
    res.end('ok');
  });
  for (const how of ['auto', true, false]) {
    const { port } = await proxyServer({ target: url, http2: how });
    const answers = await all(3, () => request(keepAlive(), port, { method: 'POST', body: 'x' }));
    expect(answers.map(({ text }) => text)).toEqual(['ok', 'ok', 'ok']);
  }
  expect(versions).toEqual(Array(9).fill('1.1'));
});

test('without the option HTTP/1.1 is offered alone', async () => {
  const { options, sessions } = await http2Target(echo, { isSecure: true });
  const { port } = await proxyServer({ ...options, http2: undefined });
  // Such a target has nobody to talk to.
  expect((await request(keepAlive(), port)).status).not.toBe(200);
  expect(sessions).toEqual([]);
});

test('`agent: false` gives each request a connection, which is closed', async () => {
  const { options, sessions } = await http2Target(echo);
  const { port } = await proxyServer({ ...options, agent: false });
  const agent = keepAlive();
  const closed = [];
  for (let i = 0; i < 3; i++) {
    expect((await request(agent, port)).status).toBe(200);
    await eventually(() => sessions.length === i + 1);
    sessions[i].on('close', () => closed.push(i));
  }
  await eventually(() => sessions.every((session) => session.destroyed));
  expect(stats().idleConnections).toBe(0);
});

test('an idle connection is closed after a while', async () => {
  const { options, sessions } = await http2Target(echo);
  const agent = new http.Agent({ keepAlive: true, timeout: 300 });
  const { port } = await proxyServer({ ...options, agent });
  expect((await request(keepAlive(), port)).status).toBe(200);
  expect(stats().idleConnections).toBeGreaterThan(0);
  await eventually(
    () => sessions[0].destroyed,
    () => 'it is still open',
    5000,
  );
});
