'use strict';

/** `hostRewrite`, `autoRewrite`, `protocolRewrite`. */

const url = require('node:url');
const { ask, reply } = require('../harness/texts.js');

/** The target answers with a location, which is a text or made of the target's address. */
function redirect(
  name,
  location,
  options,
  { status = '302 Found', lines = ['Host: public.test'], ...more } = {},
) {
  const text = (connection) => (typeof location === 'string' ? location : location(hostOf(connection)));
  return {
    name,
    options: ({ target }) => ({ target, ...options }),
    upstream: {
      answer: (connection) => connection.socket.write(reply([`Location: ${text(connection)}`], { status })),
    },
    request: ask('/', lines),
    ...more,
  };
}

const hostOf = ({ socket }) => `127.0.0.1:${socket.localPort}`;
const same = (host) => `http://${host}/to?q=1`;

module.exports = [
  redirect('none of the options', same, {}),
  ...['201 Created', '301 Moved', '302 Found', '307 Temporary', '308 Permanent'].map((status) =>
    redirect(`hostRewrite with a port, ${status}`, same, { hostRewrite: 'new.test:81' }, { status }),
  ),
  redirect('hostRewrite with a port, 303', same, { hostRewrite: 'new.test:81' }, { status: '303 See Other' }),
  redirect('hostRewrite with a port, 200', same, { hostRewrite: 'new.test:81' }, { status: '200 OK' }),
  redirect('hostRewrite with a port, 300', same, { hostRewrite: 'new.test:81' }, { status: '300 Choices' }),
  redirect('hostRewrite with a port, 404', same, { hostRewrite: 'new.test:81' }, { status: '404 No' }),
  redirect('hostRewrite without a port', same, { hostRewrite: 'new.test' }),
  redirect('hostRewrite and another host', 'http://other.test/to', { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and another port', 'http://127.0.0.1:1/to', { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and https', (host) => `https://${host}/to`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and a path alone', '/to', { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and a relative path', 'to?q=1', { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and no scheme', (host) => `//${host}/to`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and no scheme, another host', '//other.test/to', { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and no path', (host) => `http://${host}`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and a fragment', (host) => `http://${host}/a#b`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and credentials', (host) => `http://u:p@${host}/a`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and dot segments', (host) => `http://${host}/a/../b`, { hostRewrite: 'new.test:81' }),
  redirect('hostRewrite and the scheme in upper case', (host) => `HTTP://${host}/a`, {
    hostRewrite: 'new.test:81',
  }),
  redirect('autoRewrite with a port', same, { autoRewrite: true }, { lines: ['Host: public.test:8080'] }),
  redirect('autoRewrite without a port', same, { autoRewrite: true }),
  redirect('autoRewrite and another host', 'http://other.test/to', { autoRewrite: true }),
  redirect(
    'autoRewrite with changeOrigin',
    same,
    { autoRewrite: true, changeOrigin: true },
    {
      lines: ['Host: public.test:8080'],
    },
  ),
  redirect('hostRewrite before autoRewrite', same, { hostRewrite: 'new.test:81', autoRewrite: true }),
  redirect('protocolRewrite', same, { protocolRewrite: 'https' }),
  redirect('protocolRewrite with its colon', same, { protocolRewrite: 'https:' }),
  redirect('protocolRewrite and another host', 'http://other.test/to', { protocolRewrite: 'https' }),
  redirect(
    'protocolRewrite and autoRewrite',
    same,
    { protocolRewrite: 'https', autoRewrite: true },
    {
      lines: ['Host: public.test:8080'],
    },
  ),
  redirect('protocolRewrite and hostRewrite', same, { protocolRewrite: 'https', hostRewrite: 'new.test:81' }),
  redirect('protocolRewrite and no scheme', (host) => `//${host}/to`, { protocolRewrite: 'https' }),
  redirect('hostRewrite in one call', same, {}, { perCall: () => ({ hostRewrite: 'new.test:81' }) }),
  redirect(
    'hostRewrite and a legacy URL object',
    same,
    {},
    {
      options: ({ target }) => ({ target: url.parse(target), hostRewrite: 'new.test:81' }),
      originals: ['http-proxy', 'http-proxy-3'],
    },
  ),
  redirect(
    'hostRewrite and a URL',
    same,
    {},
    {
      options: ({ target }) => ({ target: new URL(target), hostRewrite: 'new.test:81' }),
      originals: ['http-proxy-3', 'httpxy'],
    },
  ),
  redirect(
    'hostRewrite and a plain object',
    same,
    {},
    {
      options: ({ port }) => ({
        target: { protocol: 'http:', host: '127.0.0.1', port },
        hostRewrite: 'new.test:81',
      }),
      originals: ['http-proxy-3', 'httpxy'],
    },
  ),
];
