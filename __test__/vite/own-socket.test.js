'use strict';

/** Vite's own socket, over which it tells its pages what has changed, beside a rule that matches every path (E-23). */

const { once } = require('node:events');
const { WebSocket } = require('ws');
const { closeAll, eventually, onCleanUp } = require('../support/peers.js');
const { converse } = require('../support/sockets.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');
const { VERSIONS, startVite, viteProject, viteTargets } = require('../support/vite.js');

afterEach(closeAll);

/** A page's end of Vite's own socket, and what it was told. */
async function page(url, token) {
  const socket = new WebSocket(`${url}/?token=${token}`, 'vite-hmr', { ca: CERTIFICATE, origin: url });
  onCleanUp(() => socket.terminate());
  const told = [];
  socket.on('message', (data) => told.push(JSON.parse(data).type));
  await once(socket, 'open');
  await eventually(() => told.length > 0);
  return { socket, told };
}

describe.each(VERSIONS)('Vite %i', (version) => {
  test.each([
    ['http', undefined],
    ['https', { key: KEY, cert: CERTIFICATE }],
  ])('%s: each socket is answered once, by whom it is for', async (scheme, https) => {
    const { targets } = await viteTargets();
    const { ask } = startVite(version);
    const settings = { kind: 'dev', root: viteProject(), targets, plugin: {}, https, isBroad: true };
    const { id, port } = await ask('start', settings);
    const url = `${scheme.replace('http', 'ws')}://127.0.0.1:${port}`;
    const { socket, told } = await page(url, await ask('token', id));

    const proxied = () => converse(`${url}/a?q=1`, { ca: CERTIFICATE, origin: 'http://page.example' });
    const before = await ask('stats');
    const { received, code, reason } = await proxied();
    const { url: path, host, origin } = JSON.parse(received[0]);
    const { target } = targets;
    expect({ path, host, origin }).toEqual({ path: '/a?q=1', host: new URL(target).host, origin: target });
    expect([code, reason]).toEqual([4001, 'bye']);

    await ask('reload', id);
    await eventually(() => told.includes('full-reload'));
    expect(told).toEqual(['connected', 'full-reload']);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    // The page's socket never came to the engine.
    expect((await ask('stats')).exchangesStarted - before.exchangesStarted).toBe(1);
  });
});
