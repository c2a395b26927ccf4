'use strict';

/**
 * Faults of targets that are asked for a WebSocket, through both faces, for clients' sockets of each kind: the client is answered with a
 * whole head, the failure is told once, nothing is left open, and the next handshake is served.
 */

const os = require('node:os');
const path = require('node:path');
const { createProxyServer } = require('../../index.js');
const { fullListener } = require('../support/child.js');
const { readResponse } = require('../support/messages.js');
const { closedPort, eventually, rawTarget } = require('../support/peers.js');
const { tlsTarget } = require('../support/tls.js');
const {
  EVERYWHERE,
  WAYS,
  endTunnels,
  grant,
  handshake,
  switchingTarget,
  tunnelBench,
  tunnelled,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(endTunnels);

const FIN = ({ socket }) => socket.end();
const RST = ({ socket }) => socket.resetAndDestroy();
const speaksPlain = ({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
const HALF = 'HTTP/1.1 101 Switching Protocols\r\nUpg';
const INTERIM = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

/** A target that does this as soon as it has a handshake. */
const onHandshake = (act) => rawTarget((connection) => connection.onRequest(() => act(connection)));
const sends = (bytes, end = () => {}) =>
  onHandshake((connection) => connection.socket.write(bytes, () => end(connection)));

/** `[title, status, code, options]`; the options are made anew for each test. */
const FAULTS = [
  [
    'F-01 connections are refused',
    502,
    'ECONNREFUSED',
    async () => ({ target: `ws://127.0.0.1:${await closedPort()}` }),
  ],
  [
    'F-02 connections are not answered',
    504,
    'ECONNECT_TIMEOUT',
    async () => ({
      target: `ws://127.0.0.1:${(await fullListener('127.0.0.1')).port}`,
      connectTimeout: 100,
    }),
  ],
  [
    'F-03 it accepts, and says nothing',
    504,
    'ECONNRESET',
    async () => ({ target: (await rawTarget(() => {})).url, proxyTimeout: 100 }),
  ],
  [
    'F-03 … with the limit of upgrades',
    504,
    'ECONNRESET',
    async () => ({ target: (await rawTarget(() => {})).url, upgradeTimeout: 100 }),
  ],
  [
    'F-04 it resets the connection at once',
    502,
    'ECONNRESET',
    async () => ({ target: (await rawTarget(RST)).url }),
  ],
  [
    'F-04 it resets the connection when it has the handshake',
    502,
    'ECONNRESET',
    async () => ({ target: (await onHandshake(RST)).url }),
  ],
  ['F-05 its name is not known', 502, 'ENOTFOUND', async () => ({ target: 'ws://nobody.invalid' })],
  [
    'F-07 its certificate is its own',
    502,
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    async () => ({ target: (await tlsTarget(() => {})).url.replace('https', 'wss') }),
  ],
  [
    'F-07 it does not speak TLS',
    502,
    'EPROTO',
    async () => ({ target: (await rawTarget(speaksPlain)).url.replace('http', 'wss') }),
  ],
  [
    'F-07 it does not go on with the TLS handshake',
    504,
    'ECONNECT_TIMEOUT',
    async () => ({ target: (await rawTarget(() => {})).url.replace('http', 'wss'), connectTimeout: 200 }),
  ],
  [
    'F-08 its Unix socket is not there',
    502,
    'ENOENT',
    async () => ({ target: { socketPath: path.join(os.tmpdir(), 'nobody.sock') } }),
  ],
  [
    'F-20 it ends in the middle of its head',
    502,
    'ECONNRESET',
    async () => ({ target: (await sends(HALF, FIN)).url }),
  ],
  [
    'F-20 it resets in the middle of its head',
    502,
    'ECONNRESET',
    async () => ({ target: (await sends(HALF, RST)).url }),
  ],
  [
    'F-24 it stalls in the middle of its head',
    504,
    'ECONNRESET',
    async () => ({ target: (await sends(HALF)).url, proxyTimeout: 100 }),
  ],
  [
    'F-26 it sends garbage',
    502,
    'HPE_INVALID_CONSTANT',
    async () => ({ target: (await sends('what?\r\n\r\n')).url }),
  ],
  [
    'F-28 interim responses without end',
    502,
    'HPE_HEADER_OVERFLOW',
    async () => ({ target: (await sends(INTERIM.repeat(5000))).url }),
  ],
];

describe.each(EVERYWHERE)('%s, %s', (face, way) => {
  test.each(FAULTS)('%s: %i', async (_, status, code, makeOptions) => {
    const good = await switchingTarget();
    const errors = [];
    const error = (failure) => errors.push(failure.code);
    const faulty = await makeOptions();
    const bench = await tunnelBench({ ...faulty, on: { error } }, { face, way });
    // Bytes that nobody may get before there is a tunnel.
    const client = await bench.client(`${handshake()}early`);
    await client.closed(10_000);
    expect(readResponse(client.text)).toMatchObject({ status, isComplete: true, rest: '' });
    expect(errors).toEqual([code]);
    const next = await tunnelBench({ target: good.url, on: { error } }, { face, way });
    await (await next.client(handshake())).received('101 ');
    expect(errors).toEqual([code]);
  });

  test('F-28 interim responses, and then a grant', async () => {
    const target = await switchingTarget(undefined, { answer: INTERIM.repeat(3) + grant() });
    const { client } = await tunnelBench({ target: target.url }, { face, way });
    const connection = await client(`${handshake()}early`);
    await connection.received('101 ');
    const { socket } = target.connections[0];
    socket.write('late');
    await connection.until((it) => it.text.endsWith('\r\n\r\nlate'));
    await target.connections[0].until((it) => tunnelled(it).toString() === 'early');
  });

  test('F-33 a target that is restarted: its tunnels end, and new ones are served', async () => {
    const target = await switchingTarget();
    const { client } = await tunnelBench({ target: target.url, on: { error() {} } }, { face, way });
    const first = await client(handshake());
    await first.received('101 ');
    const closed = new Promise((resolve) => target.server.close(resolve));
    target.connections[0].socket.destroy();
    await Promise.all([closed, first.closed()]);
    const refused = await client(handshake());
    await refused.closed();
    expect(readResponse(refused.text)).toMatchObject({ status: 502, isComplete: true });
    await switchingTarget(undefined, { where: [target.port, '127.0.0.1'] });
    await (await client(handshake())).received('101 ');
  });

  test('F-34 a target that sends much to a slow client, and ends: all of it arrives', async () => {
    const SIZE = 4 << 20;
    const target = await switchingTarget(({ socket }) => socket.end(Buffer.alloc(SIZE, 'x')));
    const { client } = await tunnelBench({ target: target.url }, { face, way });
    const connection = await client(handshake());
    connection.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    connection.socket.resume();
    await connection.until((it) => tunnelled(it).length === SIZE, 15_000);
  });
});

// Clients over TLS cannot reset.
const PLAIN = EVERYWHERE.filter(([, way]) => !WAYS[way].isSecure);

describe.each(PLAIN)('%s, %s', (face, way) => {
  test('F-06 a name of which one address is dead', async () => {
    // On 127.0.0.1; at ::1, which it means as well, nobody listens.
    const target = await switchingTarget();
    const { client } = await tunnelBench({ target: `ws://localhost:${target.port}` }, { face, way });
    await (await client(handshake())).received('101 ');
  });

  test('F-55 1,000 clients that leave at once', async () => {
    const target = await switchingTarget();
    const { client } = await tunnelBench({ target: target.url }, { face, way });
    const clients = [];
    for (let i = 0; i < 10; i += 1) {
      const some = await Promise.all(Array.from({ length: 100 }, () => client(handshake())));
      await Promise.all(some.map((one) => one.received('101 ')));
      clients.push(...some);
    }
    for (const { socket } of clients) socket.resetAndDestroy();
    await eventually(
      () => createProxyServer().stats().exchanges === 0,
      () => JSON.stringify(createProxyServer().stats()),
      10_000,
    );
    await Promise.all(target.connections.map((connection) => connection.closed()));
  });
});
