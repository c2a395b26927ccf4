'use strict';

/** The program `rs-proxy`, as `npm start` runs it. */

const path = require('node:path');
const { spawn } = require('node:child_process');
const { answeringTarget, closeAll, eventually, rawClient, rawTarget } = require('../support/peers.js');
const { watched } = require('../support/child.js');
const { version } = require('../../package.json');

const PROGRAM = path.join(__dirname, '..', '..', 'bin', 'rs-proxy.js');
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(closeAll);

/** Runs the program; `ready()` waits for the banner and gives the address it listens at. */
function rsProxy(...args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { ended, output } = watched(child);
  const ready = async () => {
    const banner = () => /proxy +(http:\/\/\S+)/.exec(output.stdout);
    await eventually(
      () => banner() !== null && output.stdout.includes('Ctrl-C'),
      () => JSON.stringify(output),
    );
    return banner()[1];
  };
  return { child, ended, output, ready };
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
  expect(output.stdout).not.toContain('curl');
  const { text } = await target.connected();
  expect(text).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n/);
  expect(text).toContain(`\r\nhost: 127.0.0.1:${target.port}\r\n`);
  expect(text).toContain('\r\nx-forwarded-for: 127.0.0.1\r\n');
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
  await eventually(() =>
    rawClient(port).then(
      () => false,
      ({ code }) => code === 'ECONNREFUSED',
    ),
  );
  await unused.closed();
  connection.socket.write(OK);
  await client.received('ok');
  const answered = Date.now();
  expect(await ended).toMatchObject({ code: 0, signal: null });
  // It does not keep the connection for another request.
  expect(Date.now() - answered).toBeLessThan(4000);
});

test('a target that is down is a 502 and one line', async () => {
  const target = await answeringTarget(OK);
  await new Promise((resolve) => target.server.close(resolve));
  const { ready, output } = rsProxy('--target', target.url, '--port', '0');
  const answer = await fetch(`${await ready()}/x`);
  expect({ status: answer.status, body: await answer.text() }).toEqual({
    status: 502,
    body: '502 Bad Gateway\n',
  });
  await eventually(() => output.stderr !== '');
  expect(output.stderr).toBe(`✗ GET /x  ECONNREFUSED connect ECONNREFUSED 127.0.0.1:${target.port}\n`);
});

test('a port that is taken is said with what to do', async () => {
  const { port } = await answeringTarget(OK);
  const { code, stderr, stdout } = await rsProxy('--port', `${port}`).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use; choose another with --port`);
});

test.each([
  [['--target', 'nowhere'], "'nowhere' is invalid. Write it like http://localhost:9000."],
  [['--target', 'ftp://x'], 'Write it like http://localhost:9000.'],
  [['--port', '65536'], 'A port is a number from 0 to 65535.'],
  [['--port', 'x'], 'A port is a number from 0 to 65535.'],
  [['--prot', '1'], "unknown option '--prot'"],
  [['--target'], "option '-t, --target <url>' argument missing"],
])('%j is refused with a message', async (args, message) => {
  const { code, stderr, stdout } = await rsProxy(...args).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain('rs-proxy --help lists the options');
});

test('--help and --version', async () => {
  const help = await rsProxy('--help').ended;
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const flag of ['--target <url>', '--port <number>', '--host <address>', '--change-origin', '--xfwd'])
    expect(help.stdout).toContain(flag);
  expect(await rsProxy('--version').ended).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});
