'use strict';

/** `buffer`: a stream that is sent instead of the request's body. */

const fs = require('node:fs');
const { PassThrough, Readable } = require('node:stream');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually, httpServer, rawExchange } = require('../support/peers.js');
const { stats } = require('../support/engine.js');
const { webBench } = require('../support/web-bench.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const LARGE = 'a line of text\n'.repeat(100_000);

/** A proxy that sends what `make` makes instead of each request's body. */
const bench = (make, { answer, options } = {}) =>
  webBench(options, { answer, perCall: (req) => ({ buffer: make(req) }) });

const post = (length) => lastRequest('POST /a', length === undefined ? [] : [`Content-Length: ${length}`]);
const chunked = lastRequest('POST /a', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n');

describe('what is sent', () => {
  test.each([
    ['text in pieces', () => Readable.from(['one ', 'two'])],
    ['bytes in pieces', () => Readable.from([Buffer.from('one '), new Uint8Array(Buffer.from('two'))])],
    ['a PassThrough that was written before', () => new PassThrough().end('one two')],
    [
      'a stream that begins later',
      () => {
        const stream = new PassThrough();
        setTimeout(() => stream.end('one two'), 30);
        return stream;
      },
    ],
  ])('%s, with the length that the request declares', async (_what, make) => {
    const { ask, sent } = await bench(make);
    const text = lastRequest('POST /a', ['Content-Length: 7'], 'unsent!');
    expect(await ask(text)).toMatchObject({ status: 200, body: 'good' });
    expect(sent()[0]).toMatchObject({ body: 'one two', framing: 'length', isComplete: true, rest: '' });
  });

  test('in chunks, if the request’s own body is', async () => {
    const { ask, sent } = await bench(() => Readable.from(['something ', 'else']));
    expect((await ask(chunked)).body).toBe('good');
    expect(sent()[0]).toMatchObject({
      body: 'something else',
      framing: 'chunked',
      isComplete: true,
      rest: '',
    });
  });

  test('a large file', async () => {
    const { ask, sent } = await bench(() => fs.createReadStream(__filename));
    const { size } = fs.statSync(__filename);
    expect((await ask(post(size))).body).toBe('good');
    expect(sent()[0].body).toBe(fs.readFileSync(__filename, 'latin1'));
  });

  test('back-pressure: a source is read no faster than the target reads', async () => {
    let taken = 0;
    const { ask, sent } = await bench(() =>
      Readable.from(
        (function* pieces() {
          for (let at = 0; at < LARGE.length; at += 15_000) {
            taken += 1;
            yield LARGE.slice(at, at + 15_000);
          }
        })(),
        { objectMode: false },
      ),
    );
    expect((await ask(post(LARGE.length))).body).toBe('good');
    expect(taken).toBe(100);
    expect(sent()[0].body === LARGE).toBe(true);
  });

  test('as http-proxy-3 sends it', async () => {
    const play = async (create) => {
      const target = await answeringTarget(OK);
      const proxy = create({ target: target.url });
      const { port } = await httpServer((req, res) =>
        proxy.web(req, res, { buffer: Readable.from(['one two']) }),
      );
      const answer = readResponse(
        await rawExchange(port, lastRequest('POST /a', ['Content-Length: 7'], 'unsent!')),
      );
      const { start, body, framing } = readRequest(target.connections[0].text);
      return { start, body, framing, status: answer.status, answer: answer.body };
    };
    expect(await play(createProxyServer)).toEqual(await play(require('http-proxy-3').createProxyServer));
  });

  test.each([[undefined], [null]])('%p stands for the request’s own body', async (buffer) => {
    const { ask, sent } = await bench(() => buffer);
    expect((await ask(lastRequest('POST /a', ['Content-Length: 4'], 'mine'))).body).toBe('good');
    expect(sent()[0].body).toBe('mine');
  });

  test('to the mirror as well', async () => {
    const mirror = await answeringTarget('HTTP/1.1 204 No Content\r\n\r\n');
    const { ask, sent } = await bench(() => Readable.from(['one two']), { options: { forward: mirror.url } });
    expect((await ask(post(7))).body).toBe('good');
    expect(sent()[0].body).toBe('one two');
    await eventually(() => mirror.connections[0]?.text.endsWith('one two'));
  });
});

describe('K-10 what cannot be sent', () => {
  test.each([['a string'], [Buffer.from('bytes')], [5], [{}]])('K-10 not a stream: %p', async (buffer) => {
    const { ask } = await bench(() => undefined);
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    const expected = expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option: 'buffer' });
    expect(() => proxy.web({}, {}, { buffer })).toThrow(expected);
    expect((await ask(post(0))).body).toBe('good');
  });

  const failure = new Error('of the stream');
  const consumed = () => {
    const stream = Readable.from([]);
    stream.resume();
    return stream;
  };
  test.each([
    [
      'fails at once',
      () =>
        new Readable({
          read() {
            this.destroy(failure);
          },
        }),
      failure,
    ],
    [
      'fails in the middle',
      () =>
        Readable.from(
          (async function* half() {
            yield 'one ';
            throw failure;
          })(),
        ),
      failure,
    ],
    ['has failed', () => new PassThrough().on('error', () => {}).destroy(failure), failure],
    [
      'is closed in the middle',
      () => {
        const stream = new PassThrough();
        stream.write('one ');
        setTimeout(() => stream.destroy(), 20);
        return stream;
      },
      { code: 'ERR_STREAM_PREMATURE_CLOSE' },
    ],
    ['is closed already', () => new PassThrough().destroy(), { code: 'ERR_STREAM_PREMATURE_CLOSE' }],
    ['gives what are no bytes', () => Readable.from([{ no: 'bytes' }]), { code: 'ERR_INVALID_ARG_TYPE' }],
  ])(
    'K-10 a stream that %s: one error, and the target gets no whole request',
    async (_what, make, expected) => {
      const { ask, heard, target } = await bench(make, { answer: '' });
      for (const text of [post(7), chunked]) {
        heard.length = 0;
        expect(await ask(text)).toMatchObject({ body: 'told' });
        expect(heard).toHaveLength(1);
        if (expected === failure) expect(heard[0]).toBe(failure);
        else expect(heard[0]).toMatchObject(expected);
      }
      await eventually(() => stats().exchanges === 0);
      for (const { text } of target.connections) {
        if (text !== '') expect(readRequest(text).isComplete).toBe(false);
      }
    },
  );

  test('K-10 a stream that has ended, or ends too early, where a length was declared', async () => {
    for (const make of [consumed, () => Readable.from(['one '])]) {
      const { ask, heard, target } = await bench(make, { answer: '' });
      expect((await ask(post(7))).body).toBe('told');
      expect(heard).toHaveLength(1);
      for (const { text } of target.connections)
        if (text !== '') expect(readRequest(text).isComplete).toBe(false);
    }
  });

  test('K-10 a stream that gives more than the length that was declared', async () => {
    const { ask, heard, target } = await bench(() => Readable.from(['one two three']), { answer: '' });
    expect((await ask(post(7))).body).toBe('told');
    expect(heard).toHaveLength(1);
    for (const { text } of target.connections) expect(text).not.toMatch(/three/);
  });
});
