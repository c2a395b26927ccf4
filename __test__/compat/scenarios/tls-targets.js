'use strict';

/** Targets that speak TLS: who the client is, which versions are spoken, names, and what goes over such connections. */

const https = require('node:https');
const { createPrivateKey } = require('node:crypto');
const { CERTIFICATE, KEY } = require('../../support/tls.js');
const { HTTP_PROXY, HTTP_PROXY_3 } = require('../harness/originals.js');
const { ask, reply, send } = require('../harness/texts.js');

const WORDS = 'open sesame';
const ENCRYPTED = createPrivateKey(KEY).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: WORDS,
});

/** Says who asks, and how. */
function introduce({ socket }) {
  const text = `${socket.getPeerCertificate()?.subject?.CN ?? 'nobody'} ${socket.getProtocol()} ${socket.servername || 'unnamed'}`;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
}

/** `at` says what the target is made of; `options`, what else the proxy is told. */
const over = (name, { parts = {}, options = {}, upstream = {}, host = 'localhost', ...more } = {}) => ({
  name,
  upstream: { over: 'tls', answer: introduce, ...upstream },
  options: ({ port }) => ({
    target: { protocol: 'https:', host, port, ca: CERTIFICATE, ...parts },
    changeOrigin: true,
    ...(typeof options === 'function' ? options() : options),
  }),
  ...more,
});

const asking = { tls: { requestCert: true, rejectUnauthorized: false, ca: CERTIFICATE } };
const demanding = { tls: { requestCert: true, rejectUnauthorized: true, ca: CERTIFICATE } };
const me = { key: KEY, cert: CERTIFICATE };

module.exports = [
  over('a client certificate', { parts: me, upstream: asking }),
  over('a client certificate that is demanded', { parts: me, upstream: demanding }),
  over('a client certificate in buffers', {
    parts: { key: Buffer.from(KEY), cert: Buffer.from(CERTIFICATE) },
    upstream: demanding,
  }),
  over('a client certificate in arrays', { parts: { key: [KEY], cert: [CERTIFICATE] }, upstream: demanding }),
  over('a client certificate whose key is encrypted', {
    parts: { key: ENCRYPTED, cert: CERTIFICATE, passphrase: WORDS },
    upstream: demanding,
  }),
  over('a client certificate, and a body', { parts: me, upstream: demanding, request: send('hello') }),
  over('a client certificate, over TLS 1.2', {
    parts: me,
    upstream: { tls: { ...demanding.tls, maxVersion: 'TLSv1.2' } },
  }),
  over('a client certificate of an agent', {
    options: () => ({ agent: new https.Agent({ keepAlive: true, ca: CERTIFICATE, ...me }) }),
    upstream: demanding,
    request: ask('/', ['Connection: keep-alive']),
  }),
  over('no client certificate, though one is asked for', { upstream: asking }),
  over('TLS 1.2 only', { upstream: { tls: { maxVersion: 'TLSv1.2' } } }),
  over('TLS 1.3 only', { upstream: { tls: { minVersion: 'TLSv1.3' } } }),
  over('an address', { host: '127.0.0.1' }),
  over('an address, with the name of an agent', {
    host: '127.0.0.1',
    options: () => ({
      agent: new https.Agent({ keepAlive: true, ca: CERTIFICATE, servername: 'localhost' }),
    }),
    request: ask('/', ['Connection: keep-alive']),
  }),
  over('the name in a field of the options', {
    host: '127.0.0.1',
    options: { changeOrigin: false, headers: { host: 'localhost' } },
  }),
  over('ca in one call', { parts: { ca: undefined }, perCall: () => ({ ca: CERTIFICATE }) }),
  over('secure: true in one call', {
    parts: { ca: undefined },
    options: { secure: false },
    perCall: () => ({ secure: true }),
    requests: 0,
    // httpxy's constructor has the last word.
    originals: ['http-proxy', 'http-proxy-3'],
  }),
  over('auth', { options: { auth: 'user:password' }, upstream: { answer: undefined } }),
  over('a path', { parts: { pathname: '/base' }, upstream: { answer: undefined }, request: ask('/a?b=c') }),
  over('chunks', {
    upstream: { answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n' },
  }),
  over('an answer that ends with its connection', {
    upstream: { answer: 'HTTP/1.1 200 OK\r\n\r\nhello', end: 'fin' },
  }),
  over('no answer', { upstream: { answer: '', end: 'fin' } }),
  over('a reset in the middle of the answer', {
    upstream: { answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', end: 'rst' },
  }),
  over('two requests', {
    request: [ask('/a', ['Connection: keep-alive']), ask('/b', ['Connection: close'])],
  }),
  over('a redirect that is followed', {
    originals: [HTTP_PROXY, HTTP_PROXY_3],
    options: { followRedirects: true, ca: CERTIFICATE },
    upstream: { answer: [reply(['Location: /to'], { status: '302 Found', body: 'gone' }), reply()] },
    requests: 2,
  }),
  over('a name that is not there', { host: 'no.such.name.invalid', requests: 0 }),
];
