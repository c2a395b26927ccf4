'use strict';

/** Routes that are kept in a file: `store`. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const dynamic = require('../../lib/dynamic');
const { startChild } = require('../support/child.js');
const { NOBODY, ask, register, serve, target } = require('../support/dynamic.js');
const { closeAll, eventually, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

/** How often a process is killed while it writes. */
const KILLS = process.env.NIGHTLY ? 100 : 4;

/** The name of a file that is not there yet, until the end of the test. */
function newFile() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-routes-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'routes.journal');
}

function opened(file, options) {
  const proxy = dynamic({ store: `file:${file}`, ...options });
  onCleanUp(() => proxy.close());
  return proxy;
}

test('routes are there again, as they were', async () => {
  const file = newFile();
  const { port } = await target();
  const before = opened(file);
  const server = await serve(before);
  await register(server.port, { prefix: '/A b\u00e9', port, more: ['tab\t', 'line\n'] });
  await register(server.port, { prefix: '/gone', port });
  before.addRoutes([{ prefix: '/h', port, reqHostNames: ['a.example', 'b.example', 'c.example'] }]);
  before.removeRoute('/gone');
  before.removeRoute('/h', 'b.example');
  const routes = before.getRoutes();
  before.close();

  const after = opened(file);
  expect(after.getRoutes()).toEqual(routes);
  const { port: again } = await serve(after);
  expect(await ask(again, 'GET /a%20b%C3%A9/x')).toMatchObject({ status: 200 });
  expect(await ask(again, 'GET /gone')).toMatchObject({ status: 501 });
  expect(after.removeRoute('/h', 'b.example')).toBe(false);
  expect(after.removeRoute('/h')).toBe(true);
});

test('one process at a time has the file', () => {
  const file = newFile();
  const first = opened(file);
  expect(() => opened(file)).toThrow(/cannot be opened: another process has it open/);
  first.close();
  opened(file).registerRoute({ prefix: '/', port: 1 });
});

test('R-25 a file that is missing, cut, damaged or in a folder that is not there', () => {
  const file = newFile();
  const first = opened(file);
  for (const prefix of ['/a', '/b', '/c']) first.registerRoute({ prefix, port: 1 });
  first.close();
  const whole = fs.readFileSync(file);
  const prefixes = (bytes) => {
    fs.writeFileSync(file, bytes);
    const proxy = opened(file);
    const found = proxy.getRoutes().map(({ prefix }) => prefix);
    proxy.close();
    return found.sort();
  };
  expect(prefixes(whole.subarray(0, -1))).toEqual(['/a', '/b']);
  expect(prefixes(Buffer.concat([whole, Buffer.from('\0\0half a li')]))).toEqual(['/a', '/b', '/c']);
  expect(prefixes(Buffer.alloc(0))).toEqual([]);
  const damaged = Buffer.from(whole);
  damaged[20] ^= 1;
  expect(() => prefixes(damaged)).toThrow(/line 1 is damaged/);
  expect(() => opened(path.join(file, 'no', 'folder'))).toThrow(/cannot be opened/);
});

test('a route that cannot be kept is not registered', async () => {
  const proxy = opened(newFile());
  const server = await serve(proxy);
  await register(server.port, { prefix: '/a', port: NOBODY });
  proxy.close();
  expect(await register(server.port, { prefix: '/b', port: NOBODY })).toMatchObject({ status: 503 });
  expect(() => proxy.removeRoute('/a')).toThrow('The route cannot be taken out: it is closed');
  expect(proxy.getRoutes().map(({ prefix }) => prefix)).toEqual(['/a']);
});

test('a process that is killed while it writes loses nothing that it has said to be kept', async () => {
  const file = newFile();
  let next = 0;
  const kept = new Set();
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, ended, output } = startChild('keeps-routes.js', { args: [`file:${file}`, String(next)] });
    const said = () => output.stdout.split('\n').slice(0, -1).map(Number);
    await eventually(
      () => said().length > 20 + kill,
      () => JSON.stringify(output.stderr),
      20_000,
    );
    child.kill('SIGKILL');
    await ended;
    for (const n of said()) if (n % 3 !== 0) kept.add(n);
    next = said().at(-1) + 2;
    const proxy = opened(file);
    const there = new Set(
      proxy
        .getRoutes()
        .map(({ prefix, port, n }) => (port === 1 + (n % 1000) && prefix === `/r${n}` ? n : prefix)),
    );
    proxy.close();
    for (const n of kept) expect(there).toContain(n);
    // One change may have been made and not been told of.
    expect(there.size - kept.size).toBeLessThanOrEqual(kill + 1);
  }
});
