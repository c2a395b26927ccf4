'use strict';

/** Routes that are registered while it runs (table R): what may not be registered, and what is found. */

const zlib = require('node:zlib');
const { once } = require('node:events');
const dynamic = require('../../lib/dynamic');
const { mayRegister } = require('../../lib/dynamic/admission.js');
const { RouteTable } = require('../../lib/dynamic/route-table.js');
const { NOBODY, ask, register, serve, target } = require('../support/dynamic.js');
const {
  closeAll,
  closedPort,
  eventually,
  httpServer,
  onCleanUp,
  rawExchange,
} = require('../support/peers.js');

afterEach(closeAll);

/** A proxy with a port of its own: behind Node's server, or at the native door. */
const FACES = {
  'behind Node': serve,
  async 'at the door'(proxy) {
    const door = proxy.listen(0, { host: '127.0.0.1', grace: 0 });
    onCleanUp(() => new Promise((resolve) => door.close(resolve)));
    await once(door, 'listening');
    return { proxy, port: door.address().port };
  },
};

/** Many in a nightly run. */
const ROUTES = process.env.NIGHTLY ? 100_000 : 10_000;

const from = (remoteAddress, headers = {}) => ({ socket: { remoteAddress }, headers });
const OPEN = { legacy: false, allowHosts: [] };

test('R-03 who asks is told by the parsed address of the socket alone', () => {
  const claims = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' };
  const may = (address) => mayRegister(from(address, claims), OPEN);
  expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.255.0.3'].map(may)).toEqual([true, true, true, true]);
  expect(['::ffff:1.2.3.4', '128.0.0.1', '127.0.0.1.evil', '::ffff:7f00:2x'].map(may)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

describe.each(Object.entries(FACES))('%s', (_face, open) => {
  test('R-04 a web page registers nothing', async () => {
    const { port, proxy } = await open(dynamic());
    for (const line of ['Origin: http://localhost', 'Origin: null', 'Sec-Fetch-Site: cross-site'])
      expect(await register(port, { prefix: '/', port: NOBODY }, [line])).toMatchObject({ status: 403 });
    const text = JSON.stringify({ prefix: '/', port: NOBODY });
    const rebound = `POST /register HTTP/1.1\r\nHost: page.example\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
    expect(await rawExchange(port, rebound)).toMatch(/^HTTP\/1\.1 403 /);
    expect(proxy.getRoutes()).toEqual([]);
  });

  test('R-05 what is no route as JSON, is too deep, too long or compressed, is refused', async () => {
    const { port, proxy } = await open(dynamic());
    const deep = (levels) => `{"prefix":"/a","port":1,"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const rows = [
      ['', 400],
      ['{', 400],
      ['null', 400],
      ['[]', 400],
      ['"x"', 400],
      ['1', 400],
      ['{}', 400],
      ['{"prefix":1,"port":1}', 400],
      [deep(33), 400],
      [deep(20_000), 400],
      [deep(50_000), 413],
      [zlib.gzipSync('{"prefix":"/a","port":1}').toString('latin1'), 400],
    ];
    for (const [body, status] of rows)
      expect([body.slice(0, 30), (await register(port, body)).status]).toEqual([body.slice(0, 30), status]);
    expect(proxy.getRoutes()).toEqual([]);
    expect(await register(port, deep(20))).toMatchObject({ status: 200 });
  });

  test('R-06 the last of equal keys counts, and keys of prototypes are data', async () => {
    const { port, proxy } = await open(dynamic());
    const bodies = [
      '{"prefix":"/a","prefix":"/b","port":1,"__proto__":{"host":"evil.example"}}',
      '{"prefix":"/c","port":1,"constructor":{"prototype":{"polluted":1}}}',
    ];
    for (const body of bodies) expect(await register(port, body)).toMatchObject({ status: 200 });
    for (const body of [
      '{"prefix":"/d","port":NaN}',
      '{"prefix":"/d","port":1e400}',
      '{"prefix":"/d","port":123456789012345678901}',
    ])
      expect(await register(port, body)).toMatchObject({ status: 400 });
    expect(proxy.getRoutes().map(({ prefix, host }) => [prefix, host])).toEqual([
      ['/c', 'localhost'],
      ['/b', 'localhost'],
    ]);
    expect({}.polluted).toBeUndefined();
  });

  test('R-07 prefixes have one form, which is shown, or are refused', async () => {
    const { port, proxy } = await open(dynamic());
    const rows = [
      ['/', '/'],
      ['a', '/a'],
      ['/A//', '/a'],
      ['//', '//'],
      ['/a//b', '/a//b'],
      ['/../x', '/../x'],
      ['/%2e%2e', '/%2e%2e'],
      ['/a?b', '/a?b'],
      ['/a#b', '/a#b'],
      [' a b', '/ a b'],
      ['/E\u0301', '/e\u0301'],
      ['', undefined],
      ['/a\r\nb', undefined],
      ['/a\0b', undefined],
      [`/${'a'.repeat(10_000)}`, undefined],
    ];
    for (const [prefix, form] of rows) {
      const answer = await register(port, { prefix, port: NOBODY });
      expect([prefix, answer.status]).toEqual([prefix, form === undefined ? 400 : 200]);
      if (form === undefined) continue;
      expect(JSON.parse(Buffer.from(answer.body, 'latin1'))).toMatchObject({ prefix: form });
      expect(proxy.getRoutes().map((route) => route.prefix)).toContain(form);
    }
    expect(await register(port, { port: NOBODY })).toMatchObject({ status: 400 });
  });

  test('R-08 names of prototypes are names', async () => {
    const { port: targetPort } = await target();
    const { port } = await open(dynamic());
    for (const path of ['/constructor', '/__proto__', '/toString']) {
      expect(await ask(port, `GET ${path}`)).toMatchObject({ status: 501 });
      await register(port, { prefix: path, port: targetPort });
      expect(await ask(port, `GET ${path}`)).toMatchObject({ status: 200 });
    }
  });

  test('R-09 by segments, /api is not for /apifoo', async () => {
    const { port: targetPort } = await target();
    const { port } = await open(dynamic({ match: 'segment' }));
    await register(port, { prefix: '/api', port: targetPort });
    expect(await ask(port, 'GET /apifoo')).toMatchObject({ status: 501 });
    expect(await ask(port, 'GET /api/foo')).toMatchObject({ status: 200 });
  });

  test.each(['string', 'segment'])('R-10 a malformed URL is a 400, by %s', async (match) => {
    const { port: targetPort } = await target();
    const { port } = await open(dynamic({ match }));
    await register(port, { prefix: '/', port: targetPort });
    for (const path of ['/%', '/%zz', '/%e0%a4%a'])
      expect([path, (await ask(port, `GET ${path}`)).status]).toEqual([path, 400]);
  });

  test('R-11 one rule for finding and forwarding: an encoded slash is none, an encoded letter is that letter', async () => {
    const { port: targetPort } = await target();
    const { port } = await open(dynamic({ match: 'segment' }));
    await register(port, { prefix: '/a/b', port: targetPort });
    expect(await ask(port, 'GET /a%2fb')).toMatchObject({ status: 501 });
    const answer = await ask(port, 'GET /%61/%62/%7e');
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('GET /%61/%62/%7e ') });
  });

  test('R-12 ports are whole numbers from 1 to 65535, hosts are hosts', async () => {
    const { port, proxy } = await open(dynamic({ allowTargets: ['good.example'] }));
    for (const wrong of [
      '80@evil.example',
      '80/evil',
      '',
      0,
      -1,
      65_536,
      1e9,
      80.5,
      '080',
      '0x50',
      null,
      true,
      [80],
    ])
      expect([wrong, (await register(port, { prefix: '/a', port: wrong })).status]).toEqual([wrong, 400]);
    for (const host of [
      'a@good.example',
      'good.example/x',
      'good.example\r\nx',
      'good.example:1',
      '../good.example',
    ])
      expect([host, (await register(port, { prefix: '/a', port: 1, host })).status]).toEqual([host, 403]);
    expect(proxy.getRoutes()).toEqual([]);
  });

  test('R-14 routes that are registered at once are all there, and the last one counts', async () => {
    const [one, two] = [await target(), await target()];
    const { port, proxy } = await open(dynamic());
    await register(port, { prefix: '/', port: one.port });
    const asked = [];
    for (let i = 0; i < 100; i++) {
      asked.push(register(port, { prefix: `/r${i}`, port: one.port }), ask(port, `GET /r${i}`));
      proxy.registerRoute({ prefix: '/same', port: i % 2 === 0 ? one.port : two.port });
    }
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(proxy.getRoutes()).toHaveLength(102);
    expect(proxy.routes['/same'].port).toBe(two.port);
  });

  test('R-15 what is taken out is gone for new requests, and goes on for those there are', async () => {
    const waiting = [];
    const { port: targetPort } = await httpServer((req, res) => waiting.push(res));
    const { port, proxy } = await open(dynamic());
    expect(proxy.removeRoute('/unknown')).toBe(false);
    for (const prefix of ['/', '/a b']) await register(port, { prefix, port: targetPort });
    const asked = Array.from({ length: 20 }, () => ask(port, 'GET /a%20b'));
    while (waiting.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    expect([proxy.removeRoute('/A b/'), proxy.removeRoute('/')]).toEqual([true, true]);
    expect(await ask(port, 'GET /a%20b')).toMatchObject({ status: 501 });
    for (const res of waiting) res.end('late');
    expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(Array(20).fill('late'));
  });

  test('R-17 there are only so many routes', async () => {
    const { port } = await open(dynamic({ maxRoutes: 1 }));
    expect(await register(port, { prefix: '/a', port: NOBODY })).toMatchObject({ status: 200 });
    expect(await register(port, { prefix: '/b', port: NOBODY })).toMatchObject({ status: 507 });
    expect(await register(port, { prefix: '/a', port: NOBODY })).toMatchObject({ status: 200 });
  });

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])(
    'R-18 %s registers nothing: 405, with Allow',
    async (method) => {
      const { port } = await open(dynamic());
      const answer = await ask(port, `${method} /register`);
      expect(answer).toMatchObject({ status: 405, body: '' });
      expect(answer.values('allow')).toEqual(['POST']);
    },
  );

  test('R-21 hosts of requests are compared without case, port and last dot; an unknown one has the routes of all', async () => {
    const [own, any] = [
      await httpServer((req, res) => res.end('own')),
      await httpServer((req, res) => res.end('any')),
    ];
    const { port, proxy } = await open(dynamic());
    proxy.addRoutes([
      { prefix: '/', port: own.port, reqHostNames: ['A.example', '[::1]'] },
      { prefix: '/', port: any.port },
    ]);
    const answers = {};
    for (const host of ['a.example', 'A.EXAMPLE:80', 'a.example.', '[::1]:81', 'x.a.example', 'b.example']) {
      const text = await rawExchange(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      answers[host] = /\r\n\r\n(?:\w+\r\n)?(\w+)/.exec(text)[1];
    }
    expect(answers).toEqual({
      'a.example': 'own',
      'A.EXAMPLE:80': 'own',
      'a.example.': 'own',
      '[::1]:81': 'own',
      'x.a.example': 'any',
      'b.example': 'any',
    });
  });

  test('R-22 nobody registers at the one proxy through a route of the other', async () => {
    const back = await open(dynamic());
    const { port } = await open(dynamic());
    await register(port, { prefix: '/', port: back.port });
    const body = JSON.stringify({ prefix: '/evil', port: NOBODY });
    for (const path of ['/%72egister', '//register', '/./register', '/x/../register'])
      expect([path, (await ask(port, `POST ${path}`, { body })).status]).not.toEqual([path, 200]);
    expect(back.proxy.getRoutes()).toEqual([]);
  });

  test('R-26 the path of registrations is reserved, whatever is registered', async () => {
    const { port: targetPort } = await target();
    const { port } = await open(dynamic());
    for (const prefix of ['/', '/register']) await register(port, { prefix, port: targetPort });
    expect(await ask(port, 'GET /register')).toMatchObject({ status: 405 });
    expect(await ask(port, 'GET /Register?x')).toMatchObject({ status: 405 });
  });
});

test('R-13 a route to the proxy itself ends as a circle, and no route leads to another host unless told', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onCleanUp(() => warn.mockRestore());
  const { port, proxy } = await FACES['at the door'](dynamic());
  await register(port, { prefix: '/', port, host: '169.254.169.254' });
  expect(proxy.getRoutes()).toEqual([{ prefix: '/', port, host: 'localhost' }]);
  expect(await ask(port, 'GET /x')).toMatchObject({ status: 508 });
});

test('R-22 a route that leads to the door itself is warned of, when it is registered and when the door opens', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onCleanUp(() => warn.mockRestore());
  const warnings = () => warn.mock.calls.map(([message]) => message);
  const says = (prefix, port) =>
    `The route ${prefix} leads to the proxy itself (http://localhost:${port}): its requests go round in circles`;
  const { port: elsewhere } = await target();
  const proxy = dynamic();
  const { port } = await FACES['at the door'](proxy);
  await register(port, { prefix: '/other', port: elsewhere });
  await register(port, { prefix: '/self', port });
  await eventually(() => warnings().length > 0);
  expect(warnings()).toEqual([says('/self', port)]);
  expect(warn.mock.calls[0][1]).toEqual({ type: 'ProxyWarning', code: 'RS_PROXY_ROUTE_TO_ITSELF' });

  const free = await closedPort();
  proxy.addRoutes([{ prefix: '/early', port: free }]);
  const another = proxy.listen(free, { host: '127.0.0.1', grace: 0 });
  onCleanUp(() => new Promise((resolve) => another.close(resolve)));
  await eventually(() => warnings().includes(says('/early', free)));
});

test('R-16 many routes: each is found, and what is not there is not', () => {
  const table = new RouteTable({}, 'segment');
  for (let i = 0; i < ROUTES; i++)
    table.put({ prefix: `/service-${i % 97}/u${i}`, port: 1 + (i % 1000), host: 'localhost', i });
  for (let i = 0; i < ROUTES; i++) {
    const found = (end) => table.find({ url: `/service-${i % 97}/u${i}${end}`, headers: {} })?.i;
    expect([found('/x'), found('x')]).toEqual([i, undefined]);
  }
});

test('R-27 routes and targets that read alike when joined are different', async () => {
  const server = await serve(dynamic({ allowTargets: ['a', 'a1'] }));
  const rows = [
    { prefix: '/x', port: 11, host: 'a' },
    { prefix: '/y', port: 1, host: 'a1' },
    { prefix: '/b/x', port: 2, reqHostNames: ['h'] },
    { prefix: '/x', port: 3, reqHostNames: ['h'] },
  ];
  for (const row of rows) expect(await register(server.port, row)).toMatchObject({ status: 200 });
  expect(server.proxy.getRoutes().map(({ prefix, host, port }) => [prefix, host, port])).toEqual(
    expect.arrayContaining([
      ['/x', 'a', 11],
      ['/y', 'a1', 1],
      ['/b/x', 'localhost', 2],
      ['/x', 'localhost', 3],
    ]),
  );
});

test('R-28 nothing names the target: at the door, and with servedBy: false', async () => {
  const { port: targetPort } = await target();
  for (const open of [() => FACES['at the door'](dynamic()), () => serve(dynamic({ servedBy: false }))]) {
    const { port } = await open();
    await register(port, { prefix: '/', port: targetPort });
    const { status, fields } = await ask(port, 'GET /');
    expect(status).toBe(200);
    expect(JSON.stringify(fields)).not.toContain(String(targetPort));
  }
});
