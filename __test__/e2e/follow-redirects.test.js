'use strict';

/** `followRedirects`: where a redirected request goes, with what method, body and fields, and what is told of it. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { createProxyServer } = require('../../index.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { stats } = require('../support/engine.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const {
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { CERTIFICATE, tlsTarget } = require('../support/tls.js');

afterEach(closeAll);

const GET = lastRequest('GET /a?q=1');

const redirect = (location, status = 302) =>
  `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${location}\r\nX-Hop: 1\r\nContent-Length: 4\r\n\r\ngone`;

/** A target that gives these answers, one for each request, the last one again and again; it records the requests. */
async function target(answers, make = rawTarget, ...where) {
  const requests = [];
  const server = await make(
    (connection) => {
      let at = 0;
      connection.onRequest(() => {
        const answer = answers[Math.min(requests.length, answers.length - 1)];
        requests.push(readRequest(connection.text.slice(at)));
        at = connection.text.length;
        connection.socket.write(Buffer.from(typeof answer === 'function' ? answer() : answer, 'latin1'));
      });
    },
    ...where,
  );
  return { ...server, requests };
}

const starts = ({ requests }) => requests.map(({ start }) => start);
const answerOf = async (port, text = GET) => readResponse(await rawExchange(port, text));

describe.each(FACES)('%s', (_face, serve) => {
  test.each([
    ['a path', '/b?r=2', '/b?r=2'],
    ['a relative path', 'b', '/base/b'],
    ['dots', '../c', '/c'],
    ['a query', '?r=2', '/base/a?r=2'],
    ['an empty fragment', '/b#there', '/b'],
    ['raw UTF-8', Buffer.from('/ü').toString('latin1'), '/%C3%BC'],
  ])('%s is resolved against the target, whatever the client calls it', async (_what, location, expected) => {
    const one = await target([redirect(location), GOOD]);
    const { port } = await serve({ target: `${one.url}/base`, followRedirects: true });
    const text = 'GET /a?q=1 HTTP/1.1\r\nHost: elsewhere.invalid\r\nConnection: close\r\n\r\n';
    expect(await answerOf(port, text)).toMatchObject({ status: 200, body: 'good' });
    expect(starts(one)).toEqual(['GET /base/a?q=1 HTTP/1.1', `GET ${expected} HTTP/1.1`]);
    for (const { values } of one.requests) expect(values('host')).toEqual(['elsewhere.invalid']);
    expect(one.connections).toHaveLength(1);
  });

  test('an absolute location that names the target as the request does stays there', async () => {
    const one = await target([redirect('http://me/b'), redirect('//me/c'), GOOD]);
    const { port } = await serve({ target: one.url, followRedirects: true });
    expect(await answerOf(port)).toMatchObject({ status: 200 });
    expect(starts(one).slice(1)).toEqual(['GET /b HTTP/1.1', 'GET /c HTTP/1.1']);
  });

  const METHODS = [
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'PATCH', 'PATCH'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ];
  test.each(METHODS)('%i after %s is %s', async (status, method, expected) => {
    const one = await target([redirect('/b', status), GOOD]);
    const { port } = await serve({ target: one.url, followRedirects: true });
    const lines = ['Content-Type: text/plain', 'Content-Length: 4'];
    expect(await answerOf(port, lastRequest(`${method} /a`, lines, 'body'))).toMatchObject({ status: 200 });
    const [first, second] = one.requests;
    expect([first.start, first.body]).toEqual([`${method} /a HTTP/1.1`, 'body']);
    expect([second.start, second.body]).toEqual([
      `${expected} /b HTTP/1.1`,
      expected === 'GET' ? '' : 'body',
    ]);
    for (const name of ['content-type', 'content-length', 'transfer-encoding'])
      expect(second.values(name)).toEqual(expected === 'GET' ? [] : first.values(name));
  });

  test.each([301, 302, 303, 307, 308])('%i after HEAD stays HEAD', async (status) => {
    const head = `HTTP/1.1 ${status} Elsewhere\r\nLocation: /b\r\nContent-Length: 4\r\n\r\n`;
    const one = await target([head, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n']);
    const { port } = await serve({ target: one.url, followRedirects: true });
    const text = await rawExchange(port, lastRequest('HEAD /a'));
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(starts(one)).toEqual(['HEAD /a HTTP/1.1', 'HEAD /b HTTP/1.1']);
  });

  test.each([
    ['300', redirect('/b', 300)],
    ['304', 'HTTP/1.1 304 Not Modified\r\nLocation: /b\r\n\r\n'],
    ['201', redirect('/b', 201)],
    ['no location', 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n'],
    ['an empty location', redirect('')],
  ])('%s is no redirect', async (_what, answer) => {
    const one = await target([answer]);
    const { port } = await serve({ target: one.url, followRedirects: true });
    expect((await answerOf(port)).status).toBe(Number(answer.slice(9, 12)));
    expect(one.requests).toHaveLength(1);
  });

  test('without the option a redirect is the answer', async () => {
    for (const followRedirects of [undefined, false, 0]) {
      const one = await target([redirect('/b')]);
      const { port } = await serve({ target: one.url, followRedirects });
      expect(await answerOf(port)).toMatchObject({ status: 302, body: 'gone' });
    }
  });

  test('a number of redirects is followed, and the next one is the answer', async () => {
    const one = await target([redirect('/b')]);
    const { port } = await serve({ target: one.url, followRedirects: 3 });
    expect(await answerOf(port)).toMatchObject({ status: 302, body: 'gone' });
    expect(one.requests).toHaveLength(4);
  });

  test('true is 21 redirects, and the next one is an error', async () => {
    const one = await target([redirect('/b')]);
    const errors = [];
    const on = { error: (error, req, res) => (errors.push(error), res.writeHead(error.status).end()) };
    const { port } = await serve({ target: one.url, followRedirects: true, on });
    expect((await answerOf(port)).status).toBe(502);
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_FR_TOO_MANY_REDIRECTS',
        message: 'Maximum number of redirects exceeded',
      }),
    ]);
    expect(one.requests).toHaveLength(22);
  });

  test.each(['http://[bad', 'ftp://h/', 'http://h:99999/'])('%s is an error', async (location) => {
    const one = await target([redirect(location)]);
    const errors = [];
    const on = { error: (error, req, res) => (errors.push(error.code), res.writeHead(error.status).end()) };
    const { port } = await serve({ target: one.url, followRedirects: true, on });
    expect((await answerOf(port)).status).toBe(502);
    expect(errors).toEqual(['ERR_FR_REDIRECTION_FAILURE']);
  });

  test('another origin gets its own host, and nothing that says who asks', async () => {
    const other = await target([GOOD]);
    const one = await target([redirect(`${other.url}/b`)]);
    const { port } = await serve({
      target: one.url,
      followRedirects: true,
      auth: 'user:password',
      xfwd: true,
    });
    const lines = ['Cookie: a=b', 'X-Kept: 1', 'Accept: a/b', 'Accept: c/d'];
    expect(await answerOf(port, lastRequest('GET /a', lines))).toMatchObject({ status: 200 });
    const [first] = one.requests;
    const [second] = other.requests;
    for (const name of ['authorization', 'cookie']) {
      expect(first.values(name)).toHaveLength(1);
      expect(second.values(name)).toEqual([]);
    }
    expect(second.values('host')).toEqual([other.url.slice('http://'.length)]);
    for (const name of ['x-kept', 'accept', 'x-forwarded-for', 'x-forwarded-host'])
      expect(second.values(name)).toEqual(first.values(name));
  });

  test('the same origin gets what says who asks', async () => {
    const one = await target([redirect('/b'), GOOD]);
    const { port } = await serve({ target: one.url, followRedirects: true });
    const lines = ['Authorization: Bearer x', 'Cookie: a=b'];
    await answerOf(port, lastRequest('GET /a', lines));
    expect(one.requests[1].values('authorization')).toEqual(['Bearer x']);
    expect(one.requests[1].values('cookie')).toEqual(['a=b']);
  });

  test('what was left out comes back with nobody, not even the first origin', async () => {
    const answers = [GOOD];
    const one = await target([() => redirect(`${other.url}/b`), GOOD]);
    const other = await target([redirect(`${one.url}/c`), ...answers]);
    const { port } = await serve({ target: one.url, followRedirects: true });
    expect(await answerOf(port, lastRequest('GET /a', ['Cookie: a=b']))).toMatchObject({ status: 200 });
    expect(one.requests.map(({ values }) => values('cookie'))).toEqual([['a=b'], []]);
  });

  test('from TLS to plain, and back', async () => {
    const plain = await target([() => redirect(`https://localhost:${secure.port}/c`)]);
    const secure = await target([() => redirect(`${plain.url}/b`), GOOD], tlsTarget);
    const options = { target: `https://localhost:${secure.port}`, ca: CERTIFICATE, changeOrigin: true };
    const { port } = await serve({ ...options, followRedirects: true });
    expect(await answerOf(port, lastRequest('GET /a', ['Authorization: x']))).toMatchObject({ status: 200 });
    expect([...starts(secure), ...starts(plain)]).toEqual([
      'GET /a HTTP/1.1',
      'GET /c HTTP/1.1',
      'GET /b HTTP/1.1',
    ]);
    expect(plain.requests[0].values('authorization')).toEqual([]);
  });

  test('a Unix socket', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redirects-'));
    onCleanUp(() => fs.rmSync(folder, { recursive: true }));
    const socketPath = path.join(folder, 'socket');
    const one = await target([redirect('/b'), GOOD], rawTarget, socketPath);
    const { port } = await serve({ target: { host: 'localhost', socketPath }, followRedirects: true });
    expect(await answerOf(port)).toMatchObject({ status: 200 });
    expect(starts(one)).toEqual(['GET /a?q=1 HTTP/1.1', 'GET /b HTTP/1.1']);
  });

  test('proxyReq is emitted for each hop, with what was edited before, and may edit it', async () => {
    const one = await target([redirect('/b'), redirect('/c'), GOOD]);
    let hop = 0;
    const seen = [];
    const on = {
      proxyReq(proxyReq) {
        hop += 1;
        seen.push([proxyReq.method, proxyReq.path, proxyReq.getHeader('x-first')]);
        if (hop === 1) proxyReq.setHeader('X-First', 'yes');
        if (hop === 2) proxyReq.removeHeader('x-gone');
        proxyReq.setHeader('X-Hop', hop);
      },
    };
    const { port } = await serve({ target: one.url, followRedirects: true, on });
    expect(await answerOf(port, lastRequest('GET /a', ['X-Gone: 1']))).toMatchObject({ status: 200 });
    expect(seen).toEqual([
      ['GET', '/a', undefined],
      ['GET', '/b', 'yes'],
      ['GET', '/c', 'yes'],
    ]);
    expect(one.requests.map(({ values }) => values('x-hop'))).toEqual([['1'], ['2'], ['3']]);
    expect(one.requests.map(({ values }) => values('x-gone'))).toEqual([['1'], [], []]);
  });

  test('proxyRes is emitted once, and knows the way', async () => {
    const one = await target([redirect('/b'), redirect('/c', 301), GOOD]);
    const seen = [];
    const on = {
      proxyRes: ({ statusCode, responseUrl, redirects, req }) =>
        seen.push({ statusCode, responseUrl, redirects, path: req.path }),
    };
    const { port } = await serve({ target: one.url, followRedirects: true, on });
    await answerOf(port);
    expect(seen).toEqual([
      {
        statusCode: 200,
        path: '/c',
        responseUrl: `${one.url}/c`,
        redirects: [
          {
            url: `${one.url}/a?q=1`,
            statusCode: 302,
            headers: expect.objectContaining({ location: '/b', 'x-hop': '1' }),
          },
          { url: `${one.url}/b`, statusCode: 301, headers: expect.objectContaining({ location: '/c' }) },
        ],
      },
    ]);
  });

  test('the outgoing passes see the target of the options', async () => {
    const other = await target([`HTTP/1.1 201 Created\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n`]);
    const one = await target([redirect(`${other.url}/b`)]);
    const { port } = await serve({ target: one.url, followRedirects: true, hostRewrite: 'public.test' });
    const answer = await answerOf(port);
    expect(answer.status).toBe(201);
    expect(answer.values('location')).toEqual(['http://public.test/new']);
  });

  test('a failure of a later hop is told once, and is that of the request', async () => {
    const one = await target([redirect('http://127.0.0.1:1/b')]);
    const errors = [];
    const on = { error: (error, req, res) => (errors.push(error.code), res.writeHead(error.status).end()) };
    const { port } = await serve({ target: one.url, followRedirects: true, retry: { attempts: 3 }, on });
    expect((await answerOf(port)).status).toBe(502);
    expect(errors).toEqual(['ECONNREFUSED']);
    expect(one.requests).toHaveLength(1);
    await eventually(() => stats().exchanges === 0);
  });

  test('a client that leaves between two hops ends the second', async () => {
    const one = await rawTarget((connection) =>
      connection.onRequest((head) => head.includes('GET /a') && connection.socket.write(redirect('/b'))),
    );
    const { port } = await serve({ target: one.url, followRedirects: true });
    const client = await rawClient(port, GET);
    await (await one.connected()).received('GET /b');
    client.socket.resetAndDestroy();
    await one.connections[0].closed();
    await eventually(() => stats().exchanges === 0);
  });

  test('timeouts.total is that of all hops', async () => {
    const one = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(redirect('/b')), 40)),
    );
    const errors = [];
    const on = { error: (error, req, res) => (errors.push(error.code), res.writeHead(error.status).end()) };
    const { port } = await serve({ target: one.url, followRedirects: true, timeouts: { total: 150 }, on });
    expect((await answerOf(port)).status).toBe(504);
    expect(errors).toEqual(['ERR_PROXY_TOTAL_TIMEOUT']);
  });
});

describe('bodies', () => {
  const MEGABYTE = 1 << 20;

  test('a body that comes while it is redirected is sent again, and to its end', async () => {
    const other = await target([GOOD]);
    const one = await rawTarget((connection) =>
      connection.received('first').then(() => connection.socket.write(redirect(`${other.url}/b`, 307))),
    );
    const { port } = await proxyServer({ target: one.url, followRedirects: true });
    const head = 'POST /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const client = await rawClient(port, `${head}5\r\nfirst\r\n`);
    await eventually(() => other.connections.length === 1);
    client.socket.write('6\r\nsecond\r\n0\r\n\r\n');
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 200 });
    expect(other.requests[0].body).toBe('firstsecond');
  });

  /** Redirects what comes to `/a`; says how many bytes each request had. */
  async function counting(status) {
    const lengths = [];
    const { url } = await httpServer((req, res) => {
      let length = 0;
      req.on('data', (chunk) => (length += chunk.length));
      req.on('end', () => {
        lengths.push(length);
        if (req.url === '/a') res.writeHead(status, { location: '/b' });
        res.end();
      });
    });
    return { url, lengths };
  }

  test.each([
    [308, 9, 200, [9 * MEGABYTE, 9 * MEGABYTE]],
    [308, 11, 502, [11 * MEGABYTE]],
    [303, 11, 200, [11 * MEGABYTE, 0]],
  ])('%i with %i MiB is %i: only 10 MiB can be sent again', async (status, size, expected, lengths) => {
    const one = await counting(status);
    const { port, events } = await proxyServer({ target: one.url, followRedirects: true });
    const body = 'x'.repeat(size * MEGABYTE);
    const text = lastRequest('POST /a', [`Content-Length: ${body.length}`], body);
    expect(await answerOf(port, text)).toMatchObject({ status: expected });
    expect(one.lengths).toEqual(lengths);
    const codes = events.map(({ error }) => error.code);
    expect(codes).toEqual(expected === 200 ? [] : ['ERR_FR_MAX_BODY_LENGTH_EXCEEDED']);
  });

  test('what a listener writes goes with each hop that has a body', async () => {
    for (const [status, bodies] of [
      [307, ['written', 'written']],
      [303, ['written', '']],
    ]) {
      const one = await target([redirect('/b', status), GOOD]);
      const on = {
        proxyReq(proxyReq) {
          proxyReq.setHeader('content-length', 7);
          proxyReq.end('written');
        },
      };
      const { port } = await proxyServer({ target: one.url, followRedirects: true, on });
      const text = lastRequest('POST /a', ['Content-Length: 4'], 'body');
      expect(await answerOf(port, text)).toMatchObject({ status: 200 });
      expect(one.requests.map(({ body }) => body)).toEqual(bodies);
    }
  });

  test('a mirror gets the request once, whole', async () => {
    const mirror = await target([GOOD]);
    const one = await target([redirect('/b', 303), GOOD]);
    const { port } = await proxyServer({ target: one.url, forward: mirror.url, followRedirects: true });
    const text = lastRequest('POST /a', ['Content-Length: 4'], 'body');
    expect(await answerOf(port, text)).toMatchObject({ status: 200 });
    await eventually(() => mirror.requests.length === 1);
    expect(mirror.requests[0].body).toBe('body');
    expect(starts(one)).toEqual(['POST /a HTTP/1.1', 'GET /b HTTP/1.1']);
  });
});

test('an option that is no number of redirects is refused', () => {
  for (const followRedirects of ['yes', -1, 1.5, NaN]) {
    expect(() => createProxyServer({ target: 'http://h', followRedirects })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option: 'followRedirects' }),
    );
  }
});
