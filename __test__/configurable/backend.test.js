'use strict';

/** `--storage-backend`: classes that keep routes for the original keep them for ours. */

const path = require('node:path');
const { WebSocket, WebSocketServer } = require('ws');
const { once } = require('node:events');
const { NOBODY } = require('../support/dynamic.js');
const { echo, either, open } = require('../support/configurable.js');
const { closeAll, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const BACKEND = path.join(__dirname, '..', 'fixtures', 'route-backend.js');

async function session(name, flags, host) {
  const target = await echo('target');
  const sockets = new WebSocketServer({ server: target.server });
  onCleanUp(() => sockets.clients.forEach((client) => client.terminate()));
  sockets.on('connection', (socket, req) => socket.send(req.url));
  const { add, api, port, request } = await either(name, ['--storage-backend', BACKEND, ...flags]);
  const first = host === undefined ? '' : `/${host}`;
  await add(`${first}/a%20b`, target.url, { jupyterhub: true });
  await add('/', `${target.url}/root`);
  await add(`${first}/dead`, `http://127.0.0.1:${NOBODY}`);
  const seen = [];
  const note = async (asked) => {
    const { status, body } = await asked;
    const text = body.replaceAll(/"last_activity":"[^"]+"/g, '"last_activity":"DATE"');
    seen.push([
      status,
      text.startsWith('{"name"') ? JSON.parse(text).url : text.replaceAll(String(target.port), 'PORT'),
    ]);
  };
  for (const line of ['GET', `GET ${first}/a%20b`, `GET ${first}/none`, 'GET /a%20b', 'DELETE /none'])
    await note(api(line.replace(/ |$/, ' /api/routes')));
  for (let at = 0; at < 2; at++) await note(api(`DELETE /api/routes${first}/dead`));
  for (const line of ['GET /a%20b?x', 'GET /other/x', 'GET /_chp_healthz'])
    await note(request(line, { host }));
  await note(request('POST /a%20b', { body: 'some text', host }));
  const client = new WebSocket(`ws://127.0.0.1:${port}/a%20b/ws`, { headers: host && { host } });
  onCleanUp(() => client.terminate());
  const [message] = await once(client, 'message');
  seen.push(String(message));
  return seen;
}

test.each([
  [[], undefined],
  [['--host-routing'], 'me.test'],
])('a session is as with the original, %p', async (flags, host) => {
  const [original, ours] = await Promise.all([
    session('original', flags, host),
    session('ours', flags, host),
  ]);
  expect(ours).toEqual(original);
});

test('a prefix that is escaped is cut off where it ends', async () => {
  const target = await echo('target');
  const { add, request } = await open(['--storage-backend', BACKEND, '--no-include-prefix']);
  await add('/a%20b/c', target.url);
  for (const [asked, url] of [
    ['/a%20b/c/x?y', '/x?y'],
    ['/%61%20b/%63', '/'],
  ])
    expect(JSON.parse((await request(`GET ${asked}`)).body).url).toBe(url);
});
