'use strict';

/** Each example, started as a user would start it, with targets of the test's behind it: it does what its title says, seen on the wire. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const { authority, certificate } = require('../support/certificates.js');
const { EXAMPLES, deadUrl, echo, httpsEcho, httpsRequest, startExample } = require('../support/examples.js');
const { readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');

afterEach(closeAll);

/** What each example is for, and the test of it. */
const CHECKS = {
  async 'error-handling.js'() {
    const silent = await rawTarget(() => {});
    const slow = await startExample('error-handling.js', { TARGET: silent.url, PROXY_TIMEOUT: '1000' });
    const late = await fetch(`${slow.url}/slow`);
    expect([late.status, await late.json()]).toEqual([
      504,
      { status: 504, code: 'ECONNRESET', message: 'The service takes too long.' },
    ]);
    const client = await rawClient(slow.port, 'GET /left HTTP/1.1\r\nHost: me\r\n\r\n');
    await silent.connected(1);
    client.socket.destroy();
    await eventually(() => slow.output.stderr.includes('/left: the client did not wait for the answer'));

    const { url, output } = await startExample('error-handling.js', { TARGET: await deadUrl() });
    const refused = await fetch(`${url}/a`);
    expect([refused.status, await refused.json()]).toEqual([
      502,
      { status: 502, code: 'ECONNREFUSED', message: 'The service cannot be reached.' },
    ]);
    expect(output.stderr).toMatch(/^GET \/a: ECONNREFUSED \(connect\): connect ECONNREFUSED/);
  },

  async 'forward-proxy.js'() {
    const { url: target, port, seen } = await echo();
    const proxy = await startExample('forward-proxy.js');
    const ask = (line) =>
      rawExchange(proxy.port, `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);

    expect(readResponse(await ask(`GET ${target}/a?b=1`))).toMatchObject({
      status: 200,
      body: 'GET /a?b=1 ',
    });
    expect(seen[0].headers.host).toBe(`127.0.0.1:${port}`);
    expect(readResponse(await ask('GET /a'))).toMatchObject({ status: 400 });
    expect(readResponse(await ask(`GET ${await deadUrl()}/`))).toMatchObject({
      status: 502,
      body: expect.stringMatching(/ECONNREFUSED/),
    });

    const tunnel = await rawClient(proxy.port, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: me\r\n\r\n`);
    await tunnel.received('HTTP/1.1 200 Connection established\r\n\r\n');
    tunnel.socket.write('GET /within HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n');
    await tunnel.closed();
    expect(tunnel.text).toMatch(/GET \/within $/);
    const nowhere = await rawClient(
      proxy.port,
      `CONNECT ${(await deadUrl()).slice(7)} HTTP/1.1\r\nHost: me\r\n\r\n`,
    );
    await nowhere.received('HTTP/1.1 502 Bad Gateway');
  },

  async 'header-rewriting.js'() {
    const target = await answeringTarget(
      'HTTP/1.1 200 OK\r\nX-Powered-By: steam\r\nCache-Control: max-age=60\r\nX-Other: kept\r\nContent-Length: 2\r\n\r\nok',
    );
    const { port } = await startExample('header-rewriting.js', { TARGET: target.url });
    const answer = readResponse(
      await rawExchange(
        port,
        'GET /a?b=1 HTTP/1.1\r\nHost: me\r\nCookie: secret=1\r\nConnection: close\r\n\r\n',
      ),
    );
    const { text: asked } = target.connections[0];
    expect(asked).toMatch(/^x-gateway: example\r$/m);
    expect(asked).toMatch(/^x-request-path: \/a\?b=1\r$/m);
    expect(asked).not.toMatch(/cookie/i);
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(answer.values('x-powered-by')).toEqual([]);
    expect(answer.values('cache-control')).toEqual(['no-store']);
    expect(answer.values('x-other')).toEqual(['kept']);
  },

  async 'https-front.js'() {
    const { url: target, seen } = await echo();
    const { key, cert } = certificate(undefined, { names: 'DNS:localhost,IP:127.0.0.1' });
    const { port } = await startExample('https-front.js', {
      TARGET: target,
      TLS_KEY: file('key.pem', key),
      TLS_CERT: file('cert.pem', cert),
    });
    const answer = await httpsRequest(
      `https://127.0.0.1:${port}/a?b=1`,
      { ca: cert, method: 'POST' },
      'text',
    );
    expect(answer).toMatchObject({ status: 200, body: 'POST /a?b=1 text' });
    expect(seen[0].headers['x-forwarded-proto']).toBe('https');
    expect(seen[0].socket.encrypted).toBeUndefined();

    // Without files it makes a certificate of its own.
    const other = await startExample('https-front.js', { TARGET: target });
    const untrusted = httpsRequest(`https://127.0.0.1:${other.port}/`, { ca: cert });
    await expect(untrusted).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const ofItsOwn = await httpsRequest(`https://localhost:${other.port}/`, {
      rejectUnauthorized: false,
      family: 4,
    });
    expect(ofItsOwn).toMatchObject({ status: 200, body: 'GET / ' });
  },

  async 'https-target.js'() {
    const trusted = authority('trusted');
    const ours = certificate(trusted, { names: 'DNS:localhost' });
    const target = await httpsEcho(ours);
    const env = { TARGET: `https://localhost:${target.port}` };

    const { url } = await startExample('https-target.js', { ...env, CA: file('ca.pem', trusted.cert) });
    const answer = await fetch(`${url}/a`, { method: 'POST', body: 'text' });
    expect([answer.status, await answer.text()]).toEqual([200, 'POST /a text']);
    expect(target.seen[0]).toMatchObject({ servername: 'localhost', host: `localhost:${target.port}` });

    const stranger = file('stranger.pem', authority('stranger').cert);
    const refusing = await startExample('https-target.js', { ...env, CA: stranger });
    const refused = await fetch(`${refusing.url}/a`);
    expect([refused.status, await refused.text()]).toEqual([
      502,
      expect.stringMatching(/^No secure connection to the target: [A-Z_]*(CERT|SIGNATURE)[A-Z_]*\n$/),
    ]);
    expect(target.seen).toHaveLength(1);
  },

  async 'latency.js'() {
    const { url: target } = await echo();
    const { url } = await startExample('latency.js', { TARGET: target, LATENCY: '300' });
    const began = performance.now();
    const body = 'x'.repeat(300_000);
    const answer = await fetch(`${url}/a`, { method: 'POST', body });
    expect(await answer.text()).toBe(`POST /a ${body}`);
    expect(performance.now() - began).toBeGreaterThanOrEqual(299);
  },

  async 'mirror.js'() {
    const { url: target } = await echo();
    const mirror = await echo();
    const first = await startExample('mirror.js', { TARGET: target, MIRROR: mirror.url });
    const answer = await fetch(`${first.url}/a`, { method: 'POST', body: 'text' });
    expect([answer.status, await answer.text()]).toEqual([200, 'POST /a text']);
    await eventually(() => mirror.seen[0]?.body === 'text');
    expect(mirror.seen[0]).toMatchObject({ method: 'POST', url: '/a' });

    const second = await startExample('mirror.js', { TARGET: target, MIRROR: await deadUrl() });
    const unharmed = await fetch(`${second.url}/b`);
    expect([unharmed.status, await unharmed.text()]).toEqual([200, 'GET /b ']);
    await eventually(() => second.output.stderr.includes('ECONNREFUSED'));

    const third = await startExample('mirror.js', { TARGET: await deadUrl(), MIRROR: mirror.url });
    const lost = await fetch(`${third.url}/c`);
    expect([lost.status, await lost.text()]).toEqual([502, 'The target cannot be reached: ECONNREFUSED\n']);
    await eventually(() => mirror.seen.some((req) => req.url === '/c'));
  },

  async 'native-door.js'() {
    const { url: target, seen } = await echo();
    const { url, port } = await startExample('native-door.js', { TARGET: target });
    const answer = await fetch(`${url}/a?b=1`, { method: 'POST', body: 'text' });
    expect([answer.status, await answer.text()]).toEqual([200, 'POST /a?b=1 text']);
    // `via` only the door adds.
    expect(seen[0].headers).toMatchObject({
      via: expect.stringMatching(/^1\.1 /),
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': `${port}`,
    });
  },

  async 'door-with-express.js'() {
    const { url: target, seen } = await echo();
    const { url } = await startExample('door-with-express.js', { TARGET: target });
    const answer = await fetch(`${url}/api/a`, { method: 'POST', body: 'text' });
    expect([answer.status, await answer.text()]).toEqual([200, 'POST /api/a text']);
    // Only the door adds it.
    expect(seen[0].headers.via).toMatch(/^1\.1 /);
    const own = await fetch(url);
    expect([own.status, await own.text()]).toEqual([200, 'Hello 127.0.0.1\n']);
    const down = await startExample('door-with-express.js', { TARGET: await deadUrl() });
    const lost = await fetch(`${down.url}/api`);
    expect([lost.status, await lost.text()]).toEqual([502, 'The target cannot be reached: ECONNREFUSED\n']);
  },

  async 'own-server.js'() {
    const website = await echo();
    const api = await echo();
    const { url } = await startExample('own-server.js', { TARGET: website.url, API: api.url });
    const get = async (where) => {
      const answer = await fetch(url + where);
      return [answer.status, await answer.text()];
    };
    expect(await get('/health')).toEqual([200, 'healthy\n']);
    expect(await get('/internal/a')).toEqual([404, 'There is nothing here.\n']);
    expect([website.seen, api.seen]).toEqual([[], []]);
    expect(await get('/a')).toEqual([200, 'GET /a ']);
    expect(await get('/api/a')).toEqual([200, 'GET /api/a ']);
    expect([website.seen.length, api.seen.length]).toEqual([1, 1]);

    const dead = await deadUrl();
    const down = await startExample('own-server.js', { TARGET: website.url, API: dead });
    const answer = await fetch(`${down.url}/api/a`);
    expect([answer.status, await answer.text()]).toEqual([502, `${dead} cannot be reached: ECONNREFUSED\n`]);
  },

  async 'response-modification.js'() {
    const page = `<html><body><p>Grüße</p>${'<p>text</p>'.repeat(20_000)}</body></html>`;
    const packers = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync };
    const { url: target } = await httpServer((req, res) => {
      const [, type, coding] = req.url.split('/');
      const body = packers[coding]?.(page) ?? Buffer.from(page);
      if (packers[coding] !== undefined || coding === 'unknown') res.setHeader('content-encoding', coding);
      if (coding !== 'chunked') res.setHeader('content-length', body.length);
      res.setHeader('content-type', `text/${type}; charset=utf-8`);
      res.setHeader('etag', '"1"');
      res.end(body);
    });
    const { url, port } = await startExample('response-modification.js', { TARGET: target });
    const modified = page.replace('</body>', '<p>Served by a proxy</p></body>');
    for (const coding of ['gzip', 'deflate', 'br', 'plain', 'chunked']) {
      const answer = await fetch(`${url}/html/${coding}`);
      expect([coding, await answer.text()]).toEqual([coding, modified]);
      expect(answer.headers.get('content-encoding')).toBeNull();
      expect(answer.headers.get('etag')).toBeNull();
    }
    const other = await fetch(`${url}/plain/gzip`);
    expect(other.headers.get('content-encoding')).toBe('gzip');
    expect(other.headers.get('etag')).toBe('"1"');
    expect(await other.text()).toBe(page);
    const unknown = readResponse(
      await rawExchange(port, 'GET /html/unknown HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n'),
    );
    expect(Buffer.from(unknown.body, 'latin1').toString()).toBe(page);
    const head = await fetch(`${url}/html/gzip`, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag')]).toEqual([200, '"1"']);
  },

  async 'round-robin.js'() {
    const targets = [await echo('first '), await echo('second '), await echo('third ')];
    const TARGETS = targets.map(({ url }) => url).join(',');
    const { url } = await startExample('round-robin.js', { TARGETS });
    const names = [];
    for (let i = 0; i < 7; i++) names.push((await (await fetch(url)).text()).split(' ')[0]);
    expect(names).toEqual(['first', 'second', 'third', 'first', 'second', 'third', 'first']);

    const dead = await deadUrl();
    const second = await startExample('round-robin.js', { TARGETS: `${dead},${targets[1].url}` });
    const post = (body) =>
      fetch(`${second.url}/a`, { method: 'POST', body }).then(
        (answer) => answer.text(),
        () => 'broken off',
      );
    for (const body of ['x', 'x'.repeat(1000), 'x'.repeat(30_000)]) {
      expect(await post(body)).toBe(`second POST /a ${body}`);
    }
    // A body that is too large to be kept is sent whole or not at all.
    const large = 'x'.repeat(3_000_000);
    const refusal = 'No target can be reached: ERR_PROXY_BODY_SPENT\n';
    for (let i = 0; i < 2; i++) {
      expect([`second POST /a ${large}`, refusal, 'broken off']).toContain(await post(large));
    }
    const third = await startExample('round-robin.js', { TARGETS: `${dead},${dead}` });
    const answer = await fetch(third.url);
    expect([answer.status, await answer.text()]).toEqual([502, 'No target can be reached: ECONNREFUSED\n']);
  },

  async 'server-sent-events.js'() {
    const { port, output } = await startExample('server-sent-events.js', { INTERVAL: '500' });
    const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
    await client.received('id: 1\n');
    // They come one by one, not in a heap.
    expect(client.text).toMatch(/^content-type: text\/event-stream\r$/im);
    expect(client.text).not.toContain('id: 2\n');
    await client.received('id: 2\n');
    expect(output.stdout).not.toContain('has left');
    client.socket.destroy();
    await eventually(() => /A client has left after \d+ events/.test(output.stdout));
  },

  async 'stand-alone.js'() {
    const { url: target, seen } = await echo();
    const { url } = await startExample('stand-alone.js', { TARGET: target });
    const answer = await fetch(`${url}/a?b=1`, { method: 'POST', body: 'text' });
    expect([answer.status, await answer.text()]).toEqual([200, 'POST /a?b=1 text']);
    expect(seen).toHaveLength(1);
    const down = await startExample('stand-alone.js', { TARGET: await deadUrl() });
    const failed = await fetch(down.url);
    expect([failed.status, await failed.text()]).toEqual([
      502,
      'The target cannot be reached: ECONNREFUSED\n',
    ]);
  },

  async 'target.js'() {
    const { url, port } = await startExample('target.js');
    const answer = await fetch(`${url}/a?b=1`, { method: 'PUT', body: 'für', headers: { 'x-a': '1' } });
    expect(await answer.json()).toMatchObject({
      service: port,
      method: 'PUT',
      url: '/a?b=1',
      headers: { 'x-a': '1' },
      body: 'für',
    });
  },
};

test.each(Object.entries(CHECKS))('examples/%s', (_name, check) => check());

describe.each([
  ['express.js', { mount: '/api', request: { 'x-original-url': '/api/a?b=1' }, response: {} }],
  [
    'plain-http.js',
    { mount: '', request: { 'x-forwarded-proto': 'http' }, response: { 'x-proxied-by': 'example' } },
  ],
])('examples/%s', (name, { mount, request: wanted, response }) => {
  test('is printed in the README as it is', () => {
    const source = fs.readFileSync(path.join(EXAMPLES, name), 'utf8');
    const readme = fs.readFileSync(path.join(EXAMPLES, '..', 'README.md'), 'utf8');
    expect(readme).toContain(`\`\`\`js\n${source}\`\`\`\n`);
  });

  test('proxies a GET and a POST', async () => {
    const { url, seen } = await echo();
    const proxy = await startExample(name, { TARGET: url });

    const got = await fetch(`${proxy.url}${mount}/a?b=1`);
    expect([got.status, await got.text()]).toEqual([200, 'GET /a?b=1 ']);
    expect(Object.fromEntries(got.headers)).toMatchObject(response);

    const posted = await fetch(`${proxy.url}${mount}/form`, { method: 'POST', body: 'some text' });
    expect([posted.status, await posted.text()]).toEqual([200, 'POST /form some text']);
    expect(seen[0].headers).toMatchObject(wanted);
    expect(seen).toHaveLength(2);
  });

  test('answers when there is no target', async () => {
    const proxy = await startExample(name, { TARGET: await deadUrl() });
    const answer = await fetch(`${proxy.url}${mount}/a`);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      'The service cannot be reached: ECONNREFUSED\n',
    ]);
  });
});

test('examples/README.md lists every example, and there is a test of each', () => {
  const readme = fs.readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8');
  const listed = [...readme.matchAll(/^\| \[([^\]]+)\]\(\1\) \|/gm)].map(([, name]) => name);
  const files = fs.readdirSync(EXAMPLES).filter((name) => name.endsWith('.js'));
  // Each has a test file of its own.
  const others = fs.readdirSync(path.join(EXAMPLES, 'frameworks')).map((name) => `frameworks/${name}`);
  expect([...listed].sort()).toEqual([...files, ...others, 'gateway/'].sort());
  expect([...Object.keys(CHECKS), 'express.js', 'plain-http.js'].sort()).toEqual(files);
});

/** Writes a file for this test. */
function file(name, content) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'example-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
}
