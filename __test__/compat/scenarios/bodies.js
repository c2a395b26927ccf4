'use strict';

/** Bodies and their framing, both ways. */

const { ask, head, inChunks, reply, send, sendChunks } = require('../harness/texts.js');

const LARGE = 'abcdefghij'.repeat(20_000);

const answering = (name, answer, more = {}) => ({
  name,
  upstream: { answer, ...more.peer },
  ...more.scenario,
});

module.exports = [
  { name: 'a request body of known length', request: send('hello') },
  { name: 'an empty request body', request: send('') },
  { name: 'a large request body', request: send(LARGE) },
  { name: 'a chunked request body', request: sendChunks(['hello', ' world']) },
  { name: 'an empty chunked request body', request: sendChunks([]) },
  {
    name: 'a chunked request body with extensions',
    request: ask('/', ['Transfer-Encoding: chunked'], 'POST') + '5;a=b\r\nhello\r\n0\r\n\r\n',
  },
  {
    name: 'a chunked request body with trailers that are not announced',
    request: ask('/', ['Transfer-Encoding: chunked'], 'POST') + inChunks(['hello'], ['X-Trailer: 1']),
  },
  { name: 'a POST without anything about a body', request: ask('/', [], 'POST') },
  { name: 'a body with a content type', request: send('{"a":1}', ['Content-Type: application/json']) },
  { name: 'a body with a content encoding', request: send('not really', ['Content-Encoding: gzip']) },
  {
    name: 'bytes that are no text',
    request: send('\x00\xff\xfe\r\n\r\n'.replaceAll(/[\x80-\xff]/g, '\x7f')),
  },
  {
    name: 'two requests with bodies on one connection',
    request: [send('first'), send('second')],
  },
  answering('a response body of known length', reply()),
  answering('an empty response body', reply([], { body: '' })),
  answering('a large response body', reply([], { body: LARGE })),
  answering(
    'a chunked response body',
    head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hello', ' world']),
  ),
  answering('an empty chunked response body', head('200 OK', ['Transfer-Encoding: chunked']) + inChunks([])),
  answering(
    'a large chunked response body',
    head('200 OK', ['Transfer-Encoding: chunked']) + inChunks([LARGE, LARGE]),
  ),
  answering('a chunked response body in two steps', (connection) => {
    connection.socket.write(head('200 OK', ['Transfer-Encoding: chunked']) + '5\r\nhello\r\n');
    setTimeout(() => connection.socket.write('6\r\n world\r\n0\r\n\r\n'), 30);
  }),
  answering('a response body of known length in two steps', (connection) => {
    connection.socket.write(head('200 OK', ['Content-Length: 11']) + 'hello');
    setTimeout(() => connection.socket.write(' world'), 30);
  }),
  answering('a response body that ends with its connection', head('200 OK') + 'hello', {
    peer: { end: 'fin' },
  }),
  answering('a compressed response body', reply(['Content-Encoding: gzip'], { body: 'not really' })),
  answering(
    'response trailers that are not announced',
    head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hello'], ['X-Trailer: 1']),
  ),
  answering(
    'response trailers that are announced',
    head('200 OK', ['Transfer-Encoding: chunked', 'Trailer: x-trailer']) +
      inChunks(['hello'], ['X-Trailer: 1']),
  ),
  answering('HEAD with a length', head('200 OK', ['Content-Length: 5']), {
    scenario: { request: ask('/', [], 'HEAD') },
  }),
  answering('HEAD with chunked', head('200 OK', ['Transfer-Encoding: chunked']), {
    scenario: { request: ask('/', [], 'HEAD') },
  }),
  answering('HEAD without either', head('200 OK'), { scenario: { request: ask('/', [], 'HEAD') } }),
  answering('a body for HTTP/1.0', head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hello']), {
    scenario: { request: 'GET / HTTP/1.0\r\nHost: me\r\n\r\n' },
  }),
  answering('a body of known length for HTTP/1.0', reply(), {
    scenario: { request: 'GET / HTTP/1.0\r\nHost: me\r\n\r\n' },
  }),
  answering('a body for HTTP/1.0 with keep-alive', reply(), {
    scenario: {
      request: 'GET / HTTP/1.0\r\nHost: me\r\nConnection: keep-alive\r\n\r\n',
      exact: ['connection'],
    },
  }),
  answering('a response of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', {
    peer: { end: 'fin' },
  }),
  {
    name: 'an application that has read the body and writes it in proxyReq',
    request: send('{"a":1}', ['Content-Type: application/json']),
    app: ({ req, web }) => {
      const chunks = [];
      req.on('data', (chunk) => chunks.push(chunk));
      req.on('end', () => {
        req.body = `[${Buffer.concat(chunks)}]`;
        web();
      });
    },
    on: {
      proxyReq: (proxyReq, req) => {
        proxyReq.setHeader('content-length', Buffer.byteLength(req.body));
        proxyReq.write(req.body);
        proxyReq.end();
      },
    },
  },
  {
    name: 'a response that comes before the request body is over',
    request: send('x'.repeat(100)),
    upstream: { answer: reply([], { status: '413 Too Large' }) },
  },
];
