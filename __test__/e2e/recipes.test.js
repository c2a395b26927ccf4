'use strict';

/** Every program of the recipes runs, and does with each request what the page says below it. */

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const { once } = require('node:events');
const { buffer, text } = require('node:stream/consumers');
const { WebSocket, WebSocketServer } = require('ws');
const { authority, certificate } = require('../support/certificates.js');
const { EXAMPLES, deadUrl, httpsEcho } = require('../support/examples.js');
const { closeAll, eventually, httpServer, onCleanUp, rawTarget } = require('../support/peers.js');
const { OWN_PORT, ROOT, readPrograms, runProgram } = require('../support/recipes.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const FOLDER = 'docs/recipes';
const PAGES = fs.readdirSync(path.join(ROOT, FOLDER)).filter((name) => name !== 'README.md');

test('the index lists every recipe', () => {
  const index = fs.readFileSync(path.join(ROOT, FOLDER, 'README.md'), 'utf8');
  const listed = [...index.matchAll(/^\| \[[^\]]+\]\(([\w-]+\.md)\) \|/gm)].map(([, name]) => name);
  expect([...listed].sort()).toEqual(PAGES);
});

describe.each(['README.md', ...PAGES])(`${FOLDER}/%s`, (page) => {
  // Some pages have configurations of other programs only.
  const programs = readPrograms(`${FOLDER}/${page}`);
  if (programs.length > 0) test.each(programs.map((program) => [program.title, program]))('%s', run);
});

test('what is no example in README.md runs like the recipes', async () => {
  // Those have tests of their own.
  const examples = fs
    .readdirSync(EXAMPLES)
    .filter((name) => name.endsWith('.js'))
    .map((name) => fs.readFileSync(path.join(EXAMPLES, name), 'utf8'));
  const programs = readPrograms('README.md');
  const others = programs.filter(({ code }) => !examples.includes(code));
  for (const program of others) await run(program.title, program);
  expect(programs.length - others.length).toBeGreaterThan(0);
});

async function run(_title, { code, exchanges }) {
  const targets = await startTargets(code);
  const { exports, servers, lines } = runProgram(code, targets.portOf);
  if (Object.keys(exports).length > 0) {
    // For a program that is not here.
    expect([servers, exchanges]).toEqual([[], []]);
    return;
  }
  await eventually(() => servers.some((server) => server.listening));
  const [server] = servers;
  onCleanUp(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  expect(exchanges).not.toEqual([]);
  for (const exchange of exchanges) await check(exchange, server.address().port, targets, lines);
}

async function check(exchange, port, { seen, named }, lines) {
  const answer = await (exchange.method === 'WS' ? greet(port, exchange) : ask(port, exchange));
  const request = seen.at(-1);
  const wanted = { line: exchange.line, status: exchange.status };
  const got = { line: exchange.line, status: answer.status };
  if (exchange.target !== undefined) {
    wanted.target = `${exchange.method} ${exchange.target}`;
    got.target = request && `${request.method} ${request.url}`;
  }
  if (exchange.answer !== undefined) {
    wanted.body = exchange.answer;
    got.body = exchange.target === undefined ? named(answer.body) : request?.body;
  }
  for (const { isRequest, name, value } of exchange.fields) {
    const field = `${isRequest ? '>' : '<'} ${name}`;
    wanted[field] = value;
    got[field] = named((isRequest ? request?.headers : answer.headers)?.[name]);
  }
  expect(got).toEqual(wanted);
  for (const log of exchange.logs) {
    await eventually(
      () => lines.some((line) => named(line) === log),
      () => `${JSON.stringify(lines)} does not have ${log}`,
    );
  }
}

/** Asks as the page says: an absolute URL names the host that the request is for. */
async function ask(port, { method, url, body }) {
  const { host, pathname, search } = new URL(url, `http://localhost:${OWN_PORT}`);
  const headers = { host, 'accept-encoding': 'gzip', cookie: 'session=1' };
  if (body !== undefined) {
    headers['content-type'] = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
    headers['content-length'] = Buffer.byteLength(body);
  }
  const options = { port, host: '127.0.0.1', method, path: pathname + search, headers, agent: false };
  const [res] = await once(http.request(options).end(body), 'response');
  const bytes = await buffer(res);
  const plain = res.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(bytes) : bytes;
  return { status: res.statusCode, headers: res.headers, body: plain.toString().trimEnd() };
}

/** Opens a WebSocket, has a message sent back, and closes it. */
async function greet(port, { url }) {
  const client = new WebSocket(`ws://127.0.0.1:${port}${url}`, { headers: { cookie: 'session=1' } });
  onCleanUp(() => client.terminate());
  await once(client, 'open');
  client.send('hello');
  const [message] = await once(client, 'message');
  client.close();
  await once(client, 'close');
  return { status: 200, headers: {}, body: `${message}` };
}

/** A target behind each port that a program names: 9443 speaks TLS, 9998 never answers, on 9999 there is nobody. */
async function startTargets(code) {
  const ports = new Map();
  const seen = [];
  for (const [, port] of code.matchAll(/localhost:(9\d{3})/g)) {
    if (!ports.has(Number(port))) ports.set(Number(port), await startTarget(Number(port), seen));
  }
  const named = (value) => {
    if (value === undefined) return undefined;
    let result = `${value}`;
    for (const [name, port] of ports) result = result.replaceAll(`localhost:${port}`, `localhost:${name}`);
    return result;
  };
  return { seen, named, portOf: (name) => ports.get(name) };
}

async function startTarget(name, seen) {
  if (name === 9999) return Number(new URL(await deadUrl()).port);
  if (name === 9998) return (await rawTarget(() => {})).port;
  if (name === 9443) return startSecureTarget();
  const { server, port } = await httpServer(async (req, res) => {
    const { method, headers } = req;
    seen.push({ method, url: `http://localhost:${name}${req.url}`, headers, body: await text(req) });
    const { pathname } = new URL(req.url, 'http://localhost');
    if (pathname === '/missing') res.statusCode = 404;
    const [type, body] = CONTENT[path.basename(pathname)] ?? ['text/plain', 'ok'];
    res.setHeader('content-type', type);
    res.setHeader('x-powered-by', 'steam');
    if (pathname === '/moved') {
      res.writeHead(302, { location: `http://localhost:${port}/elsewhere` }).end();
      return;
    }
    if (pathname.startsWith('/login')) res.setHeader('set-cookie', 'id=1; Domain=example.com; Path=/');
    if (headers['accept-encoding'] !== 'gzip') {
      res.end(body);
      return;
    }
    res.setHeader('content-encoding', 'gzip');
    res.end(zlib.gzipSync(body));
  });
  new WebSocketServer({ server }).on('connection', (socket, { url, headers }) => {
    onCleanUp(() => socket.terminate());
    seen.push({ method: 'WS', url: `ws://localhost:${name}${url}`, headers });
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return port;
}

/** What the targets have, by file name. */
const CONTENT = {
  greeting: ['text/plain', 'Hello, world'],
  'page.html': ['text/html', '<body><h1>Hello</h1></body>'],
  'user.json': ['application/json', '{"name":"Ann"}'],
  missing: ['text/plain', 'There is no such file.'],
  'picture.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="red"/></svg>'],
};

/** Its authority's certificate is in the file that the environment names. */
async function startSecureTarget() {
  const trusted = authority('trusted');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'recipe-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true }));
  process.env.CA = path.join(folder, 'ca.pem');
  onCleanUp(() => delete process.env.CA);
  fs.writeFileSync(process.env.CA, trusted.cert);
  const { port } = await httpsEcho(certificate(trusted, { names: 'DNS:localhost' }));
  return port;
}
