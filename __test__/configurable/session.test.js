'use strict';

/** What JupyterHub does with its proxy: starts it by its command line, keeps its routes, and asks which of them are used. */

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { TOKEN, echo, folder, metrics, open, run, says, start } = require('../support/configurable.js');
const { closeAll, eventually, httpServer, onCleanUp, rawClient } = require('../support/peers.js');

afterEach(closeAll);

/** A notebook server that answers what it is asked for, and talks back. */
async function notebook(name) {
  const { server, url, port } = await httpServer((req, res) => res.end(`${name} ${req.url}`));
  const sockets = new WebSocketServer({ server });
  onCleanUp(() => sockets.clients.forEach((client) => client.terminate()));
  sockets.on('connection', (socket, req) =>
    socket.on('message', (text) => socket.send(`${name} ${req.url} ${text}`)),
  );
  return { url, port };
}

async function connected(url) {
  const client = new WebSocket(url);
  onCleanUp(() => client.terminate());
  await once(client, 'open');
  return client;
}

async function told(client, text) {
  client.send(text);
  const [message] = await once(client, 'message');
  return String(message);
}

/** Its flags, in its order. */
const asHub = (hub) => ['--error-target', `${hub.url}/hub/error`, '--log-level', 'info'];
const NAME = 'Zo%C3%AB%20b@c';

/** The routes as JupyterHub reads them: its own, escaped as it has created them. */
async function readBack({ api }) {
  const { status, body } = await api('GET /api/routes');
  expect(status).toBe(200);
  const routes = Object.entries(JSON.parse(body)).filter(([, route]) => route.jupyterhub);
  return Object.fromEntries(
    routes.map(([key, { target, last_activity: last, ...data }]) => {
      expect(new Date(last).toISOString()).toBe(last);
      return [key.split('/').map(encodeURIComponent).join('/').replaceAll('%40', '@'), { target, data }];
    }),
  );
}

const post = (target, data) => ({ body: JSON.stringify({ ...data, target, jupyterhub: true }) });

/** A session of the hub's with one of them. */
async function session(name) {
  const hub = await httpServer((req, res) => res.end(`hub ${req.method} ${req.url}`));
  const own = await notebook('own');
  const proxy = await start(name, asHub(hub));
  const { api, request, port } = proxy;
  const seen = [];
  const note = async (asked) => {
    const { status, body } = await asked;
    seen.push([status, body.replaceAll(/"last_activity":"[^"]+"/g, '"last_activity":"DATE"')]);
  };
  await note(api('GET /api/routes'));
  await note(api('POST /api/routes/', post(hub.url, { hub: true })));
  await note(request('GET /hub/login'));
  // Ten at a time, and one of them again.
  const names = Array.from({ length: 25 }, (_, at) => `/user/${NAME}${at}`);
  const added = [...names, names[3]].map((key, at) =>
    api(`POST /api/routes${key}`, post(own.url, { user: `u${at}`, server_name: '' })),
  );
  seen.push((await Promise.all(added)).map(({ status, body }) => [status, body]));
  seen.push(await readBack(proxy));
  for (const at of [0, 3, 24]) await note(request(`GET /user/Zo%c3%ab%20b%40c${at}/lab?x=1`));
  const client = await connected(`ws://127.0.0.1:${port}/user/${NAME}7/kernel`);
  seen.push(await told(client, 'one'), await told(client, 'two'));
  await note(api(`DELETE /api/routes${names[0]}`));
  await note(api(`DELETE /api/routes${names[0]}`));
  await note(request(`GET ${names[0]}/lab`));
  await note(api(`DELETE /api/routes/`));
  await note(request(`GET ${names[0]}/lab?a=b`));
  seen.push(Object.keys(await readBack(proxy)).length);
  // The hub has come again, and looks whether all is there.
  await note(api('POST /api/routes/', post(hub.url, { hub: true })));
  await note(api('GET /api/routes?inactive_since=2001-01-01T00:00:00.000Z'));
  seen.push(await told(client, 'three'));
  proxy.child.kill('SIGTERM');
  client.terminate();
  seen.push((await proxy.ended).code);
  return JSON.parse(
    JSON.stringify(seen).replaceAll(`:${hub.port}`, ':HUB').replaceAll(`:${own.port}`, ':OWN'),
  );
}

test('a session is as with the original', async () => {
  const [original, ours] = await Promise.all([session('original'), session('ours')]);
  expect(ours).toEqual(original);
  expect(original).toContainEqual([
    404,
    'hub GET /hub/error/404?url=%2Fuser%2FZo%25C3%25AB%2520b%40c0%2Flab%3Fa%3Db',
  ]);
});

test('Unix sockets instead of ports, which are taken over from a process that was killed', async () => {
  const target = await echo('target');
  const place = folder();
  const [socket, apiSocket] = ['public', 'api'].map((name) => path.join(place, name));
  const flags = ['--socket', socket, '--api-socket', apiSocket];
  const ask = (socketPath, options, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `token ${TOKEN}`, connection: 'close' };
      const req = http.request({ socketPath, headers, ...options }, async (res) => {
        let text = '';
        for await (const chunk of res.setEncoding('utf8')) text += chunk;
        resolve([res.statusCode, text]);
      });
      req.on('error', reject).end(body);
    });
  const running = async () => {
    const one = run('ours', flags);
    await says(one, 'Proxy API at http://unix:');
    return one;
  };
  const route = JSON.stringify({ target: target.url });
  const works = async () => {
    expect(await ask(apiSocket, { method: 'POST', path: '/api/routes/a' }, route)).toEqual([201, '']);
    expect(await ask(socket, { path: '/a/x' })).toEqual([200, expect.stringContaining('"url":"/a/x"')]);
  };
  const first = await running();
  await works();
  first.child.kill('SIGKILL');
  await first.ended;
  const second = await running();
  await works();
  // Whoever listens is not driven away.
  const third = await run('ours', flags).ended;
  expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining('EADDRINUSE') });
  await works();
  second.child.kill('SIGTERM');
  await second.ended;
  expect(fs.readdirSync(place)).toEqual([]);
});

test('a target at a Unix socket', async () => {
  const place = path.join(folder(), 'a b');
  const server = http.createServer((req, res) => res.end(`${req.headers.host} ${req.url}`)).listen(place);
  onCleanUp(() => new Promise((resolve) => server.close(resolve)));
  await once(server, 'listening');
  const { add, request } = await open();
  await add('/a', `http+unix://${encodeURIComponent(place)}/below`);
  await add('/b', `unix+http://${encodeURIComponent(place)}`);
  expect(await request('GET /a/x', { host: 'me.test' })).toMatchObject({
    status: 200,
    body: 'me.test /below/a/x',
  });
  expect(await request('GET /b/x', { host: 'me.test' })).toMatchObject({ status: 200, body: 'me.test /b/x' });
});

test.each(['SIGKILL', 'SIGTERM'])(
  '--store keeps routes across %s, and the default one is not kept',
  async (signal) => {
    const target = await echo('target');
    const place = path.join(folder(), 'routes.journal');
    const flags = ['--store', `file:${place}`, '--default-target', target.url];
    const first = await start('ours', flags);
    for (const key of [`/user/${NAME}`, '/gone', '/user/a%2Fb', '/__proto__'])
      await first.add(key, target.url, { jupyterhub: true, user: 'Zoë\t\n' });
    await first.api('DELETE /api/routes/gone');
    const before = await readBack(first);
    first.child.kill(signal);
    await first.ended;
    const second = await start('ours', flags.slice(0, 2));
    expect(await readBack(second)).toEqual(before);
    expect(Object.keys(before)).toHaveLength(3);
    for (const url of [`/user/${NAME}/x`, '/user/a%2Fb/x', '/__proto__'])
      expect(await second.request(`GET ${url}`)).toMatchObject({
        status: 200,
        body: expect.stringContaining(url),
      });
    expect(await second.request('GET /gone')).toMatchObject({ status: 404 });
    expect(await second.request('GET /')).toMatchObject({ status: 404 });
  },
);

/** When a route was used last, in milliseconds. */
async function lastUse({ api }, key) {
  const { body } = await api(`GET /api/routes${key}`);
  return Date.parse(JSON.parse(body).last_activity);
}

test('R-20 what counts as use of a route, and what does not, however much of it there is', async () => {
  const own = await notebook('own');
  const { url } = await httpServer((req, res) => {
    req.resume();
    const status = Number(/\d+$/.exec(req.url)?.[0] ?? 200);
    if (!req.url.includes('silent')) res.writeHead(status, { location: '/x' }).end();
  });
  const proxy = await open(['--metrics-ip', '127.0.0.1', '--metrics-port', '0']);
  const { add, api, port, request } = proxy;
  await add('/a', url);
  await add('/ws', own.url);
  await add('/dead', 'http://127.0.0.1:1');
  const isUse = async (key, use) => {
    const before = await lastUse(proxy, key);
    await eventually(() => Date.now() > before + 5);
    await use();
    return async () => (await lastUse(proxy, key)) > before;
  };
  const client = await connected(`ws://127.0.0.1:${port}/ws/x`);
  const uploading = await rawClient(
    port,
    'POST /a/silent HTTP/1.1\r\nHost: me\r\nContent-Length: 100000\r\n\r\n',
  );
  const rows = [
    ['a request', '/a', () => request('GET /a/200'), true],
    ['a request to below', '/a', () => request('GET /a/b/c/201'), true],
    ['a redirect', '/a', () => request('GET /a/302'), false],
    ['a failure', '/a', () => request('GET /a/500'), false],
    ['a target that is down', '/dead', () => request('GET /dead'), false],
    ['another route', '/a', () => request('GET /ws/x'), false],
    ['a message', '/ws', () => told(client, 'x'), true],
    ['looking', '/a', () => api('GET /api/routes'), false],
    ['replacing it', '/a', () => add('/a', url), true],
  ];
  for (const [what, key, use, counts] of rows) {
    const isUsed = await isUse(key, use);
    // It is written down when the client has its answer already.
    if (counts) await eventually(isUsed, () => what);
    expect([what, await isUsed()]).toEqual([what, counts]);
  }
  // A body that is on its way is use, each time that some of it comes.
  for (let at = 0; at < 3; at++) {
    const before = await lastUse(proxy, '/a');
    await eventually(() => Date.now() > before + 5);
    uploading.socket.write('some of it');
    await eventually(async () => (await lastUse(proxy, '/a')) > before);
  }
  // A storm of messages is written down once a millisecond at most.
  const begun = Date.now();
  const counts = async () => (await metrics(proxy.others[0])).get('last_activity_updating_count');
  const first = await counts();
  for (let at = 0; at < 2000; at++) client.send('x');
  let answers = 0;
  client.on('message', () => (answers += 1));
  await eventually(() => answers === 2000);
  const written = (await counts()) - first;
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThanOrEqual(Date.now() - begun + 2);
  const since = new Date(await lastUse(proxy, '/dead')).toISOString();
  const keys = async (time) =>
    Object.keys(JSON.parse((await api(`GET /api/routes?inactive_since=${time}`)).body));
  expect(await keys(since)).toEqual([]);
  expect(await keys(new Date(Date.parse(since) + 1).toISOString())).toEqual(['/dead']);
});
