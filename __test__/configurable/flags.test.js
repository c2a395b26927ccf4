'use strict';

/** The command line of `rs-proxy serve`: all flags of the original's, and what is said of mistakes. */

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { echo, file, folder, open, run, says, start } = require('../support/configurable.js');
const { closeAll, eventually, listening, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

test('there is every flag of the original, taking values or not as there', async () => {
  const [original, ours] = await Promise.all(['original', 'ours'].map((name) => run(name, ['--help']).ended));
  const flags = ({ stdout }) => {
    const found = stdout.matchAll(/^ +(?:-\w, )?(--[\w-]+)( <)?/gm);
    return new Map([...found].map(([, name, value]) => [name, value !== undefined]));
  };
  const own = flags(ours);
  const theirs = flags(original);
  expect(theirs.size).toBeGreaterThan(45);
  // It prints its version; so does the program as a whole here.
  theirs.delete('--version');
  expect([...theirs].filter(([name, value]) => own.get(name) !== value)).toEqual([]);
});

test('mistakes are named, and nothing is started', async () => {
  const key = file('key', 'x');
  const rows = [
    [['--custom-header', 'no colon'], 'A colon was expected in custom header: no colon'],
    [['--custom-header', ':x'], 'A colon was expected'],
    [['--custom-header', 'a b: c'], '"a b" is no name of a field'],
    [['--api-port', '70000'], 'A port is a number from 0 to 65535'],
    [['--api-port', 'x'], '--api-port'],
    [['--socket', '/tmp/x'], '--socket'],
    [['--api-socket', '/tmp/x'], '--api-socket'],
    [['--metrics-socket', '/tmp/x', '--metrics-port', '1'], '--metrics-socket'],
    [['--error-target', 'http://a', '--error-path', '/b'], '--error-path'],
    [['--error-target', 'nowhere'], 'Write it like http://localhost:9000'],
    [['--default-target', 'localhost:9000'], 'Write it like http://localhost:9000'],
    [
      ['--redirect-port', '1'],
      '--redirect-port sends clients to HTTPS, which needs --ssl-key and --ssl-cert',
    ],
    [['--ssl-key', key], '--ssl-key needs --ssl-cert'],
    [['--api-ssl-cert', key], '--api-ssl-cert needs --api-ssl-key'],
    [['--ssl-key', '/not/there', '--ssl-cert', key], 'The file of --ssl-key cannot be read: ENOENT'],
    [['--ssl-key', key, '--ssl-cert', key], 'ssl'],
    [['--ssl-ciphers', 'none of these'], '--ssl-ciphers'],
    [['--ssl-protocol', 'SSLv7'], '--ssl-protocol'],
    [
      ['--ssl-key', key, '--ssl-cert', key, '--ssl-ciphers', 'HIGH', '--workers', '2'],
      '--workers needs the native door',
    ],
    [['--timeout', 'soon'], 'It is a number of milliseconds'],
    [['--log-level', 'loud'], 'It is debug, info, warn or error'],
    [['--protocol-rewrite', 'gopher'], 'protocolRewrite'],
    [['--trust-proxy', 'friends'], 'trustProxy'],
    [['--store', 'routes'], '--store is written like file:routes.journal'],
    [['--store', 'file:x', '--storage-backend', './y'], '--store and --storage-backend exclude each other'],
    [['--storage-backend', './not-there.js'], '--storage-backend'],
    [['--surprise'], "unknown option '--surprise'"],
    [['surprise'], 'too many arguments'],
  ];
  for (const [flags, text] of rows) {
    const refusal = await open(flags).then(
      () => 'nothing was refused',
      ({ message }) => message,
    );
    expect([flags, refusal]).toEqual([flags, expect.stringContaining(text)]);
  }
  for (const flags of [['--surprise'], ['--redirect-port', '1'], ['--trust-proxy', 'friends']])
    expect(await run('ours', flags).ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: /),
    });
});

test('a port that is in use is said', async () => {
  const server = await listening(net.createServer());
  onCleanUp(() => new Promise((resolve) => server.close(resolve)));
  const port = String(server.address().port);
  for (const [flags, what] of [
    [['--port', port], 'The proxy cannot listen: listen EADDRINUSE'],
    [['--api-port', port], 'The API cannot listen: listen EADDRINUSE'],
  ])
    await expect(open(flags)).rejects.toThrow(what);
  const flags = ['--ip', '127.0.0.1', '--port', port];
  expect(await run('ours', flags).ended).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: The proxy cannot/),
  });
});

test.each(['SIGINT', 'SIGTERM'])(
  '%s: it ends with 2, as the original, and takes its pid file away',
  async (signal) => {
    const place = folder();
    const ended = async (name) => {
      const pid = path.join(place, name);
      const { child, ended: end } = await start(name, ['--pid-file', pid]);
      await eventually(() => fs.existsSync(pid) && fs.readFileSync(pid, 'utf8') === String(child.pid));
      child.kill(signal);
      const { code } = await end;
      return [code, fs.existsSync(pid)];
    };
    expect(await Promise.all(['original', 'ours'].map(ended))).toEqual([
      [2, false],
      [2, false],
    ]);
  },
);

test("--ip '*' is all addresses, with a word on it, as with the original", async () => {
  for (const [name, text] of [
    ['original', "ip='*'"],
    ['ours', "--ip '*'"],
  ]) {
    const proxy = await start(name, ['--ip', '*']);
    await says(proxy, text);
    expect(await proxy.request('GET /_chp_healthz')).toMatchObject({ status: 200 });
  }
});

test.each([
  ['ERROR', ['error']],
  ['warning', ['warn', 'error']],
  ['silly', ['info', 'info', 'info', 'warn', 'error']],
])('--log-level %s', async (level, levels) => {
  const { api, lines, request } = await open(['--log-level', level]);
  await api('GET /api/routes');
  await api('GET /api/routes/none');
  await request('GET /nowhere');
  expect(lines.map((line) => /\] (\w+):/.exec(line)[1])).toEqual(levels);
});

test('--trust-proxy says whose X-Forwarded-* fields are passed on', async () => {
  const target = await echo('target');
  const seen = async (flags) => {
    const { add, request } = await open(flags);
    await add('/a', target.url);
    const { body } = await request('GET /a', { lines: ['X-Forwarded-For: 192.0.2.1'] });
    return JSON.parse(body).headers['x-forwarded-for'];
  };
  expect(await seen([])).toMatch(/^192\.0\.2\.1, ?127\.0\.0\.1$/);
  expect(await seen(['--trust-proxy', 'nobody'])).toBe('127.0.0.1');
  expect(await seen(['--trust-proxy', '10.0.0.0/8'])).toBe('127.0.0.1');
  expect(await seen(['--trust-proxy', '10.0.0.0/8, 127.0.0.1'])).toMatch(/^192\.0\.2\.1, ?127\.0\.0\.1$/);
});

test('it says where it listens', async () => {
  const running = run('ours', ['--ip', '127.0.0.1', '--port', '0']);
  await says(running, 'Proxy API at');
  const [, port] = /Proxying http:\/\/127\.0\.0\.1:(\d+) to \(no default\)/.exec(running.output.stdout);
  expect((await fetch(`http://127.0.0.1:${port}/_chp_healthz`)).status).toBe(200);
  const [, api] = /Proxy API at (http:\S+)/.exec(running.output.stdout);
  expect((await fetch(api)).status).toBe(403);
});
