'use strict';

/** `upstreamProxy: 'env'`: which proxy the environment names for which target. */

const { upstreamProxy } = require('../../lib/proxy-server/upstream-proxy.js');

const BOTH = { HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://secure:2' };

const found = (target, environment) => upstreamProxy('env', new URL(target), environment)?.host;

test.each([
  ['http://t', 'plain'],
  ['ws://t', 'plain'],
  ['https://t', 'secure'],
  ['wss://t', 'secure'],
])('%s: %s', (target, host) => {
  expect(found(target, BOTH)).toBe(host);
  expect(found(target, { http_proxy: 'http://plain:1', https_proxy: 'http://secure:2' })).toBe(host);
});

test('what is spelled small comes first; what is empty is none', () => {
  expect(found('http://t', { HTTP_PROXY: 'http://large:1', http_proxy: 'http://small:1' })).toBe('small');
  expect(found('http://t', { HTTP_PROXY: '' })).toBeUndefined();
  expect(found('http://t', { HTTPS_PROXY: 'http://secure:2' })).toBeUndefined();
  expect(upstreamProxy(undefined, new URL('http://t'), BOTH)).toBeUndefined();
});

test.each([
  ['*', 'http://any', true],
  ['t', 'http://t', true],
  ['t', 'http://under.t', true],
  ['t', 'http://nott', false],
  ['T.TEST', 'http://t.test', true],
  ['.t', 'http://under.t', true],
  ['*.t', 'http://under.t', true],
  ['a, b c', 'http://b', true],
  ['a, b c', 'http://c', true],
  ['a, b c', 'http://d', false],
  ['t:80', 'http://t', true],
  ['t:81', 'http://t', false],
  ['t:81', 'http://t:81', true],
  ['t:443', 'https://t', true],
  ['127.0.0.1', 'http://127.0.0.1:9', true],
  ['127.0.0.1:9', 'http://127.0.0.1:9', true],
  ['127.0.0.2', 'http://127.0.0.1', false],
  ['10.0.0.0/8', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'http://11.1.2.3', false],
  ['10.0.0.0/8', 'http://ten', false],
  ['10.0.0.0/99', 'http://10.1.2.3', false],
  ['::1', 'http://[::1]', true],
  ['[::1]:80', 'http://[::1]', true],
  ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
  ['fd00::/8', 'http://[fd12::1]', true],
  ['', 'http://t', false],
])('NO_PROXY %p and %s', (list, target, isExempt) => {
  for (const name of ['NO_PROXY', 'no_proxy'])
    expect(found(target, { ...BOTH, [name]: list }) === undefined).toBe(isExempt);
});

test.each([
  ['http://proxy', { socks: false, secure: false, host: 'proxy', port: 80 }],
  ['http://us%40er:w%3Ard@proxy:3128', { authorization: `Basic ${btoa('us@er:w:rd')}`, port: 3128 }],
  ['https://proxy', { socks: false, secure: true, host: 'proxy', port: 443 }],
  ['socks5://proxy', { socks: true, host: 'proxy', port: 1080, authorization: undefined }],
  ['socks5h://user:word@[::1]:9', { socks: true, host: '::1', port: 9, credentials: ['user', 'word'] }],
])('%s', (url, proxy) => {
  expect(upstreamProxy(url, new URL('http://t'))).toMatchObject(proxy);
  expect(upstreamProxy('env', new URL('http://t'), { HTTP_PROXY: url })).toMatchObject(proxy);
});

test('the environment may leave out the protocol', () => {
  expect(upstreamProxy('env', new URL('http://t'), { http_proxy: 'proxy:3128' })).toMatchObject({
    host: 'proxy',
    port: 3128,
  });
  expect(() => upstreamProxy('env', new URL('http://t'), { http_proxy: 'ftp://proxy' })).toThrow(
    /HTTP_PROXY/,
  );
});
