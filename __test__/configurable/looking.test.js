'use strict';

/** What those who look on are told: metrics by the names of the original, lines of requests, lines of changes. */

const fs = require('node:fs');
const path = require('node:path');
const { WebSocket, WebSocketServer } = require('ws');
const { once } = require('node:events');
const { isDeepStrictEqual } = require('node:util');
const { NOBODY } = require('../support/dynamic.js');
const { ask, echo, either, folder, metrics, open } = require('../support/configurable.js');
const { closeAll, closedPort, eventually, httpServer, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

/** The same to both, and what they have counted then. */
async function counted(name) {
  const place = await closedPort();
  const proxy = await either(name, ['--metrics-ip', '127.0.0.1', '--metrics-port', String(place)]);
  const { add, api, port, request } = proxy;
  const target = await httpServer((req, res) => res.writeHead(Number(req.url.slice(-3))).end());
  const sockets = new WebSocketServer({ server: target.server });
  onCleanUp(() => sockets.clients.forEach((client) => client.terminate()));
  await add('/a', target.url);
  await add('/dead', `http://127.0.0.1:${NOBODY}`);
  await add('/gone', target.url);
  for (const line of [
    'DELETE /api/routes/gone',
    'DELETE /api/routes/gone',
    'GET /api/routes',
    'GET /api/routes/a',
    'GET /x',
  ])
    await api(line);
  await api('GET /api/routes', { token: null });
  for (const url of ['/a/200', '/a/200', '/a/404', '/a/500', '/dead', '/nowhere', '/_chp_healthz'])
    await request(`GET ${url}`);
  for (const [url, event] of [
    ['/a', 'open'],
    ['/dead', 'error'],
    ['/nowhere', 'error'],
  ]) {
    const client = new WebSocket(`ws://127.0.0.1:${port}${url}`);
    await once(client, event);
    client.terminate();
  }
  return { place };
}

test('metrics are those of the original', async () => {
  const [original, ours] = await Promise.all([counted('original'), counted('ours')]);
  // Quantiles are not kept, and how often and for how long something was looked up depends on how that is done.
  const isCounter = ([name]) => !/^(?:find_target_for_req|last_activity_updating)/.test(name);
  const counters = (own) => [...own].filter(isCounter).sort();
  // An answer is counted when its client has it already.
  const isSame = async () =>
    isDeepStrictEqual(counters(await metrics(ours.place)), counters(await metrics(original.place)));
  await eventually(isSame).catch(() => {});
  [original.own, ours.own] = [await metrics(original.place), await metrics(ours.place)];
  expect(counters(ours.own)).toEqual(counters(original.own));
  expect(ours.own.get('requests_ws')).toBe(3);
  for (const name of ['find_target_for_req', 'last_activity_updating'])
    for (const part of ['sum', 'count']) {
      expect([name, part, original.own.has(`${name}_${part}`)]).toEqual([name, part, true]);
      expect([name, part, ours.own.get(`${name}_${part}`)]).toEqual([name, part, expect.any(Number)]);
    }
  expect(ours.own.get('find_target_for_req_count')).toBe(original.own.get('find_target_for_req_count'));
  expect(await ask(ours.place, 'GET /other')).toMatchObject({ status: 404 });
  expect(await ask(ours.place, 'POST /metrics')).toMatchObject({ status: 405 });
});

test('a line for each request, if there is to be one', async () => {
  const target = await echo('target');
  const place = path.join(folder(), 'access.log');
  const { add, request } = await open(['--log', 'json', '--log-file', place]);
  await add('/a', target.url);
  for (const line of ['GET /a/x?y', 'GET /nowhere']) await request(line);
  const lines = () => fs.readFileSync(place, 'utf8').trim().split('\n');
  await eventually(() => lines().length === 2);
  const [first, second] = lines().map((line) => JSON.parse(line));
  expect([first.status, second.status]).toEqual([200, 404]);
  expect(JSON.stringify(first)).toContain('/a/x?y');
});

test('a line for each change, with who has made it; secrets and what clients make up are not in it', async () => {
  const target = await echo('target');
  const { add, api, lines, request } = await open();
  await add('/a', target.url);
  await api('DELETE /api/routes/a');
  await api('DELETE /api/routes/a');
  await api('POST /api/routes/b%1b', { body: JSON.stringify({ target: target.url }) });
  await api('POST /api/routes/c', { body: '{"target":"http://\u001b[31m\\nfake line"}' });
  await api('GET /api/routes', { token: 'guessed-token' });
  await request('GET /nowhere?secret');
  const said = lines.map((line) => line.replace(/^\S+ /, '').trimEnd());
  expect(said.slice(2)).toEqual([
    `[rs-proxy] info: Route added /a -> ${target.url} (by 127.0.0.1)`,
    '[rs-proxy] info: 201 POST /api/routes/a',
    '[rs-proxy] info: Route removed /a (by 127.0.0.1)',
    '[rs-proxy] info: 204 DELETE /api/routes/a',
    '[rs-proxy] warn: 404 DELETE /api/routes/a',
    '[rs-proxy] warn: 400 POST /api/routes/b%1b The path has a control character',
    expect.stringMatching(/^\[rs-proxy\] warn: 400 POST \/api\/routes\/c Body not valid JSON: [ -~]+$/),
    '[rs-proxy] warn: 403 GET /api/routes',
    '[rs-proxy] error: 404 GET /nowhere',
  ]);
  expect(lines.join('')).not.toMatch(/a-secret|guessed|secret/);
});
