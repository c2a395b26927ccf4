'use strict';

/** `responseTransform`: a response is rewritten while it goes through. */

const vm = require('node:vm');
const zlib = require('node:zlib');
const { createProxyMiddleware } = require('../../index.js');
const { ContentDecoder, ContentEncoder } = require('../../lib/middleware/content-coding.js');
const { responseTransform } = require('../../lib/middleware/response-transform.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { closeAll, httpServer, rawClient, rawExchange } = require('../support/peers.js');
const { coded, decoded } = require('../support/codings.js');

afterEach(closeAll);

const RULES = [{ match: 'http://backend', replace: 'https://me' }];
const TEXT = 'See http://backend/é, or http://back. '.repeat(4000);
const REWRITTEN = TEXT.replaceAll('http://backend', 'https://me');

function target(headers, body, status = 200) {
  return httpServer((req, res) => {
    res.writeHead(status, headers);
    res.end(body);
  });
}

function proxyWith(url, transform, { on, ...options } = {}) {
  const proxyRes = responseTransform(transform);
  return httpServer(createProxyMiddleware({ target: url, ...options, on: { proxyRes, ...on } }));
}

async function ask({ port }, line = 'GET /') {
  return readResponse(await rawExchange(port, lastRequest(line)), line.split(' ')[0]);
}

test.each(['', 'gzip', 'deflate', 'br', 'zstd', 'gzip, br'])('a body with the coding %j', async (coding) => {
  const body = coded(coding, TEXT);
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length };
  if (coding !== '') headers['content-encoding'] = coding;
  const { url } = await target(headers, body);
  const answer = await ask(await proxyWith(url, RULES));
  expect(answer).toMatchObject({ status: 200, framing: 'chunked', isComplete: true });
  expect(answer.values('content-encoding')).toEqual(coding === '' ? [] : [coding]);
  expect((await decoded(coding, answer.body)) === REWRITTEN).toBe(true);
});

test.each([
  ['a function', (chunk) => `${chunk}`.toUpperCase()],
  ['an asynchronous function', async (chunk) => Buffer.from(`${chunk}`.toUpperCase())],
])('%s gets the decoded chunks, and what they belong to', async (_, upper) => {
  const { url } = await target(
    { 'content-encoding': 'br', 'x-a': '1' },
    zlib.brotliCompressSync('some text'),
  );
  const seen = [];
  const proxy = await proxyWith(url, (chunk, { req, proxyRes }) => {
    seen.push([Buffer.isBuffer(chunk), req.url, proxyRes.headers['x-a']]);
    return upper(chunk);
  });
  const answer = await ask(proxy, 'GET /path');
  expect(await decoded('br', answer.body)).toBe('SOME TEXT');
  expect(seen).toEqual([[true, '/path', '1']]);
});

test('a regular expression of another realm is one', async () => {
  const { url } = await target({ 'content-type': 'text/plain' }, 'some text');
  const answer = await ask(await proxyWith(url, [{ match: vm.runInNewContext('/E/gi'), replace: '3' }]));
  expect(answer.body).toBe('som3 t3xt');
});

test.each(['', 'gzip', 'zstd'])('events with the coding %j go through as they come', async (coding) => {
  let res;
  const encoder = coding === '' ? null : new ContentEncoder(coding);
  const write = (text) => res.write(encoder === null ? text : encoder.push(Buffer.from(text), true));
  const { url } = await httpServer((req, response) => {
    res = response;
    res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding || [] });
    write('data: http://backend/1\n\n');
  });
  const { port } = await proxyWith(url, RULES);
  const client = await rawClient(port, lastRequest('GET /'));
  const has = async (text) => (await decodedSoFar(coding, readResponse(client.text).body)).includes(text);
  await client.until(({ text }) => text.includes('\r\n\r\n') && readResponse(text).body !== '');
  expect(await has('data: https://me/1\n\n')).toBe(true);
  const before = client.text.length;
  write('data: http://back');
  write('end/2\n\n');
  await client.until(({ text }) => text.length > before);
  for (let i = 0; i < 100 && !(await has('data: https://me/2\n\n')); i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await has('data: https://me/2\n\n')).toBe(true);
});

/** What can be decoded of a body that has not ended. */
async function decodedSoFar(coding, text) {
  let got = '';
  try {
    const source = [Buffer.from(text, 'latin1')];
    for await (const piece of new ContentDecoder(coding, Infinity).decode(source)) got += piece;
  } catch (error) {
    if (!error.message.includes('ends before')) throw error;
  }
  return got;
}

test('the fields of the target go through the passes as ever', async () => {
  const headers = { 'set-cookie': 'a=1; Domain=backend', 'x-a': '1', etag: '"1"', 'accept-ranges': 'bytes' };
  const { url } = await target(headers, 'http://backend');
  const answer = await ask(await proxyWith(url, RULES, { cookieDomainRewrite: 'me' }));
  expect(answer).toMatchObject({ body: 'https://me', framing: 'chunked' });
  expect(answer.values('set-cookie')).toEqual(['a=1; Domain=me']);
  expect([answer.values('x-a'), answer.values('etag'), answer.values('accept-ranges')]).toEqual([
    ['1'],
    ['"1"'],
    [],
  ]);
});

test.each([
  ['HEAD /', 200, { 'content-length': 14 }],
  ['GET /', 304, {}],
  ['GET /', 204, {}],
])('%s with status %i has no body, and no length of one', async (line, status, headers) => {
  const { url } = await target(headers, undefined, status);
  const transform = jest.fn();
  const answer = await ask(await proxyWith(url, transform), line);
  expect([answer.status, answer.rest, answer.values('content-length')]).toEqual([status, '', []]);
  expect(transform).not.toHaveBeenCalled();
});

test.each([
  ['an image', { 'content-type': 'image/png' }, 200],
  ['a part of a body', { 'content-range': 'bytes 0-13/20' }, 206],
])('%s stays what it is', async (_, headers, status) => {
  const { url } = await target({ ...headers, 'content-length': 14 }, 'http://backend', status);
  const answer = await ask(await proxyWith(url, RULES));
  expect(answer).toMatchObject({ status, body: 'http://backend', framing: 'length' });
});

test.each([
  ['latin1', 'text/plain; charset=iso-8859-1', 'caf\xe9 http://backend', 'caf\xe9 https://me'],
  ['bytes of no charset', 'text/plain', '\xff\xfe\xe9 http://backend', '\xff\xfe\xe9 https://me'],
])('%s are kept', async (_, type, body, expected) => {
  const { url } = await target({ 'content-type': type }, Buffer.from(body, 'latin1'));
  expect((await ask(await proxyWith(url, RULES))).body).toBe(expected);
});

describe('what goes wrong', () => {
  const failing = () => {
    throw new Error('thrown');
  };
  const gzip = { 'content-encoding': 'gzip' };
  const rows = [
    ['a body that is not what its coding says', gzip, 'no gzip', RULES, 'ERR_PROXY_INVALID_CODING'],
    ['a coding that is not known', { 'content-encoding': 'exi' }, 'x', RULES, 'ERR_PROXY_UNSUPPORTED_CODING'],
    ['a function that throws', {}, 'x', failing, undefined],
    ['a function that rejects', {}, 'x', async () => failing(), undefined],
    ['a function that returns nothing', {}, 'x', () => {}, undefined],
  ];

  test.each(rows)('%s is a 502 and an error event', async (_, headers, body, transform, code) => {
    const { url } = await target({ ...headers, 'set-cookie': 'a=1' }, body);
    const answer = await ask(await proxyWith(url, transform));
    expect(answer).toMatchObject({ status: 502, isComplete: true });
    expect([answer.values('set-cookie'), answer.values('content-encoding')]).toEqual([[], []]);
    const errors = [];
    const on = {
      error: (error, req, res) => {
        errors.push(error.code);
        res.end();
      },
    };
    expect((await ask(await proxyWith(url, transform, { on }))).status).toBe(502);
    expect(errors).toEqual([code]);
  });

  test('what fails when the answer has begun cuts it', async () => {
    const { url } = await httpServer((req, res) => {
      res.write('first');
      setTimeout(() => res.end('second'), 30);
    });
    const transform = (chunk) => {
      if (`${chunk}` === 'second') throw new Error('thrown');
      return chunk;
    };
    expect(await ask(await proxyWith(url, transform))).toMatchObject({ body: 'first', isComplete: false });
  });

  test.each([
    [null],
    ['text'],
    [[{}]],
    [[{ match: '', replace: '' }]],
    [[{ match: /a/, replace: () => '' }]],
  ])('%j is refused', (transform) => {
    expect(() => responseTransform(transform)).toThrow('The option responseTransform must be a function, or');
  });
});

test('a slow client slows the target, not the memory', async () => {
  let sent = 0;
  const { url } = await httpServer((req, res) => {
    res.on('error', () => {});
    const piece = Buffer.alloc(64 * 1024, 'x');
    const write = () => {
      while (!res.destroyed && sent < 256 * 1024 * 1024 && res.write(piece)) sent += piece.length;
      if (!res.destroyed) res.once('drain', write);
    };
    write();
  });
  const { port } = await proxyWith(url, RULES);
  const client = await rawClient(port, lastRequest('GET /'));
  await client.until(({ text }) => text !== '');
  client.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const settled = sent;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([sent - settled, sent < 64 * 1024 * 1024]).toEqual([0, true]);
});
