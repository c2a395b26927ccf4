'use strict';

/** Listeners that read the target's response: it is theirs to read as any of Node's, and the client gets all of it all the same. */

const http = require('node:http');
const stream = require('node:stream');
const { once } = require('node:events');
const zlib = require('node:zlib');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');

afterEach(closeAll);

const PROXIES = [
  ['ours', createProxyServer],
  ['http-proxy-3', require('http-proxy-3').createProxyServer],
];

/** How the target sends `text`: at once, in two halves with a moment between them, or so much that no buffer takes it whole. */
const small = Buffer.from('Grüße, 你好').toString('latin1');
const large = 'abcdefgh'.repeat(128 * 1024);
const PACES = [
  ['at once', small, 0],
  ['in two halves', small, 30],
  ['a lot', large, 0],
  ['a lot in two halves', large, 30],
];

/**
 * A proxy with one `proxyRes` listener in front of a target that sends `body`.
 *
 * @param {{ create?: Function, listener: Function, body?: string, delay?: number, options?: object, isChunked?: boolean, trailers?: string }}
 *   settings `delay` is between the halves of the body
 */
async function ask({
  create = createProxyServer,
  listener,
  body = small,
  delay = 0,
  options,
  isChunked = false,
  trailers = '',
}) {
  // The first half ends within a character.
  const half = Math.floor(body.length / 2);
  const pieces = [body.slice(0, half), body.slice(half)];
  const framed = (piece) => (isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const target = await rawTarget((connection) =>
    connection.onRequest(async () => {
      const { socket } = connection;
      socket.write(`HTTP/1.1 200 OK\r\nX-Target: yes\r\n${framing}\r\n\r\n`);
      socket.write(framed(pieces[0]), 'latin1');
      if (delay > 0) await pause(delay);
      socket.write(framed(pieces[1]), 'latin1');
      if (isChunked) socket.write(`0\r\n${trailers}\r\n`);
    }),
  );
  const proxy = create({ target: target.url, ...options });
  const errors = [];
  const ends = [];
  proxy.on('proxyRes', listener);
  proxy.on('error', (error) => errors.push(error));
  const ended = new Promise((resolve) => {
    proxy.on('end', (req, res, proxyRes) => {
      ends.push(proxyRes.complete);
      resolve();
    });
  });
  const { port } = await httpServer((req, res) => proxy.web(req, res));
  const response = readResponse(await rawExchange(port, lastRequest('GET /a')));
  await ended;
  expect({ errors, ends }).toEqual({ errors: [], ends: [true] });
  return response;
}

/** Ways to read a stream; each gives what it has read, in the end. */
const READERS = {
  'on data': (proxyRes) =>
    new Promise((resolve) => {
      const chunks = [];
      proxyRes.on('data', (chunk) => chunks.push(chunk));
      proxyRes.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    }),
  'on data, as text': (proxyRes) =>
    new Promise((resolve) => {
      let text = '';
      proxyRes.setEncoding('utf8');
      proxyRes.on('data', (chunk) => (text += chunk));
      proxyRes.on('end', () => resolve(Buffer.from(text).toString('latin1')));
    }),
  'on readable': (proxyRes) =>
    new Promise((resolve) => {
      let text = '';
      proxyRes.on('readable', () => {
        for (let chunk = proxyRes.read(); chunk !== null; chunk = proxyRes.read())
          text += chunk.toString('latin1');
      });
      proxyRes.on('end', () => resolve(text));
    }),
  'for await': async (proxyRes) => {
    const chunks = [];
    for await (const chunk of proxyRes) chunks.push(chunk);
    return Buffer.concat(chunks).toString('latin1');
  },
  'pipe to another stream': (proxyRes) => {
    const copy = new stream.PassThrough();
    proxyRes.pipe(copy);
    return READERS['on data'](copy);
  },
};
const CASES = Object.keys(READERS).flatMap((reader) => PACES.map((pace) => [reader, ...pace]));

describe.each(PROXIES)('%s: the client is answered whole', (_name, create) => {
  test.each(CASES)('%s, sent %s', async (reader, _pace, body, delay) => {
    let reading;
    const listener = (proxyRes) => {
      expect(proxyRes).toBeInstanceOf(http.IncomingMessage);
      reading = READERS[reader](proxyRes);
    };
    const response = await ask({ create, listener, body, delay });
    expect(response.values('x-target')).toEqual(['yes']);
    expect(response.body === body && response.isComplete).toBe(true);
    expect((await reading) === body).toBe(true);
  });

  test.each(PACES)('nobody reads, but somebody waits for the end, sent %s', async (_pace, body, delay) => {
    let ended;
    const listener = (proxyRes) => (ended = once(proxyRes, 'end'));
    expect((await ask({ create, listener, body, delay })).body === body).toBe(true);
    await ended;
  });

  test.each(PACES)('a data listener that comes late, sent %s', async (_pace, body, delay) => {
    const listener = (proxyRes) => setTimeout(() => proxyRes.on('data', () => {}), delay / 3);
    const response = await ask({ create, listener, body, delay });
    expect(response.body === body && response.isComplete).toBe(true);
  });

  test('an asynchronous listener reads on after a wait', async () => {
    const listener = async (proxyRes) => {
      await pause(10);
      for await (const chunk of proxyRes) expect(chunk.length).toBeGreaterThan(0);
    };
    const response = await ask({ create, listener, delay: 40 });
    expect(response.body === small && response.isComplete).toBe(true);
  });
});

describe.each(PROXIES)("%s: with selfHandleResponse the answer is the listener's own", (_name, create) => {
  const options = { selfHandleResponse: true };

  test.each(CASES)('%s, sent %s', async (reader, _pace, body, delay) => {
    const listener = async (proxyRes, req, res) => {
      const text = await READERS[reader](proxyRes);
      res.writeHead(202, { 'x-own': 'yes' });
      res.end(Buffer.from(`<${text}>`, 'latin1'));
    };
    const response = await ask({ create, listener, body, delay, options });
    expect(response.status).toBe(202);
    expect(response.values('x-target')).toEqual([]);
    expect(response.body === `<${body}>` && response.isComplete).toBe(true);
  });

  test.each(PACES)('pipe to the answer, sent %s', async (_pace, body, delay) => {
    const listener = (proxyRes, req, res) => {
      res.writeHead(proxyRes.statusCode, proxyRes.headers);
      proxyRes.pipe(res);
    };
    const response = await ask({ create, listener, body, delay, options });
    expect(response.values('x-target')).toEqual(['yes']);
    expect(response.body === body && response.isComplete).toBe(true);
  });

  test.each(PACES)('pipeline through another stream, sent %s', async (_pace, body, delay) => {
    const listener = (proxyRes, req, res) =>
      stream.promises.pipeline(proxyRes, zlib.createGzip(), zlib.createGunzip(), res);
    const response = await ask({ create, listener, body, delay, options });
    expect(response.body === body && response.isComplete).toBe(true);
  });

  test('a listener that comes late misses nothing', async () => {
    const listener = async (proxyRes, req, res) => {
      await pause(30);
      proxyRes.pipe(res);
    };
    expect(await ask({ create, listener, options })).toMatchObject({ body: small, isComplete: true });
  });
});

describe('trailers', () => {
  const trailers = 'X-One: 1\r\nX-Many: a\r\nX-Many: b\r\n';

  test.each([0, 30])('are read after the end, and go to the client (halves %s ms apart)', async (delay) => {
    let seen;
    const listener = (proxyRes) => {
      proxyRes.resume().on('end', () => {
        seen = { trailers: { ...proxyRes.trailers }, rawTrailers: [...proxyRes.rawTrailers] };
      });
    };
    const response = await ask({ listener, delay, isChunked: true, trailers });
    expect(response).toMatchObject({ body: small, isComplete: true });
    expect(response.trailers).toEqual([
      ['x-one', '1'],
      ['x-many', 'a, b'],
    ]);
    expect(seen.rawTrailers.map((text) => text.toLowerCase())).toEqual([
      'x-one',
      '1',
      'x-many',
      'a',
      'x-many',
      'b',
    ]);
    expect(seen.trailers).toEqual({ 'x-one': '1', 'x-many': 'a, b' });
  });
});
