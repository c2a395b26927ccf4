'use strict';

/** The program `rs-proxy`, as `npm start` runs it. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const {
  answeringTarget,
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawTarget,
} = require('../support/peers.js');
const { watched } = require('../support/child.js');
const { certificate } = require('../support/certificates.js');
const { tlsClient, tlsExchange } = require('../support/tls.js');
const { echoServer } = require('../support/upgrades.js');
const { version } = require('../../package.json');

const PROGRAM = path.join(__dirname, '..', '..', 'bin', 'rs-proxy.js');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(closeAll);

/** Runs the program; `ready()` waits for the banner and gives the address it listens at. */
function rsProxy(...args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { ended, output } = watched(child);
  const ready = async () => {
    const banner = () => /proxy +(https?:\/\/\S+)/.exec(output.stdout);
    await eventually(
      () => banner() !== null && output.stdout.includes('Ctrl-C'),
      () => JSON.stringify(output),
    );
    return banner()[1];
  };
  return { child, ended, output, ready };
}

const refuses = (port) =>
  rawClient(port).then(
    () => false,
    ({ code }) => code === 'ECONNREFUSED',
  );

/** An empty folder, until the end of the test. */
function folder() {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-cli-'));
  onCleanUp(() => fs.rmSync(name, { recursive: true, force: true }));
  return name;
}

test('without arguments it proxies a built-in target, and the two curl lines it prints work', async () => {
  const { child, ended, output, ready } = rsProxy('--port', '0');
  const proxy = await ready();
  const [, target] = /target +(http:\/\/\S+)/.exec(output.stdout);
  expect(target).not.toBe(proxy);
  const lines = output.stdout.match(/curl .*/g);
  expect(lines).toEqual([`curl ${proxy}/hello`, `curl -d 'some text' ${proxy}/echo`]);
  for (const base of [proxy, target]) {
    const hello = await fetch(`${base}/hello`);
    expect(hello.status).toBe(200);
    expect(await hello.text()).not.toBe('');
    const echo = await fetch(`${base}/echo`, { method: 'POST', body: 'some text' });
    expect(await echo.text()).toContain('some text');
  }
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('with a target it proxies that one, and changes what it is told to', async () => {
  const target = await answeringTarget(OK);
  const { ready, output } = rsProxy('--target', target.url, '--port', '0', '--change-origin', '--xfwd');
  const answer = await fetch(`${await ready()}/a?b`);
  expect(await answer.text()).toBe('ok');
  expect(output.stdout).not.toMatch(/curl|metrics|workers/);
  const { text } = await target.connected();
  expect(text).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n/);
  expect(text).toContain(`\r\nhost: 127.0.0.1:${target.port}\r\n`);
  expect(text).toContain('\r\nx-forwarded-for: 127.0.0.1\r\n');
});

test('WebSockets go through', async () => {
  const server = await echoServer();
  const { ready } = rsProxy('--target', `http://127.0.0.1:${server.port}`, '--port', '0', '--log', 'off');
  const socket = new WebSocket((await ready()).replace('http', 'ws'));
  onCleanUp(() => socket.terminate());
  await once(socket, 'open');
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');
});

test('routes: the longest path counts, --rewrite holds for all of them, and the banner shows them', async () => {
  const [api, rest] = [await answeringTarget(OK), await answeringTarget(OK)];
  const { ready, output } = rsProxy(
    ...['--route', `/api=${api.url}`, '--target', rest.url, '--rewrite', '^/api=', '--rewrite', '^/old=/new'],
    ...['--port', '0'],
  );
  const proxy = await ready();
  for (const where of ['/api/a', '/old/b', '/c']) await (await fetch(proxy + where)).text();
  expect(output.stdout).toContain(`/api → ${api.url}  ^/api → (nothing), ^/old → /new\n`);
  expect(output.stdout).toContain(`/    → ${rest.url}  ^/api → (nothing), ^/old → /new\n`);
  const paths = ({ text }) => text.match(/(?<=GET )\S+/g);
  expect(paths(await api.connected())).toEqual(['/a']);
  expect(paths(await rest.connected())).toEqual(['/new/b', '/c']);
});

test.each(['SIGINT', 'SIGTERM'])('%s lets what is under way come to its end', async (signal) => {
  const target = await rawTarget(() => {});
  const { child, ended, ready } = rsProxy('--target', target.url, '--port', '0');
  const { port } = new URL(await ready());
  const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
  const connection = await target.connected();
  await connection.received('\r\n\r\n');
  // As browsers do in advance.
  const unused = await rawClient(port);
  child.kill(signal);
  // Nobody new is let in any more.
  await eventually(() => refuses(port));
  await unused.closed();
  connection.socket.write(OK);
  await client.received('ok');
  const answered = Date.now();
  expect(await ended).toMatchObject({ code: 0, signal: null });
  // It does not keep the connection for another request.
  expect(Date.now() - answered).toBeLessThan(4000);
});

test('a target that is down is a 502, and its line says why', async () => {
  const target = await answeringTarget(OK);
  await new Promise((resolve) => target.server.close(resolve));
  const { ready, output } = rsProxy('--target', target.url, '--port', '0');
  const answer = await fetch(`${await ready()}/x`);
  expect({ status: answer.status, body: await answer.text() }).toEqual({
    status: 502,
    body: '502 Bad Gateway\n',
  });
  const line = new RegExp(`^502 GET /x [\\d.]+ ms connect ECONNREFUSED 127\\.0\\.0\\.1:${target.port}$`, 'm');
  await eventually(
    () => line.test(output.stdout),
    () => output.stdout,
  );
});

test('a second signal ends it at once', async () => {
  const target = await rawTarget(() => {});
  const { child, ended, ready } = rsProxy('--target', target.url, '--port', '0', '--grace', '1m');
  const { port } = new URL(await ready());
  await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
  await (await target.connected()).received('\r\n\r\n');
  child.kill('SIGTERM');
  await eventually(() => refuses(port));
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 143 });
});

test('--grace limits how long it waits for what is under way', async () => {
  const target = await rawTarget(() => {});
  const { child, ended, ready } = rsProxy('--target', target.url, '--port', '0', '--grace', '100ms');
  const { port } = new URL(await ready());
  const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
  await (await target.connected()).received('\r\n\r\n');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, signal: null });
  await client.closed();
});

test('--log, --log-file, --workers and --metrics-port', async () => {
  const target = await answeringTarget(OK);
  const file = path.join(folder(), 'access.log');
  const { child, ended, output, ready } = rsProxy(
    ...['--target', target.url, '--port', '0', '--log', 'common', '--log-file', file],
    ...['--workers', '2', '--metrics-port', '0'],
  );
  const proxy = await ready();
  for (let i = 0; i < 3; i += 1) await (await fetch(`${proxy}/${i}`)).text();
  expect(output.stdout).toMatch(/workers +2\n/);
  const [, metrics] = /metrics +(\S+)/.exec(output.stdout);
  expect(await (await fetch(metrics)).text()).toContain('\nrs_proxy_requests_forwarded_total 3\n');
  expect(await (await fetch(metrics.replace('/metrics', '/healthz'))).text()).toBe('ok\n');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
  const line = (i) =>
    expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1 - - \\[.+\\] "GET /${i} HTTP/1\\.1" 200 2$`));
  expect(fs.readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual([0, 1, 2].map(line));
});

test('--log off says nothing of requests', async () => {
  const target = await answeringTarget(OK);
  const { child, ended, output, ready } = rsProxy('--target', target.url, '--port', '0', '--log', 'off');
  const proxy = await ready();
  const said = output.stdout;
  await (await fetch(proxy)).text();
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stdout: said, stderr: '' });
});

describe('--tls-cert and --tls-key', () => {
  /** The files of a certificate with this name, and how to write another one into them. */
  function files() {
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder(), name));
    const write = (name) => {
      const made = certificate(undefined, { common: name });
      fs.writeFileSync(cert, made.cert);
      fs.writeFileSync(key, made.key);
    };
    return { args: ['--tls-cert', cert, '--tls-key', key], cert, write };
  }

  test('it serves HTTPS, and reads them again on SIGHUP', async () => {
    const target = await answeringTarget(OK);
    const { args, cert, write } = files();
    write('a.test');
    const { child, output, ready } = rsProxy('--target', target.url, '--port', '0', ...args);
    const { port, protocol } = new URL(await ready());
    expect(protocol).toBe('https:');
    const text = await tlsExchange(port, 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[^]*\r\n\r\nok$/);
    const shown = async () => (await tlsClient(port)).socket.getPeerCertificate().subject.CN;
    expect(await shown()).toBe('a.test');
    write('b.test');
    child.kill('SIGHUP');
    await eventually(() => output.stderr.includes('was read again'));
    expect(await shown()).toBe('b.test');
    fs.writeFileSync(cert, 'nonsense');
    child.kill('SIGHUP');
    await eventually(() => output.stderr.includes('error: The certificate stays as it was: '));
    expect(await shown()).toBe('b.test');
  });

  test('files that are no certificate are refused', async () => {
    const { args, cert, write } = files();
    write('a.test');
    fs.writeFileSync(cert, 'nonsense');
    const { code, stderr } = await rsProxy('--port', '0', ...args).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: The option ssl /);
  });
});

describe('--config', () => {
  const configFile = (config) => {
    const name = path.join(folder(), 'proxy.json');
    fs.writeFileSync(name, typeof config === 'string' ? config : JSON.stringify(config));
    return name;
  };

  test('settings come from the file, and flags count more', async () => {
    const target = await answeringTarget(OK);
    const file = configFile({
      target: 'http://127.0.0.1:1',
      port: 0,
      xfwd: true,
      log: 'json',
      limits: { maxUrlLength: 20 },
    });
    const { ready, output } = rsProxy('--config', file, '--target', target.url);
    const proxy = await ready();
    expect((await fetch(`${proxy}/a`)).status).toBe(200);
    expect((await fetch(`${proxy}/${'a'.repeat(30)}`)).status).toBe(414);
    expect((await target.connected()).text).toContain('\r\nx-forwarded-for: 127.0.0.1\r\n');
    await eventually(() => output.stdout.includes('"status":414'));
  });

  test('what is wrong with it is said, and with which key', async () => {
    const { code, stderr, stdout } = await rsProxy('--config', configFile({ tragets: 1 })).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: \S+proxy\.json: tragets is not known; there are target, routes, /);
  });

  test('what the door refuses is said, too', async () => {
    const { code, stderr } = await rsProxy('--config', configFile({ limits: { maxConnections: 0 } })).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('The option maxConnections of listen must be a whole number from 1 to ');
  });
});

test('a port that is taken is said with what to do', async () => {
  const { port } = await answeringTarget(OK);
  const { code, stderr, stdout } = await rsProxy('--port', `${port}`).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(`error: port ${port} on 127.0.0.1 is in use; choose another with --port\n`);
  const { stderr: ofMetrics } = await rsProxy('--port', '0', '--metrics-port', `${port}`).ended;
  expect(ofMetrics).toBe(`error: port ${port} is in use; choose another with --metrics-port\n`);
});

test.each([
  [['--target', 'nowhere'], "'nowhere' is invalid. Write it like http://localhost:9000."],
  [['--log', 'apache'], 'Allowed choices are short, common, combined, json, off.'],
  [['--tls-cert', 'x.pem'], '--tls-cert needs --tls-key: the file with the private key'],
  [['--prot', '1'], "unknown option '--prot'\n(Did you mean --port?)"],
  [['--target'], "option '-t, --target <url>' argument missing"],
  [['surf', '--port', '0'], "unknown command 'surf'"],
  [['dynamic', '--prot', '1'], "unknown option '--prot'\n(Did you mean --port?)", 'rs-proxy dynamic'],
  [['serve', '--surprise'], "unknown option '--surprise'", 'rs-proxy serve'],
])('%j is refused with a message', async (args, message, command = 'rs-proxy') => {
  const { code, stderr, stdout } = await rsProxy(...args).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain(`(${command} --help lists the options)`);
});

test('--help and --version', async () => {
  const help = await rsProxy('--help').ended;
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const flag of [
    '--target <url>',
    '--route <path=url>',
    '--rewrite <regex=text>',
    '--port <number>',
    '--host <address>',
  ])
    expect(help.stdout).toContain(flag);
  expect(help.stdout).toMatch(/Exit codes:\n +0 /);
  expect(await rsProxy('--version').ended).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});
