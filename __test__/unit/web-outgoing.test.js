'use strict';

/**
 * `lib/http-proxy/passes/web-outgoing` beside that of the originals. As in common.test.js each row says which of them give the same; the
 * others must not.
 */

const url = require('node:url');
const ours = require('rs-proxy-middleware/lib/http-proxy/passes/web-outgoing');

const HP = 'http-proxy';
const H3 = 'http-proxy-3';
const ORIGINALS = {
  [HP]: require('http-proxy/lib/http-proxy/passes/web-outgoing'),
  [H3]: require('http-proxy-3/dist/lib/http-proxy/passes/web-outgoing'),
};
const BOTH = [HP, H3];

/** Requests and responses that the passes work on, and what they leave. */
function run(passes, names, { req = {}, proxyRes = {}, options = {} }) {
  const request = {
    httpVersion: '1.1',
    httpVersionMajor: 1,
    ...req,
    headers: { host: 'me:8000', ...req.headers },
  };
  const answer = { statusCode: 200, ...proxyRes, headers: { ...proxyRes.headers } };
  const set = {};
  const res = { setHeader: (name, value) => (set[name] = value) };
  try {
    for (const name of names) passes[name](request, res, answer, options);
  } catch (error) {
    return { threw: error.code ?? error.name };
  }
  const { setHeader, ...state } = res;
  return { headers: answer.headers, set, state, canSet: typeof setHeader === 'function' };
}

function check(names, input, wanted, agreeing) {
  const whole = { headers: expect.anything(), set: {}, state: {}, canSet: true, ...wanted };
  expect(run(ours, names, input)).toEqual(whole);
  const same = BOTH.filter((name) => {
    try {
      expect(run(ORIGINALS[name], names, input)).toEqual(whole);
      return true;
    } catch {
      return false;
    }
  });
  expect(same).toEqual(agreeing);
}

test('the passes are those of the originals, in their order', () => {
  const names = [
    'removeChunked',
    'setConnection',
    'setRedirectHostRewrite',
    'writeHeaders',
    'writeStatusCode',
  ];
  expect(Object.keys(ours)).toEqual(names);
  expect(Object.values(ours).map(({ name }) => name)).toEqual(names);
  expect(Object.keys(ORIGINALS[HP])).toEqual(names);
});

describe('removeChunked', () => {
  test.each([
    ['1.0', 1, BOTH],
    ['1.1', 1, [H3]],
    ['2.0', 2, [H3]],
  ])('removes the framing for a client of HTTP/%s', (httpVersion, httpVersionMajor, agreeing) => {
    const headers = { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' };
    const input = { req: { httpVersion, httpVersionMajor }, proxyRes: { headers } };
    check(['removeChunked'], input, { headers: { 'content-type': 'text/plain' } }, agreeing);
  });
});

describe('setConnection', () => {
  const http10 = { httpVersion: '1.0' };
  const http2 = { httpVersion: '2.0', httpVersionMajor: 2 };
  test.each([
    ['HTTP/1.0', http10, {}, { connection: 'close' }, BOTH],
    [
      'HTTP/1.0 that keeps',
      { ...http10, headers: { connection: 'keep-alive' } },
      {},
      { connection: 'keep-alive' },
      BOTH,
    ],
    ['HTTP/1.1', {}, {}, { connection: 'keep-alive' }, BOTH],
    ['HTTP/1.1 that closes', { headers: { connection: 'close' } }, {}, { connection: 'close' }, BOTH],
    ['HTTP/2', http2, {}, {}, BOTH],
    // The target's connection is not the client's.
    ['a target that closes', {}, { connection: 'close' }, { connection: 'keep-alive' }, []],
    ['a target that closes, HTTP/2', http2, { connection: 'close', 'keep-alive': 'timeout=5' }, {}, []],
    [
      'a target that nominates',
      {},
      { connection: 'x-secret', 'x-secret': '1', 'x-a': 'b' },
      { connection: 'keep-alive', 'x-a': 'b' },
      [],
    ],
    [
      'what the client nominates',
      { headers: { connection: 'keep-alive, x-a' } },
      {},
      { connection: 'keep-alive' },
      [],
    ],
  ])('%s', (_what, req, headers, wanted, agreeing) => {
    check(['setConnection'], { req, proxyRes: { headers } }, { headers: wanted }, agreeing);
  });
});

describe('setRedirectHostRewrite', () => {
  const TARGET = 'http://t.example:9000/base';
  const rewritten = (input, wanted, agreeing) => {
    const { location, status = 302, target = TARGET, headers, ...options } = input;
    const call = {
      req: { headers },
      proxyRes: { statusCode: status, headers: { location } },
      options: { target, ...options },
    };
    check(['setRedirectHostRewrite'], call, { headers: { location: wanted } }, agreeing);
  };
  const location = 'http://t.example:9000/a?b=c';

  test.each([
    [{ hostRewrite: 'new.example:81' }, 'http://new.example:81/a?b=c', BOTH],
    [{ autoRewrite: true }, 'http://me:8000/a?b=c', BOTH],
    [{ autoRewrite: true, hostRewrite: 'new.example:81' }, 'http://new.example:81/a?b=c', BOTH],
    [{ protocolRewrite: 'https' }, 'https://t.example:9000/a?b=c', BOTH],
    [{ protocolRewrite: 'https:', hostRewrite: 'new.example:81' }, 'https://new.example:81/a?b=c', BOTH],
    [{}, location, BOTH],
    // A host without a port means the usual one.
    [{ hostRewrite: 'new.example' }, 'http://new.example/a?b=c', [HP]],
    [{ autoRewrite: true, headers: { host: 'me' } }, 'http://me/a?b=c', [HP]],
    [{ autoRewrite: true, headers: { ':authority': 'you:81' } }, 'http://you:81/a?b=c', [H3]],
    // What is no host is written nowhere.
    [{ autoRewrite: true, headers: { host: 'no host' } }, location, [H3]],
  ])('with %j: %s', (options, wanted, agreeing) => {
    rewritten({ location, ...options }, wanted, agreeing);
  });

  test.each([
    [201, true, BOTH],
    [301, true, BOTH],
    [302, true, BOTH],
    [303, true, []],
    [307, true, BOTH],
    [308, true, BOTH],
    [300, false, BOTH],
    [304, false, BOTH],
    [200, false, BOTH],
  ])('at status %i: %p', (status, isRewritten, agreeing) => {
    const wanted = isRewritten ? 'http://new.example:81/a?b=c' : location;
    rewritten({ location, status, hostRewrite: 'new.example:81' }, wanted, agreeing);
  });

  test.each([
    ['another host', 'http://other.example/a', 'http://other.example/a', BOTH],
    ['another port', 'http://t.example:9001/a', 'http://t.example:9001/a', BOTH],
    // As httpxy has it.
    ['a relative one', '/a', 'http://new.example:81/a', []],
    ['one without protocol', '//t.example:9000/a', '//new.example:81/a', []],
    // The originals throw, and nobody catches it.
    ['one that is no URL', 'http://[bad', 'http://[bad', []],
  ])('of %s', (_what, given, wanted, agreeing) => {
    rewritten({ location: given, hostRewrite: 'new.example:81' }, wanted, agreeing);
  });

  test.each([
    ['a URL', new URL(TARGET), [H3]],
    ['a legacy URL object', url.parse(TARGET), BOTH],
    // The originals throw for it, or do nothing.
    ['an object of parts', { host: 't.example', port: 9000 }, []],
    ['an object with a protocol without colon', { hostname: 't.example', port: 9000, protocol: 'http' }, []],
  ])('with %s as the target', (_what, target, agreeing) => {
    rewritten({ location, target, hostRewrite: 'new.example:81' }, 'http://new.example:81/a?b=c', agreeing);
  });

  test('does nothing without a target, or with several locations', () => {
    for (const [target, given] of [
      [undefined, location],
      ['no URL', location],
      [TARGET, [location, location]],
    ]) {
      const input = {
        proxyRes: { statusCode: 302, headers: { location: given } },
        options: { target, hostRewrite: 'new' },
      };
      expect(run(ours, ['setRedirectHostRewrite'], input).headers.location).toBe(given);
    }
  });
});

describe('writeHeaders', () => {
  const cookie = ['a=b; Domain=old.example; Path=/old', 'c=d'];
  test.each([
    ['copies', { 'x-a': 'b', 'x-c': ['d', 'e'] }, {}, { 'x-a': 'b', 'x-c': ['d', 'e'] }, BOTH],
    ['leaves out what is not set', { 'x-a': undefined, 'x-b': null, 'x-c': 0 }, {}, { 'x-c': 0 }, BOTH],
    ['trims names', { ' x-a ': 'b' }, {}, { 'x-a': 'b' }, BOTH],
    ['takes cookies as they are', { 'set-cookie': cookie }, {}, { 'set-cookie': cookie }, BOTH],
    [
      'rewrites domains',
      { 'set-cookie': cookie },
      { cookieDomainRewrite: 'new.example' },
      { 'set-cookie': ['a=b; Domain=new.example; Path=/old', 'c=d'] },
      BOTH,
    ],
    [
      'removes domains',
      { 'set-cookie': cookie },
      { cookieDomainRewrite: '' },
      { 'set-cookie': ['a=b; Path=/old', 'c=d'] },
      BOTH,
    ],
    [
      'rewrites paths by their old value',
      { 'set-cookie': cookie },
      { cookiePathRewrite: { '/old': '/new' }, cookieDomainRewrite: false },
      { 'set-cookie': ['a=b; Domain=old.example; Path=/new', 'c=d'] },
      BOTH,
    ],
    // Of the target's connection, not of the answer.
    [
      'leaves out what is about a connection',
      { trailer: 'x', upgrade: 'h2c', 'x-a': 'b' },
      {},
      { 'x-a': 'b' },
      [],
    ],
    ['leaves out names that are none', { ' ': 'b', 'x-a': 'c' }, {}, { 'x-a': 'c' }, []],
  ])('%s', (_what, headers, options, set, agreeing) => {
    check(['writeHeaders'], { proxyRes: { headers }, options }, { set }, agreeing);
  });

  test('preserveHeaderKeyCase takes the last spelling', () => {
    const proxyRes = {
      headers: { 'x-a': '1, 2', 'x-b': '3' },
      rawHeaders: ['x-a', '1', 'X-A', '2', 'X-b', '3'],
    };
    const options = { preserveHeaderKeyCase: true };
    check(['writeHeaders'], { proxyRes, options }, { set: { 'X-A': '1, 2', 'X-b': '3' } }, BOTH);
    check(['writeHeaders'], { proxyRes }, { set: proxyRes.headers }, BOTH);
  });

  test('a client of HTTP/2 gets no connection', () => {
    const req = { httpVersion: '2.0', httpVersionMajor: 2 };
    const proxyRes = { headers: { connection: 'close', 'keep-alive': 'timeout=5', 'x-a': 'b' } };
    check(['writeHeaders'], { req, proxyRes }, { set: { 'x-a': 'b' } }, [H3]);
  });
});

describe('writeStatusCode', () => {
  test.each([
    [
      'with a reason',
      {},
      { statusCode: 404, statusMessage: 'Gone fishing' },
      { statusCode: 404, statusMessage: 'Gone fishing' },
      BOTH,
    ],
    ['without', {}, { statusCode: 404, statusMessage: '' }, { statusCode: 404 }, BOTH],
    [
      'for HTTP/2',
      { httpVersion: '2.0', httpVersionMajor: 2 },
      { statusCode: 404, statusMessage: 'Not Found' },
      { statusCode: 404 },
      [H3],
    ],
  ])('%s', (_what, req, proxyRes, state, agreeing) => {
    check(['writeStatusCode'], { req, proxyRes }, { state }, agreeing);
  });
});

test('all of them together give the answer that the proxy would have given', () => {
  const proxyRes = {
    statusCode: 301,
    statusMessage: 'Moved',
    headers: {
      location: 'http://t.example:9000/a',
      'transfer-encoding': 'chunked',
      'set-cookie': ['a=b; Path=/old'],
    },
  };
  const options = { target: 'http://t.example:9000', autoRewrite: true, cookiePathRewrite: '/' };
  check(
    Object.keys(ours),
    { proxyRes, options },
    {
      set: { location: 'http://me:8000/a', 'set-cookie': ['a=b; Path=/'], connection: 'keep-alive' },
      state: { statusCode: 301, statusMessage: 'Moved' },
    },
    [H3],
  );
});
