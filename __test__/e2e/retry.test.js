'use strict';

/** `web()` called again for the same request, from an `error` or `proxyRes` listener or a callback: with the same target or another. */

const { Readable } = require('node:stream');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const BUSY = 'HTTP/1.1 503 Busy\r\nX-Busy: 1\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\nbusy';
const REFUSED = 'http://127.0.0.1:1';
const LARGE = 'a line of text\n'.repeat(20_000);

const REQUESTS = {
  'a GET': lastRequest('GET /a'),
  'a POST': lastRequest('POST /a', ['Content-Length: 4'], 'body'),
  'a POST in chunks': lastRequest('POST /a', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n'),
};
const bodyOf = (name) => (name === 'a GET' ? '' : 'body');

/** Serves with `serve`, and gives the answer to a raw request. */
async function ask(serve, text) {
  const { port } = await httpServer(serve);
  return readResponse(await rawExchange(port, text));
}

/** Ways to fail first. */
const FAILURES = {
  'refuses connections': async () => ({ url: REFUSED }),
  'closes without an answer': () => answeringTarget('', { end: 'fin' }),
  'answers garbage': () => answeringTarget('garbage\r\n\r\n'),
};
const CALLERS = ['error listener', 'callback', 'catch'];

/** Forwards, and again to `next` when that fails. */
function forwarding(caller, first, next) {
  const proxy = createProxyServer({ target: first });
  const failures = [];
  const again = (error, req, res) => {
    failures.push(error);
    return proxy.web(req, res, { target: next });
  };
  if (caller === 'error listener') proxy.once('error', again);
  const outcomes = [];
  const serve = (req, res) => {
    const rest = caller === 'callback' ? [again] : [];
    const outcome = proxy.web(req, res, ...rest);
    outcomes.push(caller === 'catch' ? outcome.catch((error) => again(error, req, res)) : outcome);
  };
  return { proxy, serve, failures, outcomes };
}

describe('after a failure', () => {
  const rows = Object.keys(FAILURES).flatMap((failure) =>
    Object.keys(REQUESTS).map((name) => [failure, name]),
  );

  test.each(rows.flatMap((row) => CALLERS.map((caller) => [...row, caller])))(
    'a target that %s: %s is sent to another one, from the %s',
    async (failure, name, caller) => {
      const first = await FAILURES[failure]();
      const next = await answeringTarget(OK);
      const { serve, failures, outcomes } = forwarding(caller, first.url, next.url);
      expect(await ask(serve, REQUESTS[name])).toMatchObject({ status: 200, body: 'good' });
      expect(failures).toHaveLength(1);
      const { start, body, isComplete } = readRequest(next.connections[0].text);
      expect({ start, body, isComplete }).toEqual({
        start: `${name.split(' ')[1]} /a HTTP/1.1`,
        body: bodyOf(name),
        isComplete: true,
      });
      expect(await outcomes[0]).toBeUndefined();
      await eventually(() => stats().exchanges === 0);
    },
  );

  test('the first promise waits for the last answer', async () => {
    const target = await answeringTarget('');
    const { proxy, serve, outcomes } = forwarding('error listener', REFUSED, target.url);
    const states = [];
    proxy.on('start', () => states.push('start'));
    const { port } = await httpServer(serve);
    const client = await rawClient(port, REQUESTS['a GET']);
    const connection = await target.connected();
    outcomes[0].then(() => states.push('over'));
    await pause(30);
    expect(states).toEqual(['start', 'start']);
    connection.socket.write(OK);
    await client.received('good');
    await eventually(() => states.length === 3);
  });

  test('if it fails again and nobody listens any more, whoever waits for the first promise hears of it', async () => {
    const proxy = createProxyServer({ target: REFUSED });
    proxy.once('error', (error, req, res) => void proxy.web(req, res));
    const failures = [];
    const answer = await ask(
      (req, res) =>
        proxy.web(req, res).catch((error) => {
          failures.push(error.code);
          res.writeHead(504).end('by hand');
        }),
      REQUESTS['a POST'],
    );
    expect(answer).toMatchObject({ status: 504, body: 'by hand' });
    expect(failures).toEqual(['ECONNREFUSED']);
  });

  test('again and again, more often than an emitter likes listeners', async () => {
    const warnings = [];
    const onWarning = (warning) => warnings.push(warning.name);
    process.on('warning', onWarning);
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: REFUSED });
    let attempts = 0;
    proxy.on('error', (error, req, res) => {
      attempts += 1;
      void proxy.web(req, res, { target: attempts < 20 ? REFUSED : target.url });
    });
    const answer = await ask((req, res) => void proxy.web(req, res), REQUESTS['a POST']);
    expect(answer).toMatchObject({ status: 200, body: 'good' });
    expect(attempts).toBe(20);
    expect(readRequest(target.connections[0].text).body).toBe('body');
    await pause(10);
    process.removeListener('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test.each(['a POST', 'a POST in chunks'])('later, and by another proxy: %s', async (name) => {
    const target = await answeringTarget(OK);
    const other = createProxyServer({ target: target.url, headers: { 'x-by': 'other' } });
    const proxy = createProxyServer({ target: REFUSED });
    proxy.on('error', (error, req, res) => setTimeout(() => void other.web(req, res), 30));
    const answer = await ask((req, res) => void proxy.web(req, res), REQUESTS[name]);
    expect(answer).toMatchObject({ status: 200, body: 'good' });
    const { body, values } = readRequest(target.connections[0].text);
    expect([body, values('x-by')]).toEqual(['body', ['other']]);
  });

  test('with proxyReq listeners, which are asked again', async () => {
    const target = await answeringTarget(OK);
    const { proxy, serve } = forwarding('error listener', REFUSED, target.url);
    let asked = 0;
    proxy.on('proxyReq', (proxyReq) => proxyReq.setHeader('x-attempt', (asked += 1)));
    expect((await ask(serve, REQUESTS['a POST'])).body).toBe('good');
    const { body, values } = readRequest(target.connections[0].text);
    expect([body, values('x-attempt')]).toEqual(['body', ['2']]);
  });

  test.each(CALLERS)(
    'a body that is still coming: what has come is sent again, and the rest, by the %s',
    async (caller) => {
      const target = await answeringTarget(OK);
      const { serve, failures } = forwarding(caller, REFUSED, target.url);
      const { port } = await httpServer(serve);
      const client = await rawClient(
        port,
        requestText('POST /a', ['Connection: close', 'Content-Length: 12'], 'first '),
      );
      await eventually(() => failures.length === 1);
      const connection = await target.connected();
      await connection.received('first ');
      client.socket.write('second');
      await client.received('good');
      expect(readRequest(connection.text)).toMatchObject({
        body: 'first second',
        isComplete: true,
        rest: '',
      });
    },
  );

  test('a body of which not all was kept fails with an error of its own, and not with half a body', async () => {
    const first = await answeringTarget('', { end: 'fin' });
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: first.url });
    const codes = [];
    proxy.on('error', (error, req, res) => {
      codes.push(error.code);
      if (codes.length === 1) void proxy.web(req, res, { target: target.url });
      else res.writeHead(error.status).end('told');
    });
    const text = lastRequest('POST /a', [`Content-Length: ${LARGE.length}`], LARGE);
    expect(await ask((req, res) => void proxy.web(req, res), text)).toMatchObject({
      status: 502,
      body: 'told',
    });
    expect(codes).toEqual(['ECONNRESET', 'ERR_PROXY_BODY_SPENT']);
    expect(target.connections).toHaveLength(0);
  });

  test('such a body from a buffer that the next call brings', async () => {
    const first = await answeringTarget('', { end: 'fin' });
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: first.url });
    const buffer = () => Readable.from([LARGE]);
    proxy.once(
      'error',
      (error, req, res) => void proxy.web(req, res, { target: target.url, buffer: buffer() }),
    );
    const text = lastRequest('POST /a', [`Content-Length: ${LARGE.length}`], LARGE);
    const serve = (req, res) => void proxy.web(req, res, { buffer: buffer() });
    expect(await ask(serve, text)).toMatchObject({ status: 200, body: 'good' });
    expect(readRequest(target.connections[0].text).body === LARGE).toBe(true);
  });

  test('a small one from the same buffer, which has been read', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: REFUSED });
    const buffer = Readable.from(['from the ', 'buffer']);
    proxy.once('error', (error, req, res) => void proxy.web(req, res, { target: target.url, buffer }));
    const text = lastRequest('POST /a', ['Content-Length: 15'], 'x'.repeat(15));
    const serve = (req, res) => void proxy.web(req, res, { buffer });
    expect(await ask(serve, text)).toMatchObject({ status: 200, body: 'good' });
    expect(readRequest(target.connections[0].text).body).toBe('from the buffer');
  });

  test('nothing is sent for a client that has left meanwhile', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: REFUSED });
    let outcome;
    let go;
    proxy.on('error', (error, req, res) => {
      go = () => (outcome = proxy.web(req, res, { target: target.url }));
    });
    const { port } = await httpServer((req, res) => void proxy.web(req, res));
    const client = await rawClient(port, REQUESTS['a POST']);
    await eventually(() => go !== undefined);
    client.socket.destroy();
    await pause(30);
    go();
    await outcome;
    expect(target.connections).toHaveLength(0);
  });
});

describe('after an answer that is not wanted', () => {
  const framings = {
    'with a length': BUSY,
    'in chunks': 'HTTP/1.1 503 Busy\r\nX-Busy: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n',
    'without end': 'HTTP/1.1 503 Busy\r\nX-Busy: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n',
  };
  const rows = Object.keys(framings).flatMap((framing) =>
    Object.keys(REQUESTS).map((name) => [framing, name]),
  );

  test.each(rows)('a 503 %s is dropped, and %s is sent to another target', async (framing, name) => {
    const [busy, target] = [await answeringTarget(framings[framing]), await answeringTarget(OK)];
    const proxy = createProxyServer({ target: busy.url });
    const log = [];
    proxy.on('proxyRes', (proxyRes, req, res) => {
      log.push(proxyRes.statusCode);
      if (proxyRes.statusCode === 503) void proxy.web(req, res, { target: target.url });
    });
    proxy.on('end', (req, res, proxyRes) => log.push(`end of ${proxyRes.statusCode}`));
    let outcome;
    const answer = await ask((req, res) => (outcome = proxy.web(req, res)), REQUESTS[name]);
    expect(answer).toMatchObject({ status: 200, body: 'good', isComplete: true, rest: '' });
    expect([answer.values('x-busy'), answer.values('set-cookie')]).toEqual([[], []]);
    expect(readRequest(target.connections[0].text).body).toBe(bodyOf(name));
    expect(await outcome).toBeUndefined();
    expect(log).toEqual([503, 200, 'end of 200']);
    await eventually(() => stats().exchanges === 0);
  });

  test('with selfHandleResponse, after its body was read', async () => {
    const [busy, target] = [await answeringTarget(BUSY), await answeringTarget(OK)];
    const proxy = createProxyServer({ target: busy.url, selfHandleResponse: true });
    let read = '';
    proxy.on('proxyRes', (proxyRes, req, res) => {
      if (proxyRes.statusCode === 200) return void proxyRes.pipe(res);
      proxyRes.on('data', (chunk) => (read += chunk));
      proxyRes.on('end', () => void proxy.web(req, res, { target: target.url }));
      return undefined;
    });
    const answer = await ask((req, res) => void proxy.web(req, res), REQUESTS['a POST']);
    expect(answer).toMatchObject({ status: 200, body: 'good' });
    expect(read).toBe('busy');
    expect(readRequest(target.connections[0].text).body).toBe('body');
  });

  test('a failure of the second attempt is told as ever', async () => {
    const busy = await answeringTarget(BUSY);
    const proxy = createProxyServer({ target: busy.url });
    proxy.once('proxyRes', (proxyRes, req, res) => void proxy.web(req, res, { target: REFUSED }));
    const codes = [];
    proxy.on('error', (error, req, res) => {
      codes.push(error.code);
      res.writeHead(502).end('told');
    });
    const answer = await ask((req, res) => void proxy.web(req, res), REQUESTS['a GET']);
    expect(answer).toMatchObject({ status: 502, body: 'told' });
    expect(answer.values('x-busy')).toEqual([]);
    expect(codes).toEqual(['ECONNREFUSED']);
  });

  test('once the answer has begun it is too late: the second call fails, and the first answer is whole', async () => {
    const busy = await rawTarget((connection) =>
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
        setTimeout(() => connection.socket.write('half'), 60);
      }),
    );
    const proxy = createProxyServer({ target: busy.url });
    const codes = [];
    proxy.on('proxyRes', (proxyRes, req, res) =>
      setTimeout(() => void proxy.web(req, res, { target: busy.url }, (error) => codes.push(error.code)), 20),
    );
    const answer = await ask((req, res) => void proxy.web(req, res), REQUESTS['a GET']);
    expect(answer).toMatchObject({ status: 200, body: 'halfhalf' });
    expect(codes).toEqual(['ERR_PROXY_ALREADY_ANSWERING']);
  });
});
