'use strict';

/** `rs-proxy serve --store`: changes that come at the same time are kept together, each as if it had come alone. */

const path = require('node:path');
const { Routes } = require('../../lib/configurable/routes.js');
const { StoreError } = require('../../lib/dynamic/route-store.js');
const { NativeStore } = require('../../lib/native/binding.js');
const { folder, start } = require('../support/configurable.js');
const { NOBODY } = require('../support/dynamic.js');
const { closeAll, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const TARGET = `http://127.0.0.1:${NOBODY}`;

/** Routes that are kept in a file. */
function routesIn(file) {
  const routes = new Routes({}, { store: `file:${file}` });
  onCleanUp(() => routes.close());
  return routes;
}

const newFile = () => path.join(folder(), 'routes.journal');
const shown = (routes) => Object.entries(routes.all()).map(([key, { n }]) => [key, n]);

test('what comes in one turn is written once, and told when it is kept', async () => {
  const file = newFile();
  const routes = routesIn(file);
  const apply = jest.spyOn(NativeStore.prototype, 'apply');
  onCleanUp(() => apply.mockRestore());
  const keys = Array.from({ length: 20 }, (_, n) => `/r${n}`);
  const changes = keys.map((key, n) => routes.add(key, { target: TARGET, n }));
  expect([apply.mock.calls.length, shown(routes), routes.size]).toEqual([0, [], 20]);
  expect(await Promise.all(changes)).toEqual(keys);
  expect(apply.mock.calls.map(([all]) => all.length)).toEqual([20]);
  expect(routes.size).toBe(20);
  routes.close();
  expect(shown(routesIn(file)).sort()).toEqual(keys.map((key, n) => [key, n]).sort());
});

test('of one path, they count in their order', async () => {
  const routes = routesIn(newFile());
  const add = (n) => routes.add('/x', { target: TARGET, n });
  expect(await Promise.all([routes.remove('/x'), add(1)])).toEqual([false, '/x']);
  expect(await Promise.all([routes.remove('/x'), routes.remove('/x')])).toEqual([true, false]);
  await add(2);
  expect(await Promise.all([add(3), routes.remove('/x'), add(4)])).toEqual(['/x', true, '/x']);
  expect(shown(routes)).toEqual([['/x', 4]]);
});

test('whatever comes together, the file says what the table says', async () => {
  const file = newFile();
  const routes = routesIn(file);
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let turn = 0; turn < 60; turn++) {
    const changes = Array.from({ length: 1 + random(8) }, (_, n) => {
      const key = `/${random(4)}`;
      return random(3) === 0 ? routes.remove(key) : routes.add(key, { target: TARGET, n: turn * 10 + n });
    });
    await Promise.all(changes);
  }
  const last = shown(routes).sort();
  expect(last.length).toBeGreaterThan(0);
  routes.close();
  expect(shown(routesIn(file)).sort()).toEqual(last);
});

test('what cannot be kept is told to each, and nothing changes', async () => {
  const file = newFile();
  const routes = routesIn(file);
  await routes.add('/a', { target: TARGET, n: 1 });
  // What is under way is still kept.
  const late = routes.add('/b', { target: TARGET, n: 2 });
  routes.close();
  await late;
  const changes = [routes.add('/c', { target: TARGET, n: 3 }), routes.remove('/a')];
  for (const { reason } of await Promise.allSettled(changes)) {
    expect(reason).toBeInstanceOf(StoreError);
    expect(reason.message).toBe('The change cannot be kept: it is closed');
  }
  expect([shown(routes), routes.size]).toEqual([
    [
      ['/a', 1],
      ['/b', 2],
    ],
    2,
  ]);
  expect(shown(routesIn(file))).toEqual([
    ['/a', 1],
    ['/b', 2],
  ]);
});

test('what was answered is there after the process is killed', async () => {
  const file = newFile();
  const flags = ['--store', `file:${file}`];
  const first = await start('ours', flags);
  const kept = new Map();
  const body = (n) => JSON.stringify({ target: TARGET, n });
  let hasEnded = false;
  const client = async (name) => {
    for (let n = 0; ; n++) {
      const key = `/${name}/${n % 5}`;
      const isRemoval = n % 7 === 6;
      try {
        const { status } = await (isRemoval
          ? first.api(`DELETE /api/routes${key}`)
          : first.api(`POST /api/routes${key}`, { body: body(n) }));
        if (isRemoval && status === 204) kept.delete(key);
        else if (status === 201) kept.set(key, n);
      } catch (error) {
        if (!hasEnded) throw error;
        kept.delete(key);
        return key;
      }
    }
  };
  const clients = Array.from({ length: 16 }, (_, name) => client(name));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  hasEnded = true;
  first.child.kill('SIGKILL');
  // Whether the last change of each was made, nobody has heard.
  const unknown = new Set(await Promise.all(clients));
  await first.ended;
  const second = await start('ours', flags);
  const { body: text } = await second.api('GET /api/routes');
  const there = Object.entries(JSON.parse(text)).filter(([key]) => !unknown.has(key));
  expect(kept.size).toBeGreaterThan(16);
  expect(there.map(([key, { n }]) => [key, n]).sort()).toEqual([...kept].sort());
});
