'use strict';

/** `rs-proxy serve` and the original, configurable-http-proxy: started with the same flags, asked the same. */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { configurableFlags } = require('../../lib/cli/configurable-flags.js');
const { openAll } = require('../../lib/cli/configurable.js');
const { Log } = require('../../lib/configurable/log.js');
const { watched } = require('./child.js');
const { readResponse } = require('./messages.js');
const { closedPort, eventually, httpServer, onCleanUp, rawExchange } = require('./peers.js');

const ROOT = path.join(__dirname, '..', '..');
const PROGRAMS = {
  original: [path.join(ROOT, 'node_modules', 'configurable-http-proxy', 'bin', 'configurable-http-proxy')],
  ours: [path.join(ROOT, 'bin', 'rs-proxy.js'), 'serve'],
};
const TOKEN = 'a-secret';

/**
 * Runs one of the programs.
 *
 * @param {'original' | 'ours'} name
 * @param {string[]} flags
 * @param {Record<string, string>} [env]
 */
function run(name, flags, env = {}) {
  const child = spawn(process.execPath, [...PROGRAMS[name], ...flags], {
    env: { ...process.env, CONFIGPROXY_AUTH_TOKEN: TOKEN, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, ...watched(child) };
}

/**
 * Starts one of them at ports of its own, and waits until its servers take connections.
 *
 * @param {'original' | 'ours'} name
 * @param {string[]} [flags]
 */
function start(name, flags = []) {
  return name === 'original' ? startOriginal(flags) : startOurs(flags);
}

/** Ours says which ports it has been given. */
async function startOurs(flags) {
  const ports = ['--port', '0', '--api-port', '0'];
  const running = run('ours', ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', ...ports, ...flags]);
  await says(running, '/api/routes\n');
  const { stdout } = running.output;
  const port = /Proxying \S+:(\d+) to/.exec(stdout)[1];
  const apiPort = /Proxy API at \S+:(\d+)\/api\/routes/.exec(stdout)[1];
  return { ...running, ...speaking(Number(port), Number(apiPort)) };
}

/** The original must be told its ports. Somebody else may take one meanwhile; then it has others. */
async function startOriginal(flags) {
  for (let attempt = 1; ; attempt++) {
    const [port, apiPort] = [await closedPort(), await closedPort()];
    const ports = ['--port', port, '--api-port', apiPort].map(String);
    const running = run('original', ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', ...ports, ...flags]);
    // It says so before it does.
    await says(running, 'Proxy API at');
    const others = flags.filter((_, at) => /^--(?:metrics|redirect)-port$/.test(flags[at - 1])).map(Number);
    for (const one of [port, apiPort, ...others]) await listens(running, one);
    if (!running.output.stdout.includes('EADDRINUSE')) return { ...running, ...speaking(port, apiPort) };
    if (attempt === MOST_ATTEMPTS) throw new Error(JSON.stringify(running.output));
    running.child.kill('SIGKILL');
  }
}

const MOST_ATTEMPTS = 3;

/**
 * Opens ours in this process, at ports of its own.
 *
 * @param {string[]} [flags]
 * @param {Record<string, string>} [env]
 */
async function open(flags = [], env = { CONFIGPROXY_AUTH_TOKEN: TOKEN }) {
  const lines = [];
  const places = ['--ip', '127.0.0.1', '--port', '0', '--api-ip', '127.0.0.1', '--grace', '0'];
  const command = configurableFlags()
    .exitOverride()
    .configureOutput({ writeErr() {} });
  const given = command.parse([...places, ...flags], { from: 'user' }).opts();
  const { front, servers, end } = await openAll(
    given,
    env,
    new Log(given.logLevel ?? 'info', (line) => lines.push(line)),
  );
  onCleanUp(end);
  const [apiPort, ...others] = servers.map((server) => server.address().port);
  return { front, lines, others, ...speaking(front.address().port, apiPort) };
}

/**
 * Either of them: the original in a process of its own, ours here.
 *
 * @param {'original' | 'ours'} name
 * @param {string[]} [flags]
 */
function either(name, flags) {
  return name === 'original' ? start(name, flags) : open(flags);
}

/** Ways to ask. */
function speaking(port, apiPort) {
  const api = (line, more = {}) =>
    ask(apiPort, line, { ...more, lines: [...authorization(more), ...(more.lines ?? [])] });
  const add = async (key, target, data) => {
    const body = JSON.stringify({ target, ...data });
    const { status } = await api(`POST /api/routes${key}`, { body });
    if (status !== 201) throw new Error(`The route ${key} was answered with ${status}`);
  };
  const request = (line, more) => ask(port, line, more);
  return { port, apiPort, api, add, request };
}

function authorization({ token = TOKEN }) {
  return token === undefined || token === null ? [] : [`Authorization: token ${token}`];
}

/** Waits until a program takes connections. */
async function listens({ child, output }, port) {
  const isOpen = () =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await eventually(
    async () => hasEnded() || (await isOpen()),
    () => JSON.stringify(output),
    18_000,
  );
  if (hasEnded()) throw new Error(`It has ended: ${JSON.stringify(output)}`);
}

/** Waits until a program has said something. */
async function says({ child, output }, text) {
  const hasSaid = () => (output.stdout + output.stderr).includes(text);
  await eventually(
    () => hasSaid() || child.exitCode !== null,
    () => JSON.stringify(output),
    18_000,
  );
  if (!hasSaid()) throw new Error(`It has ended: ${JSON.stringify(output)}`);
}

/**
 * Asks for something, on a connection of its own.
 *
 * @param {number} port
 * @param {string} line method and path
 * @param {{ host?: string, body?: string, lines?: string[], milliseconds?: number }} [more]
 */
async function ask(port, line, { host = `127.0.0.1:${port}`, body = '', lines = [], milliseconds } = {}) {
  const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines];
  if (body !== '') head.push(`Content-Length: ${Buffer.byteLength(body)}`);
  const text = `${head.join('\r\n')}\r\n\r\n${Buffer.from(body).toString('latin1')}`;
  const answer = readResponse(await rawExchange(port, text, milliseconds), line.split(' ')[0]);
  return { ...answer, body: Buffer.from(answer.body, 'latin1').toString() };
}

/**
 * The metrics that are served at a port, without what they say of the process.
 *
 * @param {number} port
 * @returns {Promise<Map<string, number>>}
 */
async function metrics(port) {
  const { status, body } = await ask(port, 'GET /metrics');
  if (status !== 200) throw new Error(`The metrics were answered with ${status}`);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const rows = lines.map((line) => /^(.+) (\S+)$/.exec(line)).map(([, name, value]) => [name, Number(value)]);
  return new Map(rows.filter(([name]) => !/^(?:process|nodejs)_/.test(name)));
}

/** A target that says what it was asked for, as JSON; what its request's path ends with, it does. */
function echo(name) {
  return httpServer((req, res) => {
    if (req.url.endsWith('/redirects')) {
      res.writeHead(302, { location: `http://${req.headers.host}/elsewhere` }).end();
      return;
    }
    let body = '';
    req.setEncoding('latin1').on('data', (text) => (body += text));
    const { method, url, headers } = req;
    req.on('end', () => res.end(JSON.stringify({ name, method, url, headers, body })));
  });
}

/** An empty folder, until the end of the test. */
function folder() {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-serve-'));
  onCleanUp(() => fs.rmSync(name, { recursive: true, force: true }));
  return name;
}

/** A file with this content, until the end of the test. */
function file(name, content) {
  const place = path.join(folder(), name);
  fs.writeFileSync(place, content);
  return place;
}

module.exports = { TOKEN, ask, echo, either, file, folder, metrics, open, run, says, start };
