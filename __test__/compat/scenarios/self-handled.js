'use strict';

/** `selfHandleResponse`. */

const { reply } = require('../harness/texts.js');

const handled = (name, proxyRes, more = {}) => ({
  name,
  options: ({ target }) => ({ target, selfHandleResponse: true, ...more.options }),
  on: { proxyRes },
  upstream: { answer: reply(['X-Target: 1'], { status: '201 Made' }), ...more.upstream },
  ...more.scenario,
});

module.exports = [
  handled('an answer of the listener’s own', (proxyRes, req, res) => {
    proxyRes.resume();
    res.end('own');
  }),
  handled('the body changed', (proxyRes, req, res) => {
    const chunks = [];
    proxyRes.on('data', (chunk) => chunks.push(chunk));
    proxyRes.on('end', () => res.end(`${Buffer.concat(chunks)}`.toUpperCase()));
  }),
  handled('the body piped, the head copied by hand', (proxyRes, req, res) => {
    res.writeHead(proxyRes.statusCode, proxyRes.statusMessage, { 'x-target': proxyRes.headers['x-target'] });
    proxyRes.pipe(res);
  }),
  handled('the body piped without a head', (proxyRes, req, res) => {
    proxyRes.pipe(res);
  }),
  handled('setEncoding and text', (proxyRes, req, res) => {
    proxyRes.setEncoding('utf8');
    let text = '';
    proxyRes.on('data', (chunk) => (text += chunk));
    proxyRes.on('end', () => res.end(text + text));
  }),
  handled(
    'options that rewrite the head have no effect',
    (proxyRes, req, res) => {
      res.setHeader('x-cookie', proxyRes.headers['set-cookie']);
      proxyRes.pipe(res);
    },
    {
      options: { cookieDomainRewrite: 'new.test' },
      upstream: { answer: reply(['Set-Cookie: a=1; Domain=old.test']) },
    },
  ),
  {
    name: 'in one call',
    perCall: () => ({ selfHandleResponse: true }),
    on: {
      proxyRes: (proxyRes, req, res) => {
        proxyRes.resume();
        res.end('own');
      },
    },
  },
];
