'use strict';

/** What the flags of `rs-proxy` and its file mean, and what is said of those that mean nothing. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { UsageError, readSettings } = require('../../lib/cli/settings.js');
const values = require('../../lib/cli/values.js');

let folder;
beforeAll(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-cli-'))));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function configFile(config) {
  const name = path.join(folder, 'proxy.json');
  fs.writeFileSync(name, typeof config === 'string' ? config : JSON.stringify(config));
  return name;
}

test.each([
  ['url', 'http://a', 'http://a'],
  ['port', '0', 0],
  ['route', '/api=http://a/b?c=d', [{ path: '/api', target: 'http://a/b?c=d' }]],
  ['rewrite', '^/api=/', { '^/api': '/' }],
  ['rewrite', '^/a?b=c=', { '^/a?b=c': '' }],
  ['workers', '3', 3],
  ['workers', 'auto', os.availableParallelism()],
  ['milliseconds', '0', 0],
  ['milliseconds', '1500', 1500],
  ['milliseconds', '10s', 10_000],
  ['milliseconds', '2m', 120_000],
])('%s %s', (kind, text, value) => {
  expect(values[kind](text)).toEqual(value);
});

test('routes and rules can be given more than once', () => {
  const routes = values.route('/b=http://b', values.route('/a=http://a'));
  expect(routes.map((route) => route.path)).toEqual(['/a', '/b']);
  expect(values.rewrite('b=2', values.rewrite('a=1'))).toEqual({ a: '1', b: '2' });
});

test.each([
  ['url', 'ftp://x', 'Write it like http://localhost:9000.'],
  ['url', 'localhost:9000', 'Write it like http://localhost:9000.'],
  ['port', '65536', 'A port is a number from 0 to 65535.'],
  ['port', '-1', 'A port is a number from 0 to 65535.'],
  ['route', 'api=http://x', 'Write it like /api=http://localhost:9000.'],
  ['route', '/api', 'Write it like /api=http://localhost:9000.'],
  ['route', '/api=x', 'Write it like http://localhost:9000.'],
  ['rewrite', 'x', "Write it like '^/api=/'"],
  ['rewrite', '=x', "Write it like '^/api=/'"],
  ['rewrite', '(=x', 'Invalid regular expression'],
  ['workers', '0', 'It is a number from 1 to 256, or auto.'],
  ['workers', '257', 'It is a number from 1 to 256, or auto.'],
  ['milliseconds', '10h', 'Write it like 10s, 500ms or 10000 (milliseconds).'],
  ['milliseconds', '99999m', 'Write it like 10s, 500ms or 10000 (milliseconds).'],
])('%s %s is refused', (kind, text, message) => {
  expect(() => values[kind](text)).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }));
  expect(() => values[kind](text)).toThrow(message);
});

describe('the file', () => {
  test.each([
    ['{', 'is not JSON: '],
    [[], 'it must be an object with the settings of rs-proxy'],
    [{ tragets: 1 }, 'tragets is not known; there are target, routes, '],
    [{ port: 70_000 }, 'port must be a number from 0 to 65535; it is 70000'],
    [
      { target: 'nowhere' },
      "target must be an http or https URL, such as http://localhost:9000; it is 'nowhere'",
    ],
    [{ routes: [{ path: '/' }] }, 'routes[0].target is missing: an http or https URL'],
    [
      { routes: [{ path: 'api', target: 'http://a' }] },
      'routes[0].path must be a path that begins with a slash',
    ],
    [{ rewrite: { '(': '' } }, 'rewrite.(: Invalid regular expression'],
    [{ rewrite: { a: 1 } }, 'rewrite.a must be a string; it is 1'],
    [{ tls: { cert: 'x' } }, 'tls.key is missing: the path of a PEM file'],
    [{ tls: { cert: 'x', key: 'y' } }, 'The certificate cannot be read: ENOENT'],
    [{ limits: { grace: 0 } }, 'limits.grace is not known'],
  ])('%j is refused', (config, message) => {
    const read = () => readSettings({ config: configFile(config) });
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });

  test('that there is not', () => {
    expect(() => readSettings({ config: path.join(folder, 'none.json') })).toThrow(
      'The file of --config cannot be read: ENOENT',
    );
  });

  test('may have everything; what it names is relative to it, and flags count more', () => {
    for (const name of ['cert.pem', 'key.pem']) fs.writeFileSync(path.join(folder, name), name);
    const file = {
      $schema: './proxy.schema.json',
      ...{ target: 'http://a', port: 1, host: '::1', changeOrigin: true, xfwd: true, workers: 2, grace: 0 },
      routes: [
        { path: '/own', target: 'http://b', rewrite: { a: 'b' } },
        { path: '/c', target: 'http://c' },
      ],
      rewrite: { '^/x': '' },
      tls: { cert: 'cert.pem', key: 'key.pem' },
      ...{
        log: 'json',
        logFile: 'access.log',
        metricsPort: 2,
        metricsHost: '::',
        trustProxy: ['10.0.0.0/8'],
      },
      limits: { maxInFlight: 3 },
    };
    expect(readSettings({ config: configFile(file), port: 3, log: 'off' })).toEqual({
      ...{ target: 'http://a', port: 3, host: '::1', changeOrigin: true, xfwd: true, workers: 2, grace: 0 },
      routes: [
        { path: '/own', target: 'http://b', rewrite: { a: 'b' } },
        { path: '/c', target: 'http://c', rewrite: { '^/x': '' } },
        { path: '/', target: 'http://a', rewrite: { '^/x': '' } },
      ],
      rewrite: { '^/x': '' },
      tls: { cert: 'cert.pem', key: 'key.pem' },
      tlsFiles: { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') },
      ...{ log: 'off', logFile: path.join(folder, 'access.log'), metricsPort: 2, metricsHost: '::' },
      trustProxy: ['10.0.0.0/8'],
      limits: { maxInFlight: 3 },
    });
  });
});

test('a target alone has no route; a route for everything takes its place', () => {
  expect(readSettings({ target: 'http://a' }).routes).toEqual([]);
  const routes = [{ path: '/', target: 'http://b' }];
  expect(readSettings({ target: 'http://a', routes }).routes).toEqual([
    { path: '/', target: 'http://b', rewrite: undefined },
  ]);
});

test('half a certificate is refused', () => {
  expect(() => readSettings({ tlsCert: 'x.pem' })).toThrow(
    '--tls-cert needs --tls-key: the file with the private key',
  );
  expect(() => readSettings({ tlsKey: 'x.pem' })).toThrow(
    '--tls-key needs --tls-cert: the file with the certificate',
  );
});
