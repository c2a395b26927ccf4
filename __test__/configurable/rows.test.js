'use strict';

/** Table R for `rs-proxy serve`: what the API lets nobody do, and what is served when targets and pages fail. */

const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { once } = require('node:events');
const zlib = require('node:zlib');
const { ErrorPages } = require('../../lib/configurable/error-pages.js');
const { FailedAttempts } = require('../../lib/configurable/failed-attempts.js');
const { Log } = require('../../lib/configurable/log.js');
const { Routes } = require('../../lib/configurable/routes.js');
const { RoutesApi } = require('../../lib/configurable/routes-api.js');
const { OwnPlaces } = require('../../lib/dynamic/own-places.js');
const { NOBODY } = require('../support/dynamic.js');
const { TOKEN, ask, echo, folder, open, run, start } = require('../support/configurable.js');
const {
  closeAll,
  closedPort,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawTarget,
} = require('../support/peers.js');

afterEach(closeAll);

const DEAD = `http://127.0.0.1:${NOBODY}`;
/** No token is set. */
const OPEN = { CONFIGPROXY_AUTH_TOKEN: '' };
const SILENT = new Log('error', () => {});
const post = (target, more) => ({ body: JSON.stringify({ target, ...more }) });

test('R-01 without the token nothing is done, and nothing of a body is read', async () => {
  const { apiPort, api } = await open();
  const rows = [
    [],
    ['Authorization: token wrong'],
    ['Authorization: token'],
    [`Authorization: token ${TOKEN} x`],
    [`Authorization: Basic ${TOKEN}`],
    [`Authorization: ${TOKEN}`],
    [`X-Authorization: token ${TOKEN}`],
    [`Authorization: token ${TOKEN}`, 'Authorization: token wrong'],
    ['Authorization: token wrong', `Authorization: token ${TOKEN}`],
  ];
  for (const lines of rows)
    for (const line of ['GET /api/routes', 'POST /api/routes/x', 'DELETE /api/routes/x'])
      expect([lines, line, await ask(apiPort, line, { lines })]).toMatchObject([
        lines,
        line,
        { status: 403, body: '' },
      ]);
  // A field of a megabyte is too much for anybody.
  const long = await ask(apiPort, 'GET /api/routes', {
    lines: [`Authorization: token ${'x'.repeat(1024 * 1024)}`],
  });
  expect(long.status).toBe(431);
  // The body is still to come.
  const client = await rawClient(
    apiPort,
    'POST /api/routes/x HTTP/1.1\r\nHost: me\r\nContent-Length: 1000000\r\n\r\n',
  );
  await client.closed();
  expect(client.text).toMatch(/^HTTP\/1\.1 403 /);
  expect(await api('GET /api/routes', { lines: [] })).toMatchObject({ status: 200, body: '{}' });
  expect(await ask(apiPort, 'GET /api/routes', { lines: [`authorization: Token ${TOKEN}`] })).toMatchObject({
    status: 200,
  });
});

test('R-01 who tries many tokens has to wait, whoever has the right one has not', async () => {
  const { apiPort } = await open();
  const answer = async (token, localAddress) => {
    const headers = { authorization: `token ${token}` };
    const request = http.get({
      port: apiPort,
      path: '/api/routes',
      host: '127.0.0.1',
      headers,
      localAddress,
    });
    const [{ statusCode, headers: fields }] = await once(request, 'response');
    request.destroy();
    return [statusCode, fields['retry-after']];
  };
  const several = (count, ...args) =>
    Promise.all(Array.from({ length: count }, () => answer('wrong', ...args)));
  expect(new Set((await several(60, '127.0.0.2')).map(String))).toEqual(new Set(['403,']));
  const [status, seconds] = await answer('wrong', '127.0.0.2');
  expect(status).toBe(429);
  expect(Number(seconds)).toBeGreaterThan(0);
  expect(Number(seconds)).toBeLessThanOrEqual(60);
  // What is right is not to be found out by trying.
  expect((await answer(TOKEN, '127.0.0.2'))[0]).toBe(429);
  // JupyterHub has shown its token before others on its machine try theirs.
  expect((await answer(TOKEN, '127.0.0.1'))[0]).toBe(200);
  expect(new Set((await several(70, '127.0.0.1')).map(String))).toEqual(new Set(['403,']));
  expect((await answer(TOKEN, '127.0.0.1'))[0]).toBe(200);
});

test('R-01 failed attempts are counted by address, for a minute, and not for ever', () => {
  let now = 0;
  const attempts = new FailedAttempts({ most: 2, within: 60_000, mostAddresses: 3 }, () => now);
  const fail = (address) => (attempts.failed(address), attempts.wait(address));
  expect([fail('a'), fail('a'), fail('b'), attempts.wait('c')]).toEqual([0, 60, 0, 0]);
  now = 59_001;
  expect(attempts.wait('a')).toBe(1);
  now = 60_000;
  expect([attempts.wait('a'), fail('a'), fail('a')]).toEqual([0, 0, 60]);
  attempts.succeeded('a');
  expect([attempts.wait('a'), fail('a')]).toEqual([0, 0]);
  // The table is finite: who came first goes first.
  expect([fail('d'), fail('d')]).toEqual([0, 60]);
  for (const address of ['e', 'f', 'g']) fail(address);
  expect(attempts.wait('d')).toBe(0);
  for (const address of ['b', 'c', 'd']) attempts.succeeded(address);
  expect([fail('a'), fail('a')]).toEqual([0, 60]);
});

test('R-02 without a token the API is for this machine alone, unless somebody says otherwise', async () => {
  for (const host of ['0.0.0.0', '::', '', '*', '192.0.2.1', 'proxy.test'])
    await expect(open(['--api-ip', host], OPEN)).rejects.toThrow(
      /set CONFIGPROXY_AUTH_TOKEN, or say --api-insecure/,
    );
  const opened = await open(['--api-ip', '0.0.0.0', '--api-insecure'], OPEN);
  expect(opened.lines.join('')).toContain('warn: REST API is not authenticated.');
  expect(await ask(opened.apiPort, 'GET /api/routes')).toMatchObject({ status: 200 });
  const named = await open(['--api-ip', '0.0.0.0', '--api-insecure', '--api-host', 'proxy.test'], OPEN);
  expect(await ask(named.apiPort, 'GET /api/routes', { host: 'proxy.test:1' })).toMatchObject({
    status: 200,
  });
  expect(await ask(named.apiPort, 'GET /api/routes', { host: 'page.test' })).toMatchObject({ status: 403 });
  const guarded = await open(['--api-ip', '0.0.0.0']);
  expect(guarded.lines.join('')).not.toContain('not authenticated');
});

test('R-04 without a token a web page changes nothing, and reads nothing', async () => {
  const { apiPort, api } = await open([], OPEN);
  const asPages = [
    { lines: ['Origin: http://localhost'] },
    { lines: ['Origin: null', 'Content-Type: text/plain'] },
    { lines: ['Sec-Fetch-Site: cross-site'] },
    { lines: ['Sec-Fetch-Site: same-site'] },
    { host: 'page.example' },
    { host: `page.example:${apiPort}` },
  ];
  for (const page of asPages)
    for (const line of ['GET /api/routes', 'POST /api/routes/x', 'DELETE /api/routes/x'])
      expect([
        page,
        line,
        await ask(apiPort, line, { ...page, ...(line.startsWith('POST') && post(DEAD)) }),
      ]).toMatchObject([page, line, { status: 403 }]);
  for (const host of ['localhost', '127.0.0.1:1', '[::1]:2'])
    expect(await ask(apiPort, 'GET /api/routes', { host })).toMatchObject({ status: 200, body: '{}' });
  expect(await api('POST /api/routes/x', { ...post(DEAD), token: null })).toMatchObject({ status: 201 });
});

test('R-05 R-06 R-07 what is no route is refused, and prototypes are data', async () => {
  const { api } = await open();
  const deep = (levels) => `{"target":"${DEAD}","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const rows = [
    [deep(33), 400],
    [deep(30_000), 400],
    [deep(40_000), 413],
    [zlib.gzipSync(`{"target":"${DEAD}"}`).toString('latin1'), 400],
    ['1', 400],
    [`{"target":"${DEAD}","n":NaN}`, 400],
  ];
  for (const [body, status] of rows)
    expect([body.slice(0, 40), (await api('POST /api/routes/x', { body })).status]).toEqual([
      body.slice(0, 40),
      status,
    ]);
  const paths = {
    '/%00': 400,
    '/a%0d%0ab': 400,
    '/%ff': 400,
    [`/${'a'.repeat(9000)}`]: 400,
    '//a//': 201,
    '/a//b': 201,
  };
  for (const [key, status] of Object.entries(paths))
    expect([key, (await api(`POST /api/routes${key}`, post(DEAD))).status]).toEqual([key, status]);
  const body = `{"target":"http://evil.test","target":"${DEAD}","__proto__":{"x":1},"constructor":{"prototype":{"polluted":1}}}`;
  expect(await api('POST /api/routes/__proto__', { body })).toMatchObject({ status: 201 });
  const { body: shown } = await api('GET /api/routes');
  const routes = JSON.parse(shown);
  expect(Object.keys(routes)).toEqual(['/a', '/a//b', '/__proto__']);
  expect(Object.entries(routes['/__proto__']).slice(0, 3)).toEqual([
    ['target', DEAD],
    ['__proto__', { x: 1 }],
    ['constructor', { prototype: { polluted: 1 } }],
  ]);
});

test('R-05 a body that does not come is not waited for', async () => {
  const limits = { maxBodySize: 1000, bodyTimeout: 100, maxRoutes: 1 };
  const metrics = { apiAnswered() {}, count() {} };
  const api = new RoutesApi({ whyNot: () => undefined, limits, metrics, log: SILENT });
  const { port } = await httpServer(api.handle);
  const client = await rawClient(
    port,
    'POST /api/routes/x HTTP/1.1\r\nHost: me\r\nContent-Length: 10\r\n\r\n{',
  );
  await client.closed();
  expect(client.text).toMatch(/^HTTP\/1\.1 408 /);
});

test('R-08 R-11 names of prototypes are names, and an encoded slash separates nothing', async () => {
  const target = await echo('target');
  const { add, api, request } = await open();
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(await request(`GET /${name}/x`)).toMatchObject({ status: 404 });
    expect(await api(`GET /api/routes/${name}`)).toMatchObject({ status: 404 });
    await add(`/${name}`, target.url);
    expect(await request(`GET /${name}/x`)).toMatchObject({ status: 200 });
  }
  // A name with a slash in it is the name that was added, whatever it is shown as.
  await add('/user/a%2Fb', target.url);
  expect(await request('GET /user/a%2Fb/x')).toMatchObject({ status: 200 });
  expect(await request('GET /user/a/b/x')).toMatchObject({ status: 404 });
  await add('/user/a/b', target.url);
  expect(await request('GET /user/a%2Fb/x')).toMatchObject({ status: 404 });
  expect(await api('DELETE /api/routes/user/a%2fb')).toMatchObject({ status: 204 });
  expect(await request('GET /user/a/b/x')).toMatchObject({ status: 404 });
});

test('R-12 R-13 routes lead to http and https alone, not where metadata is served, and to allowed targets where there is a list', async () => {
  const { api } = await open();
  const wrong = {
    'file:///etc/passwd': 400,
    'ws://127.0.0.1:1': 400,
    'javascript:alert(1)': 400,
    'http://': 400,
    'http://a:99999': 400,
    '//a': 400,
    '': 400,
    'http+unix://': 400,
    'http://169.254.169.254/latest': 403,
    'http://[fe80::1]/': 403,
    'http://[::ffff:169.254.169.254]/': 403,
    'http://2852039166/': 403,
  };
  for (const [target, status] of Object.entries(wrong))
    expect([target, (await api('POST /api/routes/x', post(target))).status]).toEqual([target, status]);
  expect(await api('GET /api/routes')).toMatchObject({ body: '{}' });
  const listed = await open([
    '--allow-target',
    '10.0.0.0/8',
    '--allow-target',
    'hub.test:81',
    '--allow-target',
    '[::1]',
  ]);
  const rows = {
    'http://10.1.2.3:4': 201,
    'http://hub.test:81/x': 201,
    'http://[::1]:5': 201,
    'http://hub.test': 403,
    'http://11.1.2.3': 403,
    'http://hub.test.evil.test:81': 403,
    'http://a@127.0.0.1': 403,
    'http+unix://%2Ftmp%2Fa': 403,
  };
  for (const [target, status] of Object.entries(rows))
    expect([target, (await listed.api('POST /api/routes/x', post(target))).status]).toEqual([target, status]);
});

test('R-13 a name may stand for no address where metadata is served either', async () => {
  const METADATA = { address: '169.254.169.254', family: 4 };
  const HERE = { address: '127.0.0.1', family: 4 };
  const names = { 'metadata.test': [METADATA], 'both.test': [METADATA, HERE] };
  const { lookup } = dns;
  const found = jest.spyOn(dns, 'lookup').mockImplementation((host, ...more) => {
    if (host in names) setImmediate(more.at(-1), null, names[host]);
    else lookup(host, ...more);
  });
  onCleanUp(() => found.mockRestore());
  const target = await echo();
  const { add, request, lines } = await open();
  await add('/metadata', 'http://metadata.test');
  await add('/both', `http://both.test:${new URL(target.url).port}`);
  expect(await request('GET /metadata/')).toMatchObject({ status: 503 });
  expect(lines.join('\n')).toContain(
    'Routes may not lead to 169.254.169.254, which metadata.test stands for',
  );
  expect(await request('GET /both/')).toMatchObject({ status: 200 });
});

test('R-15 what is taken out goes on for the requests there are', async () => {
  const waiting = [];
  const target = await httpServer((req, res) => waiting.push(res));
  const { add, api, request } = await open();
  await add('/a%20b', target.url);
  const asked = Array.from({ length: 20 }, () => request('GET /a%20b/x'));
  await eventually(() => waiting.length === 20);
  expect(await api('DELETE /api/routes/a%20b')).toMatchObject({ status: 204, body: '' });
  expect(await request('GET /a%20b/x')).toMatchObject({ status: 404 });
  for (const res of waiting) res.end('late');
  expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(Array(20).fill('late'));
});

test('R-22 a route that leads to the API, the metrics or the proxy itself is warned of', async () => {
  const { add, apiPort, front, lines, others } = await open([
    '--metrics-port',
    '0',
    '--metrics-ip',
    '127.0.0.1',
  ]);
  const { port } = front.address();
  const url = (host, to) => `http://${host}:${to}`;
  await add('/harmless', url('127.0.0.1', NOBODY));
  await add('/elsewhere', url('127.0.0.2', apiPort));
  await add('/nowhere', url('name.invalid', apiPort));
  await add('/api', url('127.0.0.1', apiPort));
  await add('/metrics', url('localhost', others[0]));
  await add('/self', url('0.0.0.0', port));
  const warnings = () =>
    lines
      .filter((line) => line.includes(' warn: '))
      .map((line) => line.slice(line.indexOf(' warn: ') + 7, -1));
  await eventually(
    () => warnings().length >= 3,
    () => lines.join(''),
  );
  expect(warnings().sort()).toEqual([
    `The route /api leads to the REST API (${url('127.0.0.1', apiPort)}): whoever may use the proxy reaches the API`,
    `The route /metrics leads to the metrics (${url('localhost', others[0])}): whoever may use the proxy reads them`,
    `The route /self leads to the proxy itself (${url('0.0.0.0', port)}): its requests go round in circles`,
  ]);
});

test('R-22 also one that was there before', async () => {
  const port = await closedPort();
  const { lines } = await open(['--port', `${port}`, '--default-target', `http://127.0.0.1:${port}`]);
  await eventually(() => lines.join('').includes('warn: The route / leads to the proxy itself ('));
});

test.each([
  ['0.0.0.0', ['127.0.0.1', '127.3.2.1', '0.0.0.0', '[::ffff:127.0.0.1]', 'localhost']],
  ['::', ['127.0.0.1', '[::1]', '[::]', 'localhost']],
  ['127.0.0.1', ['127.0.0.1', '0.0.0.0', 'localhost']],
])('R-22 a listener at %s is reached by %p', async (address, hosts) => {
  const own = new OwnPlaces();
  own.add('here', { address, port: 8001 });
  own.add('a socket', '/run/x.sock');
  for (const host of hosts) expect([host, await own.at(`http://${host}:8001`)]).toEqual([host, 'here']);
  for (const host of ['192.0.2.1', 'name.invalid', '[2001:db8::1]'])
    expect([host, await own.at(`http://${host}:8001`)]).toEqual([host, undefined]);
  for (const target of ['http://127.0.0.1', 'https://127.0.0.1:8002', 'unix+http://%2Frun%2Fy.sock'])
    expect([target, await own.at(target)]).toEqual([target, undefined]);
  expect(await own.at('unix+http://%2Frun%2Fx.sock')).toBe('a socket');
});

test('R-17 there are only so many routes', async () => {
  const parts = { whyNot: () => undefined, onAdded() {}, targetProblem: () => undefined, log: SILENT };
  const metrics = { apiAnswered() {}, count() {} };
  const limits = { maxBodySize: 1000, bodyTimeout: 5000, maxRoutes: 1 };
  const { port } = await httpServer(
    new RoutesApi({ ...parts, limits, metrics, routes: new Routes({}, {}) }).handle,
  );
  const added = async (key) => (await ask(port, `POST /api/routes${key}`, post(DEAD))).status;
  expect([await added('/a'), await added('/b'), await added('/a')]).toEqual([201, 507, 201]);
});

test('R-18 other methods are a 405 with Allow', async () => {
  const { api } = await open();
  for (const method of ['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'])
    for (const place of ['/api/routes', '/api/routes//', '/api/routes/x']) {
      const answer = await api(`${method} ${place}`);
      expect([method, place, answer.status, answer.values('allow')]).toEqual([
        method,
        place,
        405,
        ['GET, POST, DELETE'],
      ]);
    }
});

test('R-19 a time that is none is a 400, under both names', async () => {
  const { api } = await open();
  for (const name of ['inactive_since', 'inactiveSince'])
    for (const [time, status] of [
      ['', 400],
      ['yesterday', 400],
      ['2026-13-01', 400],
      ['%2B275761-01-01T00:00:00Z', 400],
      ['%2B275760-01-01T00:00:00Z', 200],
      ['2026-11-21T10:00:00Z', 200],
      ['2026-11-21T10:00:00%2B01:00', 200],
    ])
      expect([name, time, (await api(`GET /api/routes?${name}=${time}`)).status]).toEqual([
        name,
        time,
        status,
      ]);
});

const BUILT_IN = { status: 404, body: expect.stringContaining('<h1>404: Not Found</h1>') };

test('R-23 a page server that is down, slow, endless, too much or cut off: the built-in page', async () => {
  const serving = (serve) => httpServer((req, res) => serve(res));
  const servers = [
    await rawTarget(() => {}),
    await serving((res) => res.write('x')),
    await serving((res) => res.end('x'.repeat(2 * 1024 * 1024))),
    await serving((res) => res.writeHead(200, { 'content-length': 10 }).write('x', () => res.destroy())),
  ];
  for (const errorTarget of [DEAD, ...servers.map(({ url }) => url)]) {
    const pages = new ErrorPages({ errorTarget, log: SILENT, longest: 500 });
    onCleanUp(() => pages.close());
    const { port } = await httpServer((req, res) => pages.answer(404, req, res));
    expect(await ask(port, 'GET /nowhere')).toMatchObject(BUILT_IN);
  }
});

test('R-23 a page server behind the proxy itself is asked once', async () => {
  const back = await httpServer((req, res) => {
    const { headers, url } = req;
    const onward = { port: proxy.port, host: '127.0.0.1', path: url, headers };
    http.get(onward, (answer) => answer.pipe(res.writeHead(answer.statusCode, answer.headers)));
  });
  const proxy = await open(['--error-target', `${back.url}/pages`]);
  const { body, status } = await proxy.request('GET /nowhere');
  expect([status, body]).toEqual([BUILT_IN.status, BUILT_IN.body]);
  expect(proxy.lines.filter((line) => line.includes('error: 404 GET'))).toHaveLength(2);
});

test('R-24 nothing of a request stands in an error page', async () => {
  const { request, api } = await open();
  const evil = '/%3Cscript%3Ealert(1)%3C/script%3E';
  for (const [line, status] of [
    [`GET ${evil}`, 404],
    [`GET /x?${evil}`, 404],
    ['GET /"><b>', 400],
  ]) {
    const answer = await request(line);
    expect([line, answer.status]).toEqual([line, status]);
    expect(answer.body).not.toMatch(/script|<b>|alert/);
  }
  const refused = await api(`GET /api/routes?inactive_since=${evil}`);
  expect(refused.values('content-type')).toEqual(['text/plain; charset=utf-8']);
  expect(refused.values('x-content-type-options')).toEqual(['nosniff']);
});

test('R-25 a store that cannot be used is said, and nothing is served', async () => {
  const place = folder();
  const store = (name) => ['--store', `file:${path.join(place, name)}`];
  const first = await start('ours', store('routes'));
  for (const key of ['/a', '/b', '/c']) await first.add(key, DEAD);
  const held = run('ours', store('routes')).ended;
  expect(await held).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cannot be opened: another process/),
  });
  first.child.kill('SIGKILL');
  await first.ended;
  const bytes = fs.readFileSync(path.join(place, 'routes'));
  bytes[20] ^= 1;
  fs.writeFileSync(path.join(place, 'routes'), bytes);
  for (const name of ['routes', 'no/folder/here'])
    expect(await run('ours', store(name)).ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be opened'),
    });
});
