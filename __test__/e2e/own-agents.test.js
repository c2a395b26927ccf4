'use strict';

/** Agents that connect in a way of their own: their requests go over Node's client, and nothing else of them differs. */

const dns = require('node:dns');
const http = require('node:http');
const https = require('node:https');
const AgentKeepAlive = require('agentkeepalive');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { SocksProxyAgent } = require('socks-proxy-agent');
const { createProxyServer } = require('../../index.js');
const { runChild } = require('../support/child.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { stats } = require('../support/engine.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const { connectProxy, socksProxy } = require('../support/outward-proxies.js');
const {
  closeAll,
  closedPort,
  eventually,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { CERTIFICATE, tlsTarget } = require('../support/tls.js');
const { echoServer, tunnelBench } = require('../support/upgrades.js');
const { once } = require('node:events');
const { WebSocket } = require('ws');

afterEach(closeAll);

const GET = lastRequest('GET /a?b');

/** Answers each request at once. */
const onGood = (connection) => connection.onRequest(() => connection.socket.write(GOOD));

/** Connects as any other does, and is no plain one for all that. */
class OwnAgent extends http.Agent {}

const ended = (agent) => {
  onCleanUp(() => agent.destroy());
  return agent;
};

describe.each(FACES)('%s', (_face, serve) => {
  const AGENTS = {
    'https-proxy-agent': async () => {
      const proxy = await connectProxy({ credentials: 'user:word' });
      return { proxy, agent: new HttpsProxyAgent(proxy.url.replace('//', '//user:word@')) };
    },
    'socks-proxy-agent': async () => {
      const proxy = await socksProxy();
      return { proxy, agent: new SocksProxyAgent(proxy.url) };
    },
    'socks-proxy-agent, with credentials': async () => {
      const proxy = await socksProxy({ credentials: 'user:word' });
      return { proxy, agent: new SocksProxyAgent(proxy.url.replace('//', '//user:word@')) };
    },
  };

  describe.each(Object.entries(AGENTS))('%s', (_agent, start) => {
    test.each([
      ['plain', rawTarget, {}],
      ['over TLS', tlsTarget, { ca: CERTIFICATE, changeOrigin: true }],
    ])('a target that is %s is reached through it', async (_kind, startTarget, options) => {
      const target = await startTarget(onGood);
      const { agent, proxy } = await start();
      const { port } = await serve({ target: target.url, agent: ended(agent), xfwd: true, ...options });
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
      const post = lastRequest('POST /b', ['Content-Length: 5'], 'hello');
      expect(readResponse(await rawExchange(port, post)).status).toBe(200);
      expect(proxy.asked.map(({ target: place }) => place)).toContain(`127.0.0.1:${target.port}`);
      const [request] = target.connections.map(({ text }) => readRequest(text));
      expect(request.start).toBe('GET /a?b HTTP/1.1');
      expect(request.values('x-forwarded-host')).toEqual(['me']);
      const bodies = target.connections.map(({ text }) => text).join('');
      expect(bodies).toMatch(/content-length: 5\r\n[^]*\r\n\r\nhello$/i);
      expect(stats().node.targets[target.url]).toMatch(/agent/);
    });

    test('a certificate that nobody vouches for', async () => {
      const target = await tlsTarget(onGood);
      const { agent } = await start();
      const codes = [];
      const on = { error: (error, _req, res) => void (codes.push(error.code), res.writeHead(502).end()) };
      const { port } = await serve({ target: target.url, agent: ended(agent), on });
      await rawExchange(port, GET);
      expect(codes).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT']);
    });
  });

  test('a proxy that does not let us through', async () => {
    const refusing = await socksProxy({ reply: 2 });
    const codes = [];
    const on = {
      error(error, _req, res) {
        codes.push([error.message, error.status, error.phase, error.side]);
        res.writeHead(502).end();
      },
    };
    const agent = ended(new SocksProxyAgent(refusing.url));
    const { port } = await serve({ target: 'http://127.0.0.1:1', agent, on });
    await rawExchange(port, GET);
    expect(codes).toEqual([[expect.stringMatching(/Socks5 proxy rejected/), 502, 'connect', 'upstream']]);
  });

  test('a proxy that is not there', async () => {
    const codes = [];
    const on = { error: (error, _req, res) => void (codes.push(error.code), res.writeHead(502).end()) };
    const agent = ended(new HttpsProxyAgent(`http://127.0.0.1:${await closedPort()}`));
    const { port } = await serve({ target: 'http://127.0.0.1:1', agent, on });
    await rawExchange(port, GET);
    expect(codes).toEqual(['ECONNREFUSED']);
  });

  test('agentkeepalive: its connections are kept, and used again', async () => {
    const target = await rawTarget(onGood);
    const agent = ended(new AgentKeepAlive({ maxSockets: 1 }));
    const { port } = await serve({ target: target.url, agent });
    for (let i = 0; i < 3; i++) expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    expect(target.connections).toHaveLength(1);
    expect(agent.getCurrentStatus().requestCount).toBe(3);
  });

  test('a connection of agentkeepalive that its target has just closed: the request is sent once more', async () => {
    const target = await rawTarget((connection, index) =>
      connection.onRequest(() => {
        // The first one closes as soon as it is used again.
        if (index === 0 && connection.text.split('GET ').length > 2) connection.socket.destroy();
        else connection.socket.write(GOOD);
      }),
    );
    const agent = ended(new AgentKeepAlive());
    const { port } = await serve({ target: target.url, agent });
    const before = stats().node?.retries ?? 0;
    for (let i = 0; i < 2; i++) expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    expect([target.connections.length, stats().node.retries - before]).toEqual([2, 1]);
  });

  test('maxSockets of a subclass: the others wait, and waiting is not connecting', async () => {
    const target = await rawTarget(() => {});
    const agent = ended(new OwnAgent({ maxSockets: 1 }));
    const { port } = await serve({ target: target.url, agent, connectTimeout: 1000 });
    const clients = [await rawClient(port, GET), await rawClient(port, GET)];
    const first = await target.connected();
    await first.received('\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    first.socket.end(GOOD);
    (await target.connected(1)).socket.end(GOOD);
    for (const client of clients) expect(readResponse((await client.closed()).text).status).toBe(200);
  });

  test.each([
    [
      'createConnection of its own',
      (agent) => Object.assign(agent, { createConnection: agent.createConnection }),
    ],
    ['addRequest of its own', (agent) => Object.assign(agent, { addRequest: agent.addRequest })],
    ['a setting that the engine does not have', () => new http.Agent({ family: 4 })],
    ['maxTotalSockets', () => new http.Agent({ maxTotalSockets: 5 })],
  ])('an agent with %s', async (_what, made) => {
    const target = await rawTarget(onGood);
    const agent = ended(made(new http.Agent()));
    const { port } = await serve({ target: target.url, agent });
    expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    expect(stats().node.targets[target.url]).toMatch(/agent/);
  });

  test('an agent for the other protocol: the request fails, and it is said why', async () => {
    const codes = [];
    const on = { error: (error, _req, res) => void (codes.push(error.code), res.writeHead(500).end()) };
    const agent = new (class extends https.Agent {})();
    const { port } = await serve({ target: 'http://127.0.0.1:1', agent, on });
    await rawExchange(port, GET);
    expect(codes).toEqual(['ERR_INVALID_PROTOCOL']);
  });

  test('edits of listeners, and the passes on what they leave', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() =>
        connection.socket.write(
          'HTTP/1.1 302 Found\r\nLocation: http://inner/x\r\nSet-Cookie: a=1; Domain=inner\r\nX-Gone: 1\r\nContent-Length: 2\r\n\r\nok',
        ),
      ),
    );
    const on = {
      proxyReq(proxyReq) {
        proxyReq.setHeader('X-Own', 'caf\xe9');
        proxyReq.removeHeader('accept');
        proxyReq.path = '/edited';
      },
      proxyRes(proxyRes) {
        delete proxyRes.headers['x-gone'];
        proxyRes.headers['x-more'] = ['1', '2'];
      },
    };
    const options = { target: target.url, agent: ended(new OwnAgent()), cookieDomainRewrite: 'outer', on };
    const { port } = await serve(options);
    const response = readResponse(await rawExchange(port, lastRequest('GET /a', ['Accept: x', 'X-One: 1'])));
    expect(response).toMatchObject({ status: 302, body: 'ok' });
    expect(response.values('set-cookie')).toEqual(['a=1; Domain=outer']);
    expect([response.values('x-gone'), response.values('x-more')]).toEqual([[], ['1', '2']]);
    const request = readRequest(target.connections[0].text);
    expect(request.start).toBe('GET /edited HTTP/1.1');
    expect([request.values('accept'), request.values('x-one'), request.values('x-own')]).toEqual([
      [],
      ['1'],
      ['caf\xe9'],
    ]);
  });

  test('redirects are followed with it', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest((head) =>
        connection.socket.write(
          head.startsWith('GET /to ')
            ? GOOD
            : 'HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n',
        ),
      ),
    );
    const agent = ended(new AgentKeepAlive());
    const { port } = await serve({ target: target.url, agent, followRedirects: true });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
    expect(agent.getCurrentStatus().requestCount).toBe(2);
  });

  test('a request that must not be forwarded is refused as ever', async () => {
    const target = await rawTarget(onGood);
    const { port } = await serve({ target: target.url, agent: ended(new OwnAgent()) });
    const twice = ['GET /a HTTP/1.1', 'Host: a', 'Host: b', 'Connection: close', '', ''].join('\r\n');
    expect(readResponse(await rawExchange(port, twice)).status).toBe(400);
    expect(target.connections).toHaveLength(0);
  });
});

describe('WebSockets', () => {
  test.each([
    ['https-proxy-agent', connectProxy, HttpsProxyAgent],
    ['socks-proxy-agent', socksProxy, SocksProxyAgent],
  ])('through %s', async (_name, start, Agent) => {
    const target = await echoServer();
    const proxy = await start();
    const bench = await tunnelBench({ target: target.url, agent: ended(new Agent(proxy.url)) });
    const client = new WebSocket(`ws://127.0.0.1:${bench.port}/socket`);
    onCleanUp(() => client.terminate());
    await once(client, 'open');
    for (const message of ['hello', 'x'.repeat(1_000_000)]) {
      client.send(message);
      const [data] = await once(client, 'message');
      expect(`${data}` === message).toBe(true);
    }
    client.close(4001, 'enough');
    const [code, reason] = await once(client, 'close');
    expect([code, `${reason}`]).toEqual([4001, 'enough']);
    expect(proxy.asked).toHaveLength(1);
    await eventually(() => stats().node.exchanges === 0);
  });
});

test('what only the engine can do is refused, and what Node can do as well is done', async () => {
  const agent = ended(new OwnAgent());
  const refused = (options) => () => createProxyServer({ target: 'http://127.0.0.1:1', agent, ...options });
  expect(refused({ http2: true })).toThrow(
    expect.objectContaining({
      code: 'ERR_PROXY_INVALID_OPTION',
      option: 'http2',
      message: expect.stringMatching(
        /^The option http2: true cannot be used together with the option agent \(/,
      ),
    }),
  );
  expect(refused({ upstreamProxy: 'http://proxy' })).toThrow(
    expect.objectContaining({ option: 'upstreamProxy' }),
  );
  expect(refused({ http2: 'auto' })).not.toThrow();
});

test('dnsCache holds for Node’s client, too', async () => {
  const look = jest.spyOn(dns.promises, 'lookup');
  const target = await rawTarget(onGood);
  const options = { target: `http://localhost:${target.port}`, agent: ended(new http.Agent({ family: 4 })) };
  for (const [dnsCache, calls] of [
    [60_000, 1],
    [1, 3],
  ]) {
    look.mockClear();
    const { port } = await proxyServer({ ...options, dnsCache });
    for (let i = 0; i < 3; i++) {
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(look).toHaveBeenCalledTimes(calls);
  }
  look.mockRestore();
});

test('what has gone over Node’s client can be seen, and a proxy is not kept by it', async () => {
  const target = await rawTarget(onGood);
  const proxy = createProxyServer({ target: target.url, agent: ended(new OwnAgent()) });
  const before = proxy.stats().node?.exchangesStarted ?? 0;
  const server = http.createServer((req, res) => proxy.web(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => new Promise((resolve) => server.close(resolve)));
  await rawExchange(server.address().port, requestText('GET /', ['Connection: close']));
  expect(proxy.stats().node).toMatchObject({ exchanges: 0, exchangesStarted: before + 1 });
});

test('a debug line says it once, and a process that has nothing else to do ends', async () => {
  const { code, stderr, stdout } = await runChild('own-agent.js', {
    env: { NODE_DEBUG: 'rs-proxy-middleware' },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^good \{"exchanges":0,"exchangesStarted":1,/);
  const lines = stderr.match(/Requests to http:\/\/127\.0\.0\.1:\d+ go over the HTTP client of Node: .*/g);
  expect(lines).toEqual([expect.stringMatching(/the agent connects in a way of its own$/)]);
});
