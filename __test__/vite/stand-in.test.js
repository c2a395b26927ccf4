'use strict';

/** A proxy of another package that fronts one of ours: whoever holds it, another plugin for instance, reaches ours through it. */

const { createProxyServer } = require('../../index.js');
const { standIn } = require('../../lib/vite/stand-in.js');
const { answeringTarget, closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { lastRequest } = require('../support/messages.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

describe.each(['http-proxy', 'http-proxy-3'])('%s', (name) => {
  /** Both have the same options, as Vite's rule and ours have. */
  async function bench() {
    const { url } = await answeringTarget(OK);
    const options = { target: url };
    const theirs = require(name).createProxyServer(options);
    const ours = createProxyServer(options);
    standIn(theirs, ours);
    const { port } = await httpServer((req, res) => theirs.web(req, res, {}));
    return { theirs, ours, ask: () => rawExchange(port, lastRequest('GET /a')) };
  }

  test('a request to theirs is forwarded by ours, and its events are heard on both', async () => {
    const { theirs, ours, ask } = await bench();
    const log = [];
    ours.on('proxyReq', () => log.push('proxyReq on ours'));
    theirs.on('proxyReq', () => log.push('proxyReq on theirs')).once('end', () => log.push('once'));
    const before = ours.stats().exchangesStarted;
    expect(await ask()).toMatch(/^HTTP\/1\.1 200 .*good$/s);
    expect(await ask()).toMatch(/^HTTP\/1\.1 200 .*good$/s);
    expect(ours.stats().exchangesStarted - before).toBe(2);
    const each = ['proxyReq on ours', 'proxyReq on theirs'];
    expect(log).toEqual([...each, 'once', ...each]);
  });

  test('listeners are put on ours, counted there and taken away there', async () => {
    const { theirs, ours } = await bench();
    const listener = () => {};
    expect(theirs.on('proxyRes', listener)).toBe(theirs);
    expect([theirs.listenerCount('proxyRes'), ours.listenerCount('proxyRes')]).toEqual([1, 1]);
    expect(theirs.listeners('proxyRes')).toEqual([listener]);
    expect(theirs.removeListener('proxyRes', listener)).toBe(theirs);
    expect(ours.listenerCount('proxyRes')).toBe(0);
    const heard = [];
    ours.on('custom', (...args) => heard.push(args));
    expect(theirs.emit('custom', 1, 2)).toBe(true);
    expect(heard).toEqual([[1, 2]]);
  });

  test('a method of ours that was replaced is the one that is called', async () => {
    const { theirs, ours, ask } = await bench();
    ours.web = (req, res) => res.end('replaced');
    expect(await ask()).toMatch(/replaced$/);
    ours.ws = (...args) => args;
    expect(theirs.ws(1, 2, 3)).toEqual([1, 2, 3]);
  });

  test('passes are those of ours', async () => {
    const { theirs, ours, ask } = await bench();
    theirs.before('web', 'stream', (req, res) => {
      res.setHeader('x-pass', 'was here');
    });
    expect(theirs.webPasses).toBe(ours.webPasses);
    expect(await ask()).toContain('was here');
  });
});
