'use strict';

/** Failures: callback, `error` event, what they are given. */

const { types } = require('node:util');
const { ask, head, inChunks, reply, send } = require('../harness/texts.js');

const closed = ({ closed: port }) => ({ target: `http://127.0.0.1:${port}` });
const WITH_CALLBACK = ['http-proxy', 'http-proxy-3'];

/** The target's answer ends early. */
const broken = (name, answer, end, more = {}) => ({
  name,
  upstream: { answer, end },
  patience: 400,
  ...more,
});

module.exports = [
  { name: 'refused, a listener', options: closed, requests: 0 },
  { name: 'refused, a callback', options: closed, requests: 0, callback: true, originals: WITH_CALLBACK },
  { name: 'refused, a POST', options: closed, requests: 0, request: send('hello') },
  {
    name: 'refused, a callback of a call with options',
    options: () => ({}),
    perCall: closed,
    requests: 0,
    callback: true,
    originals: WITH_CALLBACK,
  },
  { name: 'a callback, and no failure', callback: true },
  {
    name: 'refused, the error’s properties',
    options: closed,
    requests: 0,
    on: {
      error: (error, req, res) => {
        const { code, errno, syscall, address, port, message } = error;
        res.end(
          JSON.stringify({ code, errno, syscall, address, isNumber: typeof port, message }).replaceAll(
            /:\d{4,5}\b/g,
            ':{port}',
          ),
        );
      },
    },
  },
  {
    name: 'refused, the arguments of error',
    options: closed,
    requests: 0,
    on: {
      error: (error, req, res, target) => {
        const kinds = [
          types.isNativeError(error),
          req.url,
          typeof res.end,
          typeof target,
          target.protocol,
          target.hostname,
        ];
        res.end(JSON.stringify(kinds));
      },
    },
  },
  broken('closed without an answer', '', 'fin'),
  broken('reset without an answer', '', 'rst'),
  broken('closed without an answer, a callback', '', 'fin', { callback: true, originals: WITH_CALLBACK }),
  broken('closed within the head', 'HTTP/1.1 200 OK\r\nX-A: ', 'fin'),
  broken('no HTTP', 'garbage\r\n\r\n', 'keep'),
  broken(
    'a control character in a value',
    'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n',
    'keep',
  ),
  broken(
    'a length and chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'keep',
  ),
  broken('closed within a body of known length', head('200 OK', ['Content-Length: 10']) + 'hello', 'fin'),
  broken('reset within a body of known length', head('200 OK', ['Content-Length: 10']) + 'hello', 'rst'),
  broken(
    'closed within a chunked body',
    head('200 OK', ['Transfer-Encoding: chunked']) + '5\r\nhello\r\n',
    'fin',
  ),
  {
    name: 'the answer of a listener’s own',
    options: closed,
    requests: 0,
    on: {
      error: (error, req, res) => {
        res.writeHead(503, { 'Content-Type': 'text/plain' });
        res.end('later');
      },
    },
  },
  {
    name: 'the request again from the listener',
    options: closed,
    on: {
      error(error, req, res) {
        this.web(req, res, { target: this.options.elsewhere });
      },
    },
    prepare: (proxy, at) => (proxy.options.elsewhere = at.target),
    originals: WITH_CALLBACK,
  },
  {
    name: 'the request again from the callback',
    options: closed,
    app: ({ proxy, req, res, at, web }) =>
      web({}, () => proxy.web(req, res, { target: at.target }, () => {})),
    originals: WITH_CALLBACK,
  },
  {
    name: 'proxyReq destroyed by a listener',
    on: { proxyReq: (proxyReq) => proxyReq.destroy() },
    requests: 0,
  },
  {
    name: 'proxyReq destroyed with an error',
    on: { proxyReq: (proxyReq) => proxyReq.destroy(Object.assign(new Error('mine'), { code: 'EMINE' })) },
    requests: 0,
  },
  {
    name: 'a failure after which the next request is served',
    upstream: {
      answer: [(connection) => connection.socket.end(), reply()],
    },
    request: [ask('/a', [], 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'), ask('/b')],
  },
  broken(
    'closed after a complete chunked answer',
    head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hello']),
    'fin',
  ),
];
