'use strict';

/** Targets that break HTTP/2, or end their sessions (docs/reliability-rows.md, D-43 and D-44), and what may be sent again then. */

const http2 = require('node:http2');
const { checkAfterwards, faultBench, request, takeBaseline } = require('../support/faults.js');
const { all, field, frame, framedTarget, http2Target } = require('../support/http2.js');
const { closeAll, eventually, rawExchange } = require('../support/peers.js');
const { stats } = require('../support/engine.js');
const http = require('node:http');

beforeAll(takeBaseline);
afterEach(closeAll);

const GET = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
const STATUS = '\x88';
const LENGTH_5 = field('content-length', '5');
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;
const PING = 6;
const GOAWAY = 7;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;

const number = (value) =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const headers = (stream, block, flags = END_HEADERS) => frame(HEADERS, flags, stream, block);

/** What is expected of a target. */
const good = (id) => [
  headers(id, STATUS + field('content-length', '4')),
  frame(DATA, END_STREAM, id, 'good'),
];

/** What a target answers, and the code of the error that comes of it. */
const BROKEN = {
  'no :status': [(id) => [headers(id, field('x', 'y'))], 'ERR_HTTP2_STREAM_ERROR'],
  'two :status': [(id) => [headers(id, STATUS + STATUS)], 'ERR_HTTP2_STREAM_ERROR'],
  'a :status that is none': [(id) => [headers(id, field(':status', 'abc'))], 'ERR_HTTP2_ERROR'],
  'a 101': [(id) => [headers(id, field(':status', '101'))], 'HPE_INVALID_STATUS'],
  'a pseudo-field behind a field': [
    (id) => [headers(id, field('x', 'y') + STATUS)],
    'ERR_HTTP2_STREAM_ERROR',
  ],
  'a field in upper case': [(id) => [headers(id, STATUS + field('X', 'y'))], 'ERR_HTTP2_ERROR'],
  'a line feed in a value': [(id) => [headers(id, STATUS + field('x', 'a\nb'))], 'ERR_HTTP2_ERROR'],
  'a field of the connection': [
    (id) => [headers(id, STATUS + field('connection', 'close'))],
    'ERR_HTTP2_STREAM_ERROR',
  ],
  'two lengths': [
    (id) => [headers(id, STATUS + LENGTH_5 + field('content-length', '6'))],
    'ERR_HTTP2_STREAM_ERROR',
  ],
  'RST_STREAM with INTERNAL_ERROR': [
    (id) => [frame(RST_STREAM, 0, id, number(NGHTTP2_INTERNAL_ERROR))],
    'ERR_HTTP2_STREAM_ERROR',
  ],
  'RST_STREAM with CANCEL': [(id) => [frame(RST_STREAM, 0, id, number(NGHTTP2_CANCEL))], 'ECONNRESET'],
  PUSH_PROMISE: [(id) => [frame(PUSH_PROMISE, END_HEADERS, id, number(2) + STATUS)], 'ERR_HTTP2_ERROR'],
  'a table that is broken': [(id) => [headers(id, '\xff\xff\xff\xff\xff\xff')], 'ERR_HTTP2_ERROR'],
  'a frame of no length': [(id) => [frame(RST_STREAM, 0, id, '')], 'ERR_HTTP2_ERROR'],
  'HEADERS in the middle of others': [
    (id) => [headers(id, STATUS, 0), headers(id, STATUS)],
    'ERR_HTTP2_ERROR',
  ],
  'a head without end': [
    (id) => [
      headers(id, STATUS, 0),
      ...Array(3000).fill(frame(CONTINUATION, 0, id, field('x', 'y'.repeat(100)))),
    ],
    /^ERR_HTTP2_(STREAM_)?ERROR$/,
  ],
  'a head of many small fields': [
    (id) => [headers(id, STATUS + field('x', 'y').repeat(300))],
    'HPE_HEADER_OVERFLOW',
  ],
};

describe.each([
  ['plain', false],
  ['over TLS', true],
])('%s', (_how, isSecure) => {
  const framed = (answer) => framedTarget(answer, { isSecure });
  const secureOrNot = (onStream, settings) => http2Target(onStream, { isSecure, ...settings });

  describe.each(Object.entries(BROKEN))('D-43 a target that sends %s', (name, [answer, code]) => {
    test('is a 502, told once, and the next request is served', async () => {
      let isHealed = false;
      const target = await framed((id) => (isHealed ? good(id) : answer(id)));
      target.heal = () => (isHealed = true);
      const bench = await faultBench('event', target.options);
      expect(await rawExchange(bench.port, GET)).toMatch(/^HTTP\/1\.1 502 /);
      expect(bench.failures.map(({ error }) => error.code)).toEqual([expect.stringMatching(code)]);
      await checkAfterwards(bench, { failures: 1, target });
    });
  });

  test.each([
    [
      'GOAWAY before anything was answered',
      () => [frame(GOAWAY, 0, 0, number(0) + number(NGHTTP2_NO_ERROR))],
    ],
    ['RST_STREAM with REFUSED_STREAM', (id) => [frame(RST_STREAM, 0, id, number(NGHTTP2_REFUSED_STREAM))]],
  ])('D-43 %s: a POST is sent once more, and once only', async (_name, refuse) => {
    for (const refusals of [1, 2]) {
      let asked = 0;
      const target = await framed((id) => (++asked <= refusals ? refuse(id) : good(id)));
      const bench = await faultBench('event', target.options);
      const post = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`;
      const before = stats().retries;
      expect(await rawExchange(bench.port, post)).toMatch(refusals === 1 ? /good$/ : /^HTTP\/1\.1 502 /);
      expect([asked, stats().retries - before]).toEqual([2, 1]);
      expect(bench.failures).toHaveLength(refusals - 1);
    }
  });

  test('D-43 a session that the target closes without a word fails its requests, and those that may be repeated are sent again', async () => {
    for (const [method, isServed] of Object.entries({ GET: true, POST: false })) {
      let asked = 0;
      const target = await framed((id, { socket }) => {
        if (++asked === 2) {
          socket.end();
          return [];
        }
        return good(id);
      });
      const bench = await faultBench('event', target.options);
      const text = `${method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
      expect(await rawExchange(bench.port, text)).toMatch(/good$/);
      expect(await rawExchange(bench.port, text)).toMatch(isServed ? /good$/ : /^HTTP\/1\.1 502 /);
      expect(bench.failures.map(({ error }) => [error.code, error.message])).toEqual(
        isServed ? [] : [['ECONNRESET', 'socket hang up']],
      );
    }
  });

  test('D-43 many requests that are refused together: few at a time are sent again, and all in the end', async () => {
    const MANY = 60;
    const first = [];
    let open = 0;
    let most = 0;
    const { options } = await secureOrNot((stream) => {
      if (first.length < MANY) {
        first.push(stream);
        if (first.length === MANY) for (const one of first) one.close(NGHTTP2_REFUSED_STREAM);
        return;
      }
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        stream.respond({ ':status': 200 });
        stream.end('good');
      }, 30);
    });
    const bench = await faultBench('event', options);
    const agent = new http.Agent({ keepAlive: true });
    const answers = await all(MANY, () => request(agent, bench.port, { method: 'POST', body: 'x' }));
    agent.destroy();
    expect(answers.every(({ text }) => text === 'good')).toBe(true);
    // A fifth of all that are under way.
    expect(most).toBeLessThanOrEqual(MANY / 5);
    await checkAfterwards(bench, { failures: 0 });
  });

  test('D-43 floods of SETTINGS and PING are answered within bounds, and the request is served', async () => {
    const target = await framed((id) => [
      ...Array(500).fill(frame(SETTINGS, 0, 0, '')),
      ...Array(500).fill(frame(PING, 0, 0, '12345678')),
      ...good(id),
    ]);
    const bench = await faultBench('event', target.options);
    const answer = await rawExchange(bench.port, GET);
    expect(answer).toMatch(/good$|^HTTP\/1\.1 502 /);
    await checkAfterwards(bench, { failures: bench.failures.length });
  });

  test('D-43 a window of zero holds the body back, and nothing else', async () => {
    const bodies = [];
    const { options } = await secureOrNot(
      (stream, { ':path': path }) => {
        if (path === '/small') {
          stream.respond({ ':status': 200 });
          stream.end('small');
        } else {
          stream.on('data', (chunk) => bodies.push(chunk));
        }
      },
      { settings: { initialWindowSize: 0 } },
    );
    const bench = await faultBench('event', { ...options, timeouts: { idle: 300 } });
    const agent = new http.Agent({ keepAlive: true });
    const held = request(agent, bench.port, { method: 'POST', path: '/held', body: 'x'.repeat(1000) });
    expect((await request(agent, bench.port, { path: '/small' })).text).toBe('small');
    expect(await held).toMatchObject({ status: 504, headers: { 'x-error': 'ERR_PROXY_IDLE_TIMEOUT' } });
    expect(bodies).toEqual([]);
    agent.destroy();
  });

  test.each([[NGHTTP2_INTERNAL_ERROR], [NGHTTP2_CANCEL], [NGHTTP2_NO_ERROR]])(
    'F-21 D-43 RST_STREAM (%s) in the middle of a body: it never looks complete',
    async (reason) => {
      const target = await framed((id, { socket }) => {
        setTimeout(() => socket.write(frame(RST_STREAM, 0, id, number(reason))), 50);
        return [headers(id, STATUS), frame(DATA, 0, id, 'begun')];
      });
      const bench = await faultBench('event', target.options);
      const text = await rawExchange(bench.port, GET);
      expect(text).toMatch(/^HTTP\/1\.1 (200 .*begun|502 )/s);
      if (text.includes(' 200 ')) expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
      await checkAfterwards(bench, { failures: 1 });
    },
  );

  test('D-43 RST_STREAM (NO_ERROR) behind the last of the bytes that were announced is the end, another code is not', async () => {
    for (const [reason, failures] of [
      [NGHTTP2_NO_ERROR, 0],
      [NGHTTP2_INTERNAL_ERROR, 1],
    ]) {
      const target = await framed((id, { socket }) => {
        const reset = frame(RST_STREAM, 0, id, number(reason));
        setTimeout(() => socket.write(reset), 50);
        return [headers(id, STATUS + LENGTH_5), frame(DATA, 0, id, 'whole')];
      });
      const bench = await faultBench('event', target.options);
      const text = await rawExchange(bench.port, GET);
      if (failures === 0) expect(text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nwhole$/);
      await checkAfterwards(bench, { failures });
    }
  });

  test.each([
    [
      'fewer bytes than it has said',
      (id) => [headers(id, STATUS + LENGTH_5), frame(DATA, END_STREAM, id, 'abc')],
    ],
    [
      'more bytes than it has said',
      (id) => [headers(id, STATUS + LENGTH_5), frame(DATA, END_STREAM, id, 'abcdefgh')],
    ],
    ['an end without the bytes', (id) => [headers(id, STATUS + LENGTH_5, END_HEADERS | END_STREAM)]],
  ])('D-44 a target that sends %s never looks complete', async (_name, answer) => {
    const target = await framed(answer);
    const bench = await faultBench('event', target.options);
    const text = await rawExchange(bench.port, GET);
    const length = /^HTTP\/1\.1 200 .*content-length: (\d+)/is.exec(text)?.[1];
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    if (length === undefined) expect(text).toMatch(/^HTTP\/1\.1 502 /);
    else expect(body.length).toBeLessThan(Number(length));
    await checkAfterwards(bench, { failures: 1 });
  });

  test('F-43 GOAWAY while many requests are open: those that the target took end, the others go over another connection', async () => {
    const waiting = [];
    const { options, sessions } = await secureOrNot((stream, { ':path': path }) => {
      const answer = () => {
        if (stream.destroyed) return;
        stream.respond({ ':status': 200 });
        stream.end(path);
      };
      if (sessions[0] !== stream.session) {
        answer();
        return;
      }
      // Nothing is answered before it has been said which requests are not taken.
      waiting.push(answer);
      if (waiting.length < 30) return;
      if (waiting.length > 30) return;
      stream.session.goaway(NGHTTP2_NO_ERROR, stream.id - 20);
      setTimeout(() => waiting.slice(0, 20).forEach((one) => one()), 100);
    });
    const bench = await faultBench('event', options);
    const agent = new http.Agent({ keepAlive: true });
    const answers = await all(60, (i) =>
      request(agent, bench.port, { method: 'POST', path: `/${i}`, body: 'x' }),
    );
    agent.destroy();
    expect(answers.map(({ text }) => text)).toEqual(answers.map((_, i) => `/${i}`));
    expect(bench.failures).toEqual([]);
    expect(sessions.length).toBeGreaterThan(1);
    await eventually(() => stats().exchanges === 0);
  });
});
