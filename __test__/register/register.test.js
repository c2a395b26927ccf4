'use strict';

/** `node --import rs-proxy-middleware/register`: what `require` and `import` give then. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { ProxyServer } = require('../../index.js');
const { runChild } = require('../support/child.js');
const { closeAll, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const ROOT = path.join(__dirname, '..', '..');
const REGISTER = 'rs-proxy-middleware/register';
const NO_ENGINE = path.join(__dirname, '..', 'fixtures', 'no-engine.js');

/** Keeps a process for a moment: on older versions of Node the warning comes from the thread of hooks. */
const LINGER = ['--import', 'data:text/javascript,setTimeout(() => {}, 1000)'];

/** By name, and what stands in for it. */
const REDIRECTED = {
  'http-proxy': 'ours',
  'http-proxy/index.js': 'ours',
  'http-proxy/lib/http-proxy': 'ours',
  'http-proxy/lib/http-proxy/index.js': 'ours',
  'http-proxy/lib/http-proxy/common': 'common',
  'http-proxy/lib/http-proxy/passes/web-outgoing.js': 'web-outgoing',
  'http-proxy-3': 'ours',
  'http-proxy-3/dist/lib/index.js': 'ours',
  httpxy: 'httpxy',
  'httpxy/dist/index.mjs': 'httpxy',
  'http-proxy-middleware': 'ours',
  'http-proxy-middleware/dist/index.js': 'ours',
  'http-proxy-middleware/hono': 'hono',
  'next/dist/compiled/http-proxy': 'ours',
  'next/dist/compiled/httpxy': 'httpxy',
};

/** Names that look alike. */
const LEFT_ALONE = ['http-proxy-agent', 'next/dist/compiled/other', './http-proxy', './httpxy.js'];

/**
 * A folder with modules of these names, which export that they are the originals.
 *
 * @param {Record<string, string | undefined>} versions by package name; a file of the package if there is a slash
 */
function installed(versions) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'register-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [name, version] of Object.entries(versions)) {
    const place = path.join(folder, name.startsWith('.') ? name : path.join('node_modules', name));
    fs.mkdirSync(path.extname(place) ? path.dirname(place) : place, { recursive: true });
    const file = path.extname(place) ? place : path.join(place, 'index.js');
    fs.writeFileSync(file, "module.exports = 'the original';\n");
    if (version) fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ name, version }));
  }
  return folder;
}

/** What a child process gets for the names, and what it says besides. */
async function seen(kind, folder, names, execArgv) {
  const child = await runChild(kind === 'import' ? 'register.mjs' : 'register.js', {
    args: [folder, ...names],
    execArgv,
  });
  expect({ code: child.code, stderr: child.code === 0 ? '' : child.stderr }).toEqual({ code: 0, stderr: '' });
  return { kinds: JSON.parse(child.stdout), said: child.stderr };
}

describe.each(['--import', '--require'])('%s', (flag) => {
  test.each(['require', 'import'])('%s gives ours for every one of the names', async (kind) => {
    const originals = { 'next/dist/compiled/http-proxy': '', 'next/dist/compiled/httpxy': '' };
    const folder = installed({ 'http-proxy': '1.18.1', httpxy: '0.5.6', ...originals });
    const { kinds, said } = await seen(kind, folder, Object.keys(REDIRECTED), [flag, REGISTER]);
    expect(kinds).toEqual(REDIRECTED);
    expect(said).toBe('');
  });

  test.each(['require', 'import'])('%s of other names is left alone', async (kind) => {
    const others = { 'http-proxy-agent': '', 'next/dist/compiled/other': '', './httpxy.js': '' };
    const folder = installed({ ...others, './http-proxy': '' });
    const names = kind === 'import' ? LEFT_ALONE.map(withFile) : LEFT_ALONE;
    const { kinds, said } = await seen(kind, folder, names, [flag, REGISTER]);
    expect(Object.values(kinds)).toEqual(names.map(() => 'the original'));
    expect(said).toBe('');
  });
});

/** `import` wants files where `require` looks for them. */
const withFile = (name) => (/\.js$|agent$/.test(name) ? name : `${name}/index.js`);

test.each(['require', 'import'])('%s gives them unless the hook is there', async (kind) => {
  const folder = installed({ 'http-proxy': '1.18.1', httpxy: '0.5.6' });
  const { kinds } = await seen(kind, folder, ['http-proxy', 'httpxy'], []);
  expect(kinds).toEqual({ 'http-proxy': 'the original', httpxy: 'the original' });
});

test.each([
  ['0.21.0', 'ours'],
  ['1.3.1', 'legacy'],
  ['2.0.12', 'legacy'],
  ['3.0.10', 'ours'],
  ['4.2.1', 'ours'],
])('in the place of http-proxy-middleware %s stands what has its rules', async (version, expected) => {
  const folder = installed({ 'http-proxy-middleware': version });
  for (const kind of ['require', 'import']) {
    const { kinds } = await seen(kind, folder, ['http-proxy-middleware'], ['--import', REGISTER]);
    expect({ kind, ...kinds }).toEqual({ kind, 'http-proxy-middleware': expected });
  }
});

test.each(['require', 'import'])(
  '%s of a module without a counterpart says so and gives the original',
  async (kind) => {
    const name = 'http-proxy-3/dist/lib/http-proxy/common.js';
    const folder = installed({ 'http-proxy-3': '1.23.3', [name]: undefined });
    const { kinds, said } = await seen(kind, folder, [name], ['--import', REGISTER, ...LINGER]);
    expect(kinds).toEqual({ [name]: 'the original' });
    expect(said).toContain(
      `[RS_PROXY_NOT_REDIRECTED] Warning: rs-proxy-middleware/register: "${name}" has no counterpart in ` +
        'rs-proxy-middleware; the original is used',
    );
  },
);

test.each([
  ['httpxy', { status: 302, requests: 6 }],
  ['http-proxy', { status: 502, requests: 22 }],
])('followRedirects: true follows as many in the place of %s as it does itself', async (name, expected) => {
  for (const execArgv of [[], ['--import', REGISTER]]) {
    const { code, stdout, stderr } = await runChild('endless-redirects.mjs', { args: [name], execArgv });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect({ execArgv, ...JSON.parse(stdout) }).toEqual({ execArgv, ...expected });
  }
});

test('what stands in for httpxy exports what httpxy does, and makes proxies like all others', async () => {
  const ours = require('../../lib/register/httpxy.js');
  expect(Object.keys(ours).sort()).toEqual(Object.keys(await import('httpxy')).sort());
  for (const made of [ours.createProxyServer(), new ours.ProxyServer()]) {
    expect(made).toBeInstanceOf(ours.ProxyServer);
    expect(made).toBeInstanceOf(ProxyServer);
  }
});

test('package.json stays the one that is installed', async () => {
  const { kinds, said } = await seen('require', ROOT, ['http-proxy/package.json'], ['--import', REGISTER]);
  expect({ kinds, said }).toEqual({ kinds: { 'http-proxy/package.json': 'other' }, said: '' });
});

test('what was loaded before is named', () => {
  const script = `require('http-proxy'); require('${REGISTER}');`;
  const { stderr } = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
  expect(stderr).toContain('http-proxy was loaded before and stays; use node --import or --require');
});

test("without the engine's binary nothing is redirected, and that is said", async () => {
  const folder = installed({ 'http-proxy': '1.18.1' });
  const execArgv = ['--require', NO_ENGINE, '--import', REGISTER];
  const { kinds, said } = await seen('require', folder, ['http-proxy'], execArgv);
  expect(kinds).toEqual({ 'http-proxy': 'the original' });
  expect(said).toContain('rs-proxy-middleware/register: The engine cannot be loaded (');
});

test('a hook that is named twice is there once', async () => {
  const execArgv = ['--import', REGISTER, '--require', REGISTER];
  const { kinds, said } = await seen('require', ROOT, ['http-proxy'], execArgv);
  expect({ kinds, said }).toEqual({ kinds: { 'http-proxy': 'ours' }, said: '' });
});

test('worker threads have it, too', async () => {
  const { stdout } = await runChild('register-worker.js', { execArgv: ['--import', REGISTER] });
  expect(stdout).toBe('ours\n');
});
