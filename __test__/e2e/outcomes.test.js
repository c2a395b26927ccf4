'use strict';

/** Who hears of a failure, who answers then, and what the error says: it is the one that Node's own client has with the same target. */

const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { fullListener } = require('../support/child.js');
const { GOOD, nodeError, parts, statusOf } = require('../support/faults.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
} = require('../support/peers.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const REFUSED = 'http://127.0.0.1:1';

/** Asks once through `serve(proxy, req, res)`; gives the answer as text. */
async function ask(proxy, serve = (req, res) => proxy.web(req, res)) {
  const { port } = await httpServer(serve);
  return rawExchange(port, lastRequest('GET /a'));
}

/** An `error` listener or callback that records its arguments and answers. */
function ear() {
  const heard = [];
  const listener = (...args) => {
    heard.push(args);
    args[2].writeHead(503).end('told');
  };
  return { heard, listener };
}

describe('who hears of a failure', () => {
  test('the error listeners: error, request, response and target', async () => {
    const proxy = createProxyServer({ target: REFUSED });
    const { heard, listener } = ear();
    const second = [];
    proxy.on('error', listener).on('error', (...args) => second.push(args));
    let seen;
    const answer = await ask(proxy, (req, res) => {
      seen = [req, res];
      proxy.web(req, res);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*told/s);
    expect(heard).toEqual(second);
    expect(heard).toHaveLength(1);
    const [error, req, res, target, ...more] = heard[0];
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect([req === seen[0], res === seen[1], more]).toEqual([true, true, []]);
    expect(target).toBeInstanceOf(URL);
    expect(target.href).toBe(`${REFUSED}/`);
  });

  test.each([
    ['last', (listener) => [listener]],
    ['behind options', (listener) => [{ xfwd: true }, listener]],
  ])('the callback, %s, instead of the error listeners', async (_where, rest) => {
    const proxy = createProxyServer({ target: REFUSED });
    const { heard, listener } = ear();
    const others = [];
    proxy.on('error', (error) => others.push(error));
    const answer = await ask(proxy, (req, res) => proxy.web(req, res, ...rest(listener)));
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*told/s);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toHaveLength(4);
    expect(heard[0][0].code).toBe('ECONNREFUSED');
    expect(heard[0][3].href).toBe(`${REFUSED}/`);
    expect(others).toEqual([]);
  });

  test('the callback is not called, and the promise resolves, when all is well', async () => {
    const target = await answeringTarget(GOOD);
    const proxy = createProxyServer({ target: target.url });
    const { heard, listener } = ear();
    let outcome;
    const answer = await ask(proxy, (req, res) => {
      outcome = proxy.web(req, res, listener).then((value) => [value, res.writableFinished]);
    });
    expect(answer).toMatch(/\r\n\r\ngood$/);
    expect(await outcome).toEqual([undefined, true]);
    expect(heard).toEqual([]);
  });

  test.each([
    ['await', (promise, failed) => (async () => promise)().catch(failed)],
    ['catch', (promise, failed) => promise.catch(failed)],
    ['then', (promise, failed) => promise.then(() => {}, failed)],
    ['finally', (promise, failed) => promise.finally(() => {}).catch(failed)],
  ])('whoever waits for the promise (%s) answers, if nobody else listens', async (_how, attach) => {
    const proxy = createProxyServer({ target: REFUSED });
    const failures = [];
    const answer = await ask(proxy, (req, res) =>
      attach(proxy.web(req, res), (error) => {
        failures.push(error.code);
        res.writeHead(504).end('by hand');
      }),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 504 .*by hand/s);
    expect(failures).toEqual(['ECONNREFUSED']);
  });

  test.each(['listener', 'callback'])('the promise resolves if a %s was told', async (who) => {
    const proxy = createProxyServer({ target: REFUSED });
    const { heard, listener } = ear();
    if (who === 'listener') proxy.on('error', listener);
    let outcome;
    await ask(proxy, (req, res) => {
      outcome = proxy.web(req, res, ...(who === 'callback' ? [listener] : []));
      outcome.catch(() => {});
    });
    expect(await outcome).toBeUndefined();
    expect(heard).toHaveLength(1);
  });

  test('nobody: the client gets a plain answer', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { status, body, values } = readResponse(await ask(createProxyServer({ target: REFUSED })));
    expect({ status, body }).toEqual({ status: 502, body: '502 Bad Gateway\n' });
    expect(values('content-type')).toEqual(['text/plain; charset=utf-8']);
  });

  test('a listener that does not answer leaves the client waiting: the answer is its own', async () => {
    const proxy = createProxyServer({ target: REFUSED });
    let response;
    proxy.on('error', (error, req, res) => (response = res));
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    const client = await rawClient(port, lastRequest('GET /a'));
    await eventually(() => response !== undefined);
    await pause(30);
    expect({ text: client.text, ending: client.ending }).toEqual({ text: '', ending: null });
    response.end('late');
    await client.received('late');
  });
});

/** Three requests, one after another, to a proxy in a process of its own. What happens is what that process prints. */
function run(options, serve) {
  const script = `
    const http = require('node:http');
    const proxy = require('./index.js').createProxyServer(${JSON.stringify({ target: REFUSED, ...options })});
    process.on('warning', ({ name, code, message }) => console.log(name, code, /ECONNREFUSED/.test(message)));
    process.on('uncaughtException', ({ code }) => { console.log('uncaught', code); process.exit(7); });
    const server = http.createServer((req, res) => { ${serve} });
    const ask = (times) => http.get({ ...server.address(), agent: false }, (res) => {
      console.log(res.statusCode);
      res.resume().on('end', () => (times > 1 ? ask(times - 1) : server.close()));
    }).on('error', () => {});
    server.listen(0, '127.0.0.1', () => ask(3));`;
  const cwd = path.join(__dirname, '..', '..');
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', script], { cwd, timeout: 10_000 }, (error, stdout) =>
      resolve({ code: error === null ? 0 : error.code, lines: stdout.trim().split('\n') }),
    );
  });
}

describe('what the process sees of it', () => {
  const answers = ['503', '503', '503'];
  const warning = 'ProxyWarning RS_PROXY_UNHANDLED true';
  const answer = '() => res.writeHead(503).end()';

  test('nobody: 502 each time, and one warning', async () => {
    const { code, lines } = await run({}, 'proxy.web(req, res);');
    expect({ code, lines: lines.sort() }).toEqual({ code: 0, lines: ['502', '502', '502', warning] });
  });

  test('a listener that listens once leaves the next failures to nobody', async () => {
    const serve = `globalThis.has ??= proxy.once('error', ${answer.replace('()', '(e, q, r)')}); proxy.web(req, res);`;
    const { code, lines } = await run({}, serve);
    expect({ code, lines: lines.sort() }).toEqual({ code: 0, lines: ['502', '502', '503', warning] });
  });

  test('throwOnUnhandledError: it is thrown, as by the originals', async () => {
    const options = { throwOnUnhandledError: true };
    expect(await run(options, 'proxy.web(req, res);')).toEqual({ code: 7, lines: ['uncaught ECONNREFUSED'] });
  });

  test.each([
    ['listener', `proxy.once('error', ${answer}); proxy.web(req, res);`],
    ['callback', `proxy.web(req, res, ${answer});`],
    ['waiter', `proxy.web(req, res).catch(${answer});`],
  ])('throwOnUnhandledError: what a %s hears of is not thrown', async (_who, serve) => {
    expect(await run({ throwOnUnhandledError: true }, serve)).toEqual({ code: 0, lines: answers });
  });
});

describe('no target', () => {
  const expected = { code: 'ERR_PROXY_NO_TARGET', message: 'Must set target or forward' };

  test('the error listeners hear of it, and the next call may name one', async () => {
    const target = await answeringTarget(GOOD);
    const proxy = createProxyServer();
    const { heard, listener } = ear();
    proxy.on('error', listener);
    expect(statusOf(await ask(proxy))).toBe(503);
    expect(heard).toHaveLength(1);
    expect(heard[0][0]).toMatchObject(expected);
    const named = await ask(proxy, (req, res) => proxy.web(req, res, { target: target.url }));
    expect(named).toMatch(/\r\n\r\ngood$/);
  });

  test('so do the callback and whoever waits', async () => {
    const proxy = createProxyServer({});
    const { heard, listener } = ear();
    expect(statusOf(await ask(proxy, (req, res) => proxy.web(req, res, listener)))).toBe(503);
    expect(heard[0][0]).toMatchObject(expected);
    let failure;
    await ask(proxy, (req, res) =>
      proxy.web(req, res).catch((error) => {
        failure = error;
        res.end();
      }),
    );
    expect(failure).toMatchObject(expected);
  });
});

describe("the error is that of Node's own client", () => {
  const at = (options) => async () => options;
  const answering = (text, end) => async () => {
    const { port } = await answeringTarget(text, { end });
    return { host: '127.0.0.1', port };
  };
  const missing = path.join(os.tmpdir(), 'rs-proxy-no-such.sock');
  test.each([
    ['refused over IPv4', at({ host: '127.0.0.1', port: 1 })],
    ['refused over IPv6', at({ host: '::1', port: 1 })],
    ['a Unix socket that is not there', at({ host: 'localhost', socketPath: missing })],
    // No look-up leaves this machine: the name is longer than names can be.
    ['a name without an address', at({ host: `${'a'.repeat(70)}.invalid`, port: 1 })],
    ['closed without an answer', answering('', 'fin')],
    ['reset without an answer', answering('', 'rst')],
    ['half a head', answering('HTTP/1.1 200 OK\r\nX', 'fin')],
  ])('%s', async (_title, start) => {
    const options = await start();
    const proxy = createProxyServer({ target: { protocol: 'http:', ...options } });
    const { heard, listener } = ear();
    proxy.on('error', listener);
    await ask(proxy);
    expect(heard).toHaveLength(1);
    expect(parts(heard[0][0])).toEqual(parts(await nodeError(http, options)));
  });

  test('an answer that is none: the wording depends on the version of Node', async () => {
    const options = await answering('garbage\r\n\r\n', 'fin')();
    const proxy = createProxyServer({ target: { ...options } });
    const { heard, listener } = ear();
    await ask(proxy, (req, res) => proxy.web(req, res, listener));
    const theirs = await nodeError(http, options);
    expect(heard[0][0].code).toBe(theirs.code);
    expect(theirs.message.startsWith(heard[0][0].message)).toBe(true);
  });

  test('proxyTimeout: as a request that a timer destroyed, and it says which timer', async () => {
    const { port, url } = await answeringTarget('');
    const theirs = await new Promise((resolve) => {
      const request = http.get({ host: '127.0.0.1', port, agent: false, timeout: 100 });
      request.on('timeout', () => request.destroy()).on('error', resolve);
    });
    const proxy = createProxyServer({ target: url, proxyTimeout: 100 });
    const { heard, listener } = ear();
    await ask(proxy, (req, res) => proxy.web(req, res, listener));
    expect(parts(heard[0][0])).toEqual(parts(theirs));
    expect(heard[0][0]).toMatchObject({ timeout: 'head', cause: { message: expect.any(String) } });
  });

  test('connectTimeout: what http-proxy-3 says', async () => {
    const { port } = await fullListener('127.0.0.1');
    const proxy = createProxyServer({ target: `http://127.0.0.1:${port}`, connectTimeout: 200 });
    const { heard, listener } = ear();
    await ask(proxy, (req, res) => proxy.web(req, res, listener));
    const expected = { code: 'ECONNECT_TIMEOUT', message: 'ECONNECT_TIMEOUT', timeout: 'connect' };
    expect(heard[0][0]).toMatchObject(expected);
  });
});
