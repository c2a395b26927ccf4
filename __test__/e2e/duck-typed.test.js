'use strict';

/** Requests and responses that are not Node's own, or no longer: wrappers, streams, patched methods. Bodies go both ways. */

const http = require('node:http');
const { PassThrough, Readable } = require('node:stream');
const zlib = require('node:zlib');
const { createProxyServer } = require('../../index.js');
const { echoTarget } = require('../support/echo.js');
const { FACES } = require('../support/faces.js');
const { request } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { OldRequest, OldResponse } = require('../support/wrappers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const LARGE = Buffer.alloc(2 << 20, 'a line of text\n').toString('latin1');
const BODIES = { none: '', small: 'hello', large: LARGE };

const wrapped = {
  serve: (listener) =>
    httpServer((req, res) => listener(new OldRequest(req), new OldResponse(res, req.method))),
};

describe.each(FACES)('wrappers like those of http-server, %s', (_name, face) => {
  const ROWS = Object.keys(BODIES).flatMap((size) => ['/length', '/chunked'].map((path) => [size, path]));

  test.each(ROWS)('a body that is %s goes both ways, %s', async (size, path) => {
    const target = await echoTarget();
    const { port } = await face({ target: target.url }, wrapped);
    const body = BODIES[size];
    const agent = new http.Agent({ keepAlive: true });
    onCleanUp(() => agent.destroy());
    for (let i = 0; i < 3; i += 1) {
      const headers =
        path === '/length' ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' };
      const answer = await request(agent, port, { method: 'POST', path, headers, body });
      expect([answer.status, answer.headers['x-asked']]).toEqual([
        200,
        expect.stringMatching(
          path === '/length' ? `POST /length ${body.length}` : /^POST \/chunked (chunked|\d+)$/,
        ),
      ]);
      expect(answer.text === body).toBe(true);
    }
    const head = await request(agent, port, { method: 'HEAD', path });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  test('a response that is cut cuts its client off', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';
    const target = await answeringTarget(answer, { end: 'fin' });
    const { port } = await face({ target: target.url }, wrapped);
    const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
    await client.closed();
    // What was not yet sent may be lost with the connection.
    if (client.text !== '') expect(readResponse(client.text).isComplete).toBe(false);
  });

  test('a client that leaves ends the request', async () => {
    const target = await rawTarget(() => {});
    const { port, events } = await face({ target: target.url }, wrapped);
    const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n\r\n');
    const connection = await target.connected();
    client.socket.destroy();
    await connection.closed(1000);
    await eventually(() => events.length > 0 && stats().exchanges === 0);
    expect(events).toMatchObject([{ event: 'econnreset' }]);
  });
});

test('the promise settles for a response that never says that it is over, on a connection that stays', async () => {
  const target = await echoTarget();
  const proxy = createProxyServer({ target: target.url });
  let settled = 0;
  const { port } = await wrapped.serve((req, res) => proxy.web(req, res).then(() => (settled += 1)));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  onCleanUp(() => agent.destroy());
  for (let i = 1; i <= 3; i += 1) {
    expect((await request(agent, port)).status).toBe(200);
    await eventually(() => settled === i);
  }
});

/** Middleware that stands in front of proxies, by what it does to the response. */
const PATCHES = {
  'writeHead, to add a field at the last moment'(req, res) {
    const { writeHead } = res;
    res.writeHead = function (...args) {
      this.setHeader('x-late', `${this.statusCode}`);
      return Reflect.apply(writeHead, this, args);
    };
  },
  'end, to wait for something'(req, res) {
    const { end } = res;
    res.end = function (...args) {
      setTimeout(() => Reflect.apply(end, this, args), 20);
      return this;
    };
  },
  'write and end, to compress'(req, res) {
    const { end, on, write, writeHead } = res;
    const gzip = zlib.createGzip();
    res.writeHead = function (...args) {
      this.removeHeader('content-length');
      this.setHeader('content-encoding', 'gzip');
      return Reflect.apply(writeHead, this, args);
    };
    gzip.on('data', (chunk) => write.call(res, chunk) || gzip.pause());
    gzip.on('end', () => end.call(res));
    on.call(res, 'drain', () => gzip.resume());
    // Whoever waits for room waits for the compressor's.
    res.on = (event, listener) =>
      event === 'drain' ? (gzip.on(event, listener), res) : on.call(res, event, listener);
    res.write = (chunk, ...rest) => gzip.write(chunk, ...rest);
    res.end = (chunk, ...rest) => {
      gzip.end(chunk, ...rest);
      return res;
    };
  },
};

describe.each(FACES)('patched methods, %s', (_name, face) => {
  const rows = Object.keys(PATCHES).flatMap((what) => Object.keys(BODIES).map((size) => [what, size]));

  test.each(rows)('%s: a body that is %s', async (what, size) => {
    const target = await echoTarget();
    const app = (req, res, forward) => {
      PATCHES[what](req, res);
      return forward();
    };
    const { port } = await face({ target: target.url }, { app });
    const body = BODIES[size];
    for (const path of ['/length', '/chunked']) {
      const answer = readResponse(
        await rawExchange(port, lastRequest(`POST ${path}`, [`Content-Length: ${body.length}`], body)),
      );
      expect([answer.status, answer.isComplete]).toEqual([200, true]);
      const isPacked = answer.values('content-encoding').length === 1;
      const text = isPacked
        ? zlib.gunzipSync(Buffer.from(answer.body, 'latin1')).toString('latin1')
        : answer.body;
      expect(text === body).toBe(true);
      expect(isPacked).toBe(what.includes('compress'));
      if (what.includes('field')) expect(answer.values('x-late')).toEqual(['200']);
    }
  });
});

describe('a request that is another stream', () => {
  /** Sends through a proxy what `make` makes of a request, and gives what the target received. */
  async function send(make) {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const app = (req, res, forward) => forward(make(req));
    const proxy = createProxyServer({ target: target.url });
    const { port } = await httpServer((req, res) => app(req, res, (other) => void proxy.web(other, res)));
    const answer = readResponse(await rawExchange(port, lastRequest('GET /client')));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    return readRequest(target.connections[0].text);
  }

  const like = (stream, rest) => Object.assign(stream, { method: 'POST', url: '/made', ...rest });

  test.each(Object.keys(BODIES))('a PassThrough with a length, its body %s', async (size) => {
    const body = BODIES[size];
    const headers = { host: 'made.test', 'content-length': `${body.length}` };
    const seen = await send(() => like(new PassThrough().end(body, 'latin1'), { headers }));
    expect(seen).toMatchObject({ start: 'POST /made HTTP/1.1', isComplete: true, rest: '' });
    expect([seen.body === body, seen.values('host')]).toEqual([true, ['made.test']]);
  });

  test.each(['small', 'large'])(
    'a PassThrough that says nothing of its length, its body %s',
    async (size) => {
      const body = BODIES[size];
      const seen = await send(() => {
        const stream = new PassThrough();
        setTimeout(() => stream.end(body, 'latin1'), 20);
        return like(stream, { headers: { host: 'made.test' } });
      });
      expect(seen).toMatchObject({ start: 'POST /made HTTP/1.1', isComplete: true, rest: '' });
      expect(seen.body === body).toBe(true);
    },
  );

  test('a Readable made of pieces, in chunks', async () => {
    const headers = { host: 'made.test', 'transfer-encoding': 'chunked' };
    const seen = await send(() => like(Readable.from(['one ', 'two ', 'three']), { headers, method: 'PUT' }));
    expect(seen).toMatchObject({ start: 'PUT /made HTTP/1.1', body: 'one two three', framing: 'chunked' });
  });

  test('a Proxy around Node’s own', async () => {
    const seen = await send((req) => new Proxy(req, {}));
    expect(seen).toMatchObject({ start: 'GET /client HTTP/1.1', body: '', rest: '' });
  });
});
