'use strict';

/** Targets that are other people's HTTP/2 servers: nginx and nghttpd. */

const { proxyServer } = require('../support/faces.js');
const { request } = require('../support/faults.js');
const { all, http2Client, http2Exchange, http2Server } = require('../support/http2.js');
const { nghttpd, nginx } = require('../support/http2-servers.js');
const { stats } = require('../support/engine.js');
const { closeAll, keepingAgent } = require('../support/peers.js');
const { CERTIFICATE } = require('../support/tls.js');

// They need not be there where the package is only used; CI installs them (.ci/run).
const onLinux = process.platform === 'linux' ? describe : describe.skip;

afterEach(closeAll);

const FILES = { small: 'small', large: 'a line of text\n'.repeat(200_000) };
const overTls = (port) => ({
  target: `https://localhost:${port}`,
  ca: CERTIFICATE,
  changeOrigin: true,
  http2: 'auto',
});

onLinux('nginx', () => {
  test('files, heads, statuses, and what it was asked', async () => {
    const target = await nginx(FILES);
    const { port } = await proxyServer(overTls(target));
    const agent = keepingAgent();
    for (const [name, text] of Object.entries(FILES)) {
      const answer = await request(agent, port, { path: `/${name}` });
      expect([answer.status, answer.text === text]).toEqual([200, true]);
      expect(answer.headers['content-length']).toBe(`${text.length}`);
    }
    expect((await request(agent, port, { path: '/echo?a=b' })).text).toBe(
      `HTTP/2.0 GET /echo?a=b localhost:${target}`,
    );
    expect(await request(agent, port, { method: 'HEAD', path: '/large' })).toMatchObject({
      headers: { 'content-length': `${FILES.large.length}` },
      text: '',
    });
    expect((await request(agent, port, { path: '/none' })).status).toBe(404);
    const part = await request(agent, port, { path: '/small', headers: { range: 'bytes=1-3' } });
    expect([part.status, part.text]).toEqual([206, 'mal']);
  });

  test('few requests at a time, and a connection that it ends after some: nobody notices', async () => {
    const target = await nginx(FILES, { streams: 4, requests: 20 });
    const { port } = await proxyServer(overTls(target));
    const agent = keepingAgent();
    const before = stats().connectionsMade;
    for (let round = 0; round < 3; round++) {
      const answers = await all(60, () => request(agent, port, { path: '/small' }));
      expect(answers.every(({ text }) => text === 'small')).toBe(true);
    }
    expect(stats().connectionsMade - before).toBeGreaterThan(1);
  });

  test('an upload that it refuses is answered', async () => {
    const { port } = await proxyServer(overTls(await nginx(FILES)));
    const agent = keepingAgent();
    const answer = await request(agent, port, { method: 'POST', path: '/small', body: 'x'.repeat(3 << 20) });
    expect(answer.status).toBe(405);
  });

  test('a body that comes slowly, beside others', async () => {
    const { port } = await proxyServer(overTls(await nginx({ ...FILES, large: 'x'.repeat(100_000) })));
    const agent = keepingAgent();
    const slow = request(agent, port, { path: '/slow' });
    const others = await all(10, () => request(agent, port, { path: '/small' }));
    expect(others.every(({ text }) => text === 'small')).toBe(true);
    expect((await slow).text).toHaveLength(100_000);
  });
});

onLinux.each([true, false])('nghttpd, with TLS: %s', (isSecure) => {
  const optionsOf = (port) =>
    isSecure ? overTls(port) : { target: `http://127.0.0.1:${port}`, changeOrigin: true, http2: true };

  test('files both ways, many at a time, and trailers', async () => {
    const { port } = await proxyServer(optionsOf(await nghttpd(FILES, { isSecure })));
    const agent = keepingAgent();
    for (const [name, text] of Object.entries(FILES)) {
      const answer = await request(agent, port, { path: `/${name}` });
      expect([answer.status, answer.text === text]).toEqual([200, true]);
    }
    const bodies = await all(20, (i) =>
      request(agent, port, { method: 'POST', path: '/', body: `${i} `.repeat(50_000) }),
    );
    bodies.forEach(({ text }, i) => expect(text === `${i} `.repeat(50_000)).toBe(true));
    // It says how long its bodies are: only a client that speaks HTTP/2 itself can have the trailers.
    const front = await proxyServer(optionsOf(await nghttpd(FILES, { isSecure })), { serve: http2Server });
    const outcome = await http2Exchange(await http2Client(front.port), { ':path': '/small' });
    expect(outcome).toMatchObject({ body: 'small', trailers: { 'x-trailer': 'here' }, isReset: false });
  });
});
