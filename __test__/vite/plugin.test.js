'use strict';

/** The plugin itself: what it says at the start, which rules it takes, and what it does where it cannot take one. */

const path = require('node:path');
const { rsProxy } = require('rs-proxy-middleware/vite');
const { closeAll } = require('../support/peers.js');
const { VERSIONS, askPlain, startVite, viteProject, viteTargets } = require('../support/vite.js');

const NO_ENGINE = path.join(__dirname, '..', 'fixtures', 'no-engine.js');
const ONLY = ['/shorthand', '/rewrite', '^/regex/\\d+$'];
const REFUSED_LINE =
  'warn [rs-proxy-middleware] The proxy rule "/refused" cannot run on the Rust engine: The option changeOrigin must be true ' +
  "or false; Vite's own engine is used";

/** A process, and `start` for servers in it that have these three rules unless it is told otherwise. */
async function bench(version = 8, settings = {}) {
  const root = viteProject();
  const { targets } = await viteTargets();
  const { ask } = startVite(version, settings);
  const start = (what) => ask('start', { kind: 'dev', root, targets, only: ONLY, plugin: {}, ...what });
  const ours = async (id) =>
    (await ask('lines', id)).filter((line) => line.includes('[rs-proxy-middleware]'));
  const exchanges = async () => (await ask('stats')).exchangesStarted;
  return { ask, start, lines: ours, exchanges };
}

const STARTED = 'info [rs-proxy-middleware] 3 proxy rules run on the Rust engine';

describe.each(VERSIONS)('Vite %i', (version) => {
  let shared;
  beforeAll(async () => {
    shared = await bench(version);
  });
  afterAll(closeAll);

  test('each start says one line', async () => {
    const { ask, start, lines } = shared;
    for (const kind of ['dev', 'preview', 'middleware']) {
      const { id, port } = await start({ kind });
      expect((await askPlain(port, { line: 'GET /shorthand/a' })).status).toBe(200);
      expect(await lines(id)).toEqual([STARTED]);
      await ask('close', id);
    }
  });

  test('a server that is restarted goes on', async () => {
    const { ask, start, lines, exchanges } = shared;
    const { id } = await start();
    const port = await ask('restart', id);
    const before = await exchanges();
    expect((await askPlain(port, { line: 'GET /rewrite/a' })).status).toBe(200);
    expect((await exchanges()) - before).toBe(1);
    expect(await lines(id)).toEqual([STARTED, STARTED]);
  });

  test("without the engine's binary Vite's own engine runs the rules", async () => {
    const { start, lines } = await bench(version, { execArgv: ['--require', NO_ENGINE] });
    const { id, port } = await start();
    expect((await askPlain(port, { line: 'GET /shorthand/a' })).status).toBe(200);
    expect(await lines(id)).toEqual([
      expect.stringMatching(/^warn .* The Rust engine cannot be loaded: .+; Vite's own engine is used$/),
    ]);
    await expect(start({ plugin: { onUnavailable: 'throw' } })).rejects.toThrow(
      /\[rs-proxy-middleware\] The Rust engine cannot be loaded: /,
    );
  });

  test("a rule that this package cannot honour stays with Vite's own engine", async () => {
    const { start, lines, exchanges } = shared;
    const { id, port } = await start({ withRefused: true });
    expect(await lines(id)).toEqual([STARTED, REFUSED_LINE]);
    const before = await exchanges();
    expect((await askPlain(port, { line: 'GET /refused/a' })).status).toBe(200);
    expect((await exchanges()) - before).toBe(0);
    await expect(start({ withRefused: true, plugin: { onUnavailable: 'throw' } })).rejects.toThrow(
      'The proxy rule "/refused" cannot run on the Rust engine: The option changeOrigin must be true or false',
    );
  });
});

describe('options', () => {
  let shared;
  beforeAll(async () => {
    shared = await bench();
  });
  afterAll(closeAll);

  test.each([
    ['include: a context', { include: '/rewrite' }, [0, 1, 0]],
    ['include: several', { include: ['/rewrite', '/shorthand'] }, [1, 1, 0]],
    ['include: a regular expression', { includeSource: '^/s' }, [1, 0, 0]],
    ['exclude', { exclude: '/rewrite' }, [1, 0, 1]],
    ['both', { include: ['/rewrite', '/shorthand'], exclude: ['/shorthand'] }, [0, 1, 0]],
  ])('%s', async (_, plugin, expected) => {
    const { start, lines, exchanges } = shared;
    const { id, port } = await start({ plugin });
    const started = [];
    for (const asked of ['/shorthand/a', '/rewrite/a', '/regex/1']) {
      const before = await exchanges();
      expect((await askPlain(port, { line: `GET ${asked}` })).status).toBe(200);
      started.push((await exchanges()) - before);
    }
    expect(started).toEqual(expected);
    const count = expected.filter(Boolean).length;
    const rules = count === 1 ? 'proxy rule runs' : 'proxy rules run';
    expect(await lines(id)).toEqual([`info [rs-proxy-middleware] ${count} ${rules} on the Rust engine`]);
  });

  test('preview: false leaves the rules of vite preview alone', async () => {
    const { start, lines, exchanges } = shared;
    const { id, port } = await start({ kind: 'preview', plugin: { preview: false } });
    const before = await exchanges();
    expect((await askPlain(port, { line: 'GET /shorthand/a' })).status).toBe(200);
    expect(await lines(id)).toEqual([]);
    expect((await exchanges()) - before).toBe(0);
  });

  test('nothing is said where there is no rule', async () => {
    const { start, lines } = shared;
    const { id } = await start({ only: [] });
    expect(await lines(id)).toEqual([]);
  });

  test.each([
    [{ include: 1 }, 'include'],
    [{ exclude: [/a/, null] }, 'exclude'],
    [{ preview: 'no' }, 'preview'],
    [{ onUnavailable: 'ignore' }, 'onUnavailable'],
    [{ target: 'http://127.0.0.1:9000' }, 'target'],
  ])('%j is refused by name', (options, name) => {
    const refusal = expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_PROXY_INVALID_OPTION',
      option: name,
      message: expect.stringMatching(new RegExp(`rsProxy.*${name}|${name}.*rsProxy`)),
    });
    expect(() => rsProxy(options)).toThrow(refusal);
  });
});

test('import and require give the same plugin', async () => {
  const imported = await import('rs-proxy-middleware/vite');
  expect([imported.rsProxy, imported.default]).toEqual([rsProxy, rsProxy]);
  expect(rsProxy()).toMatchObject({ name: 'rs-proxy-middleware', apply: 'serve' });
});
