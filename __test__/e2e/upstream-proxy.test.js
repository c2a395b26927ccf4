'use strict';

/** `upstreamProxy`: targets are reached through a proxy, which the engine asks for a tunnel. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { createProxyServer } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { stats } = require('../support/engine.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { connectProxy, socksProxy } = require('../support/outward-proxies.js');
const {
  answeringTarget,
  closeAll,
  closedPort,
  onCleanUp,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { certificate } = require('../support/certificates.js');
const { CERTIFICATE, tlsTarget } = require('../support/tls.js');
const { echoServer, tunnelBench } = require('../support/upgrades.js');

afterEach(closeAll);

const GET = lastRequest('GET /a?b');
const POST = lastRequest('POST /b', ['Content-Length: 5'], 'hello');

const onGood = (connection) => connection.onRequest(() => connection.socket.write(GOOD));
const asUser = (url, credentials = 'us%40er:word') => url.replace('//', `//${credentials}@`);

const PROXIES = {
  http: { start: connectProxy, told: `Basic ${btoa('us@er:word')}` },
  https: {
    start: (settings) => connectProxy({ ...settings, overTls: true }),
    told: `Basic ${btoa('us@er:word')}`,
    closed: 'ECONNRESET',
    nonsense: 'EPROTO',
  },
  socks5: { start: socksProxy, told: 'us@er:word' },
};

// It vouches for the proxies that are reached over TLS; what vouches for targets has no say in that.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upstream-proxy-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
beforeAll(() => {
  process.env.NODE_EXTRA_CA_CERTS = path.join(folder, 'ca.pem');
  fs.writeFileSync(process.env.NODE_EXTRA_CA_CERTS, CERTIFICATE);
});

describe.each(FACES)('%s', (_face, serve) => {
  /** Sends one request, and gives its answer and the errors that were told. */
  async function ask(options, request = GET) {
    const errors = [];
    const on = { error: (error, _req, res) => void (errors.push(error), res.writeHead(error.status).end()) };
    const { port } = await serve({ on, ...options });
    return { errors, ...readResponse(await rawExchange(port, request)) };
  }

  describe.each(Object.entries(PROXIES))('%s', (_kind, { start, told, ...broken }) => {
    test.each([
      ['plain', rawTarget, {}],
      ['over TLS', tlsTarget, { ca: CERTIFICATE, changeOrigin: true }],
    ])('a target that is %s', async (_what, startTarget, options) => {
      const target = await startTarget(onGood);
      const proxy = await start();
      const settings = { target: target.url, upstreamProxy: proxy.url, xfwd: true, ...options };
      for (const request of [GET, POST])
        expect(await ask(settings, request)).toMatchObject({ status: 200, body: 'good' });
      // The connection is kept, and leads to the target.
      expect(proxy.asked).toEqual([{ target: `127.0.0.1:${target.port}`, authorization: undefined }]);
      const { text } = target.connections[0];
      expect(text).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n[^]*\r\n\r\nPOST \/b HTTP\/1\.1\r\n[^]*\r\n\r\nhello$/);
      expect(readRequest(text).values('host')).toEqual([options.ca ? target.url.slice(8) : 'me']);
      expect(text).not.toMatch(/proxy-/i);
    });

    test('names are the proxy’s to find', async () => {
      const target = await rawTarget(onGood);
      const proxy = await start();
      const options = { target: `http://name.invalid:${target.port}`, upstreamProxy: proxy.url };
      expect((await ask(options)).status).toBe(200);
      expect(proxy.asked[0].target).toBe(`name.invalid:${target.port}`);
    });

    test('it is told who asks', async () => {
      const target = await rawTarget(onGood);
      const proxy = await start({ credentials: 'us@er:word' });
      const options = { target: target.url, upstreamProxy: asUser(proxy.url) };
      expect((await ask(options)).status).toBe(200);
      expect(proxy.asked.map(({ authorization }) => authorization)).toEqual([told]);
      for (const upstreamProxy of [proxy.url, asUser(proxy.url, 'user:wrong')]) {
        const { errors, status } = await ask({ target: target.url, upstreamProxy });
        expect(status).toBe(502);
        expect(errors).toMatchObject([{ code: 'ERR_PROXY_TUNNEL', phase: 'connect', side: 'upstream' }]);
        expect(errors[0].message).toContain(`through the proxy 127.0.0.1:${proxy.port}`);
      }
      expect(target.connections).toHaveLength(1);
    });

    test('connections of different proxies, and of none, are never shared', async () => {
      const target = await rawTarget(onGood);
      const proxies = [await start(), await start()];
      const ways = [...proxies.map(({ url }) => url), asUser(proxies[0].url), undefined];
      for (const upstreamProxy of [...ways, ...ways])
        expect((await ask({ target: target.url, upstreamProxy })).status).toBe(200);
      expect(target.connections).toHaveLength(ways.length);
    });

    test('a proxy that is not there', async () => {
      const port = await closedPort();
      const url = (await start()).url.replace(/:\d+$/, `:${port}`);
      const { errors, status } = await ask({ target: 'http://127.0.0.1:1', upstreamProxy: url });
      expect(status).toBe(502);
      expect(errors).toMatchObject([{ code: 'ECONNREFUSED', port, phase: 'connect' }]);
    });

    test('a target that is not there', async () => {
      const proxy = await start();
      const options = { target: `http://127.0.0.1:${await closedPort()}`, upstreamProxy: proxy.url };
      const { errors, status } = await ask(options);
      expect(status).toBe(502);
      expect(errors).toMatchObject([{ code: expect.stringMatching(/^ECONNREFUSED$|^ERR_PROXY_TUNNEL$/) }]);
    });

    test.each([
      ['says nothing', rawTarget, [() => {}], { code: 'ECONNECT_TIMEOUT', timeout: 'connect' }, 504],
      [
        'closes',
        rawTarget,
        [({ socket }) => socket.end()],
        { code: broken.closed ?? 'ERR_PROXY_TUNNEL' },
        502,
      ],
      [
        'speaks nonsense',
        rawTarget,
        [({ socket }) => socket.write('SSH-2.0\r\n\r\n\r\n\r\n')],
        { code: broken.nonsense ?? 'ERR_PROXY_TUNNEL' },
        502,
      ],
    ])('one that %s', async (_what, startProxy, args, error, status) => {
      const { port } = await startProxy(...args);
      const { url } = await start();
      const options = { target: 'http://127.0.0.1:1', connectTimeout: 500 };
      const answer = await ask({ ...options, upstreamProxy: url.replace(/:\d+$/, `:${port}`) });
      expect(answer.status).toBe(status);
      expect(answer.errors).toMatchObject([error]);
    });

    test('redirects lead through it, too', async () => {
      const other = await rawTarget(onGood);
      const target = await answeringTarget(
        `HTTP/1.1 302 Found\r\nLocation: ${other.url}/to\r\nContent-Length: 0\r\n\r\n`,
      );
      const proxy = await start();
      expect(
        (await ask({ target: target.url, upstreamProxy: proxy.url, followRedirects: true })).status,
      ).toBe(200);
      expect(proxy.asked.map(({ target: place }) => place)).toEqual([
        `127.0.0.1:${target.port}`,
        `127.0.0.1:${other.port}`,
      ]);
    });
  });

  test('a proxy that lets nobody through', async () => {
    const proxy = await connectProxy({ refusal: '403 No' });
    const { errors } = await ask({ target: 'http://127.0.0.1:1', upstreamProxy: proxy.url });
    expect(errors[0].message).toBe(
      `Failed to establish a tunnel to 127.0.0.1:1 through the proxy 127.0.0.1:${proxy.port}: it has answered 403 No`,
    );
  });

  test('a proxy that nobody vouches for is told nothing, whatever is said of targets', async () => {
    const target = await tlsTarget(onGood);
    const proxy = await connectProxy({
      overTls: true,
      identity: certificate(undefined, { names: 'IP:127.0.0.1' }),
    });
    const upstreamProxy = asUser(proxy.url);
    for (const options of [{}, { secure: false }, { ca: CERTIFICATE, changeOrigin: true }]) {
      const { errors, status } = await ask({ target: target.url, upstreamProxy, ...options });
      expect(status).toBe(502);
      expect(errors).toMatchObject([{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', phase: 'tls', side: 'upstream' }]);
      expect(errors[0].message).toBe(`self-signed certificate (the proxy 127.0.0.1:${proxy.port})`);
    }
    expect(proxy.asked).toEqual([]);
  });

  test('what is said of a target over TLS is not said of the proxy', async () => {
    const target = await tlsTarget(onGood);
    const proxy = await connectProxy({ overTls: true });
    // Neither the name nor those that vouch for it are the proxy's.
    const options = {
      target: target.url,
      upstreamProxy: proxy.url,
      servername: 'localhost',
      ca: CERTIFICATE,
    };
    expect((await ask(options)).status).toBe(200);
    expect((await ask({ ...options, ca: certificate(undefined, {}).cert })).errors).toMatchObject([
      { code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/), message: expect.not.stringContaining('proxy') },
    ]);
  });

  test.each([
    [3, 'ENETUNREACH'],
    [4, 'EHOSTUNREACH'],
    [5, 'ECONNREFUSED'],
    [6, 'ETIMEDOUT'],
    [1, 'ERR_PROXY_TUNNEL'],
  ])('what SOCKS answers with %i is %s', async (reply, code) => {
    const proxy = await socksProxy({ reply });
    const { errors } = await ask({ target: 'http://127.0.0.1:1', upstreamProxy: proxy.url });
    expect(errors).toMatchObject([{ code, status: 502 }]);
  });

  test('the next target of a list is asked, where the proxy does not lead to the first', async () => {
    const target = await rawTarget(onGood);
    const proxy = await connectProxy();
    const options = {
      target: [`http://127.0.0.1:${await closedPort()}`, target.url],
      upstreamProxy: proxy.url,
    };
    expect((await ask(options, POST)).status).toBe(200);
    expect(proxy.asked).toHaveLength(2);
  });

  test("'env' is read once", async () => {
    const target = await rawTarget(onGood);
    const proxy = await connectProxy();
    const before = process.env.http_proxy;
    process.env.http_proxy = proxy.url;
    try {
      const { port } = await serve({ target: `${target.url}/`, upstreamProxy: 'env' });
      delete process.env.http_proxy;
      for (let i = 0; i < 2; i++) expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
      expect(proxy.asked).toHaveLength(1);
    } finally {
      if (before !== undefined) process.env.http_proxy = before;
    }
  });
});

test.each(Object.entries(PROXIES))('WebSockets through %s', async (_kind, { start }) => {
  const target = await echoServer();
  const proxy = await start();
  const bench = await tunnelBench({ target: target.url, upstreamProxy: proxy.url });
  const client = new WebSocket(`ws://127.0.0.1:${bench.port}/socket`);
  onCleanUp(() => client.terminate());
  await once(client, 'open');
  client.send('x'.repeat(500_000));
  const [data] = await once(client, 'message');
  expect(`${data}`).toHaveLength(500_000);
  expect(proxy.asked).toHaveLength(1);
  expect(stats().node?.exchanges ?? 0).toBe(0);
});

test.each(['ftp://proxy', 'proxy:3128', 'nonsense', 5, true])('%p is refused', (upstreamProxy) => {
  expect(() => createProxyServer({ target: 'http://127.0.0.1:1', upstreamProxy })).toThrow(
    expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option: 'upstreamProxy' }),
  );
});

test('nor can it be had where only Node’s client can send', () => {
  const options = { target: 'https://127.0.0.1:1', upstreamProxy: 'http://proxy', minVersion: 'TLSv1' };
  expect(() => createProxyServer(options)).toThrow(/upstreamProxy .*together with the option minVersion/);
});
