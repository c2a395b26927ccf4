'use strict';

/** A browser's own WebSocket, headless Chromium's, through both faces. */

const { forwarder, FORWARDERS } = require('../support/forwarders.js');
const { runInBrowser } = require('../support/chromium.js');
const { echoServer, endTunnels } = require('../support/upgrades.js');

afterEach(endTunnels);

/* global window */

/**
 * In the page: text, bytes, something large, and the close that the server is asked for.
 *
 * @param {string[]} urls
 */
async function talk(urls) {
  const { WebSocket, TextEncoder, fetch } = window;
  const conversation = async (url) => {
    // As a page is loaded before its sockets are: a middleware subscribes to upgrades with its first request.
    await fetch(url.replace('ws', 'http'), { mode: 'no-cors' });
    const socket = new WebSocket(url, ['other', 'chat']);
    socket.binaryType = 'arraybuffer';
    const event = (name) =>
      new Promise((resolve, reject) => {
        socket.addEventListener(name, resolve, { once: true });
        socket.addEventListener('error', () => reject(new Error(`${url} failed`)), { once: true });
      });
    const answer = async (message) => {
      const answered = event('message');
      socket.send(message);
      return (await answered).data;
    };
    await event('open');
    const text = await answer('ä');
    const bytes = [...new Uint8Array(await answer(new TextEncoder().encode('ä')))];
    const large = 'ä'.repeat(1_000_000);
    const isLargeSame = (await answer(large)) === large;
    const closed = event('close');
    socket.close(4001, 'enough');
    const { code, reason, wasClean } = await closed;
    const { protocol, extensions } = socket;
    return { text, bytes, isLargeSame, code, reason, wasClean, protocol, extensions };
  };
  const results = [];
  for (const url of urls) results.push(await conversation(url));
  return results;
}

test.each(FORWARDERS)(
  'through %s: as without it, adopted, bridged and with a hook on messages',
  async (face) => {
    const target = await echoServer({
      perMessageDeflate: true,
      maxPayload: 4_000_000,
      handleProtocols: (offered) => [...offered].at(-1),
    });
    const messages = [];
    const wsMessage = (message, { direction }) => void messages.push([direction, message.length]);
    const proxies = [
      await forwarder(face, { target: target.url }),
      await forwarder(face, { target: target.url }, { isSecure: true }),
      await forwarder(face, { target: target.url, on: { wsMessage } }),
    ];
    const urls = [target.url, ...proxies.map(({ url }) => `${url.replace('http', 'ws')}/a`)];
    const [direct, ...through] = await runInBrowser(talk, urls);
    expect(direct).toMatchObject({ text: 'ä', bytes: [0xc3, 0xa4], isLargeSame: true, code: 4001 });
    expect(direct).toMatchObject({ protocol: 'chat', extensions: 'permessage-deflate' });
    expect(through).toEqual([direct, direct, direct]);
    const sizes = [1, 2, 1_000_000];
    expect(messages).toEqual(sizes.flatMap((size) => ['toTarget', 'toClient'].map((to) => [to, size])));
  },
  60_000,
);
