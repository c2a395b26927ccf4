'use strict';

/** httpxy's `proxyUpgrade`, beside the original. */

const { proxyUpgrade: ours, numOpenSockets } = require('../../index.js');
const { readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually, rawTarget } = require('../support/peers.js');
const {
  handshake,
  rawUpgradeClient,
  switchingTarget,
  tunnelled,
  upgradeServer,
} = require('../support/upgrades.js');

afterEach(closeAll);

const IMPLEMENTATIONS = [
  ['httpxy', () => import('httpxy').then(({ proxyUpgrade }) => proxyUpgrade)],
  ['ours', async () => ours],
];

/** Calls it for one client; gives the client, and what the promise came to. */
async function upgraded(proxyUpgrade, addr, { text = handshake(), options } = {}) {
  const results = [];
  const server = await upgradeServer((req, socket, head) => {
    results.push(
      proxyUpgrade(addr, req, socket, head, options).then(
        (proxySocket) => ({ proxySocket }),
        ({ message, code }) => ({ message, code }),
      ),
    );
  });
  const client = await rawUpgradeClient(server, text);
  await eventually(() => results.length === 1);
  return { client, result: results[0] };
}

describe.each(IMPLEMENTATIONS)('%s', (_name, load) => {
  let proxyUpgrade;
  beforeAll(async () => {
    proxyUpgrade = await load();
  });

  test.each([
    ['a ws: URL', ({ url }) => url],
    ['an http: URL', ({ port }) => `http://127.0.0.1:${port}`],
    ['host and port', ({ port }) => ({ host: '127.0.0.1', port })],
  ])('%s: resolves with the target’s socket; the client is behind a proxy', async (_form, addr) => {
    const target = await switchingTarget(({ socket }) => socket.write('welcome'));
    const { client, result } = await upgraded(proxyUpgrade, addr(target));
    await client.until((it) => tunnelled(it).toString() === 'welcome');
    const { proxySocket } = await result;
    expect(proxySocket.remotePort).toBe(target.port);
    client.socket.write('thanks');
    await target.connections[0].until((it) => tunnelled(it).toString() === 'thanks');
    const request = readRequest(target.connections[0].text);
    expect(request.values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.values('x-forwarded-proto')).toEqual(['ws']);
    client.socket.destroy();
    proxySocket.destroy();
  });

  test('a Unix socket, without xfwd', async () => {
    const path = `/tmp/rs-proxy-upgrade-fn-${process.pid}.sock`;
    const target = await switchingTarget(({ socket }) => socket.write('unix'), { where: [path] });
    for (const addr of [`unix:${path}`, { socketPath: path }]) {
      const { client, result } = await upgraded(proxyUpgrade, addr, { options: { xfwd: false } });
      await client.until((it) => tunnelled(it).toString() === 'unix');
      client.socket.destroy();
      (await result).proxySocket.destroy();
    }
    expect(readRequest(target.connections[0].text).values('x-forwarded-for')).toEqual([]);
  });

  test('a target that does not switch: its answer is relayed, and the promise rejects', async () => {
    const target = await answeringTarget('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno', {
      end: 'fin',
    });
    const { client, result } = await upgraded(proxyUpgrade, target.url);
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 403, body: 'no' });
    expect((await result).message).toBe('Upstream server did not upgrade the connection');
  });

  test('a target that refuses connections, and one that takes too long: the promise rejects', async () => {
    const refused = await upgraded(proxyUpgrade, 'ws://127.0.0.1:1');
    expect((await refused.result).code).toBe('ECONNREFUSED');
    await refused.client.closed();
    const silent = await rawTarget(() => {});
    const slow = await upgraded(proxyUpgrade, silent.url, { options: { upgradeTimeout: 100 } });
    expect((await slow.result).message).toEqual(expect.any(String));
    await slow.client.closed();
  });

  test('what is no handshake rejects, and its socket is destroyed; no address throws', async () => {
    const text = handshake().replace('Upgrade: websocket', 'Upgrade: h2c');
    const { client, result } = await upgraded(proxyUpgrade, 'ws://127.0.0.1:1', { text });
    await client.closed();
    expect(client.text).toBe('');
    expect((await result).message).toBe('Not a valid WebSocket upgrade request');
    expect(() => proxyUpgrade({}, {}, {})).toThrow('ProxyAddr must have either `port` or `socketPath`');
  });
});

test('a client that leaves rejects', async () => {
  const silent = await rawTarget(() => {});
  const { client, result } = await upgraded(ours, silent.url);
  await silent.connected();
  client.socket.resetAndDestroy();
  expect((await result).code).toBe('ECONNRESET');
  await eventually(() => numOpenSockets() === 0);
});
