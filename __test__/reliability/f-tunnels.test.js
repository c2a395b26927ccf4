'use strict';

/** Faults around tunnels: the process or the thread that ends, the event loop that stands still, listeners that fail. */

const { numOpenSockets } = require('../../index.js');
const { closeAll, eventually, rawClient, rawTarget } = require('../support/peers.js');
const { readResponse } = require('../support/messages.js');
const { startChild } = require('../support/child.js');
const {
  EVERYWHERE,
  FACES,
  WAYS,
  grant,
  handshake,
  switchingTarget,
  tunnelBench,
  tunnelled,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await eventually(() => numOpenSockets() === 0);
});

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const faces = Object.keys(FACES);
const everyWay = faces.flatMap((face) => ['adopted', 'bridged', 'messages'].map((way) => [face, way]));

describe.each(everyWay)('%s, %s', (face, way) => {
  async function childWithTunnels() {
    const target = await switchingTarget(({ socket }) => socket.on('end', () => socket.end()));
    const child = startChild('tunnels.js', { args: [target.url, way, face], execArgv: ['--expose-gc'] });
    const port = await child.ask('port');
    const clients = await Promise.all(Array.from({ length: 5 }, () => rawClient(port, handshake())));
    await Promise.all(clients.map((client) => client.received('\r\n\r\n')));
    return { ...child, clients, target };
  }

  test('F-74 the process exits with tunnels open: at once, and everybody learns of it', async () => {
    const { ask, clients, ended, target } = await childWithTunnels();
    const began = Date.now();
    await ask('exit');
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(Date.now() - began).toBeLessThan(10_000);
    await Promise.all([...clients, ...target.connections].map((connection) => connection.closed()));
  });

  test('F-75 tunnels keep the process alive, and nothing else does', async () => {
    const { ask, child, clients, ended } = await childWithTunnels();
    await ask('close');
    await pause(400);
    expect(child.exitCode).toBeNull();
    clients[0].socket.write('x');
    for (const { socket } of clients) socket.end();
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});

/** A masked text frame, and the same as a server sends it. */
const FRAME = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
const ECHO = Buffer.from([0x81, 0x02, 0x68, 0x69]);

/** A target that sends as many frames back as it gets. */
const echoTarget = () =>
  switchingTarget(({ socket }) => {
    socket.on('data', (data) => {
      for (let at = 0; at < data.length; at += FRAME.length) socket.write(ECHO);
    });
  });

test.each(faces)('F-65 the event loop stands still: adopted tunnels go on, %s', async (face) => {
  const target = await echoTarget();
  const { ask } = startChild('tunnels.js', { args: [target.url, 'adopted', face] });
  const client = await rawClient(await ask('port'), handshake());
  await client.received('101 ');
  client.socket.write(FRAME);
  await client.until((it) => tunnelled(it).length === ECHO.length);
  let isBlocked = true;
  const blocked = ask('block', 3000).then(() => (isBlocked = false));
  for (let i = 2; i <= 6; i += 1) {
    client.socket.write(FRAME);
    await client.until((it) => tunnelled(it).length === i * ECHO.length);
    await pause(20);
  }
  expect(isBlocked).toBe(true);
  await blocked;
});

test.each(everyWay.filter(([, way]) => way !== 'adopted'))(
  'F-65 the event loop stands still: nothing is lost, %s, %s',
  async (face, way) => {
    const target = await echoTarget();
    const { ask } = startChild('tunnels.js', { args: [target.url, way, face] });
    const client = await rawClient(await ask('port'), handshake());
    await client.received('101 ');
    const blocked = ask('block', 1000);
    const MANY = 20_000;
    client.socket.write(Buffer.concat(Array(MANY).fill(FRAME)));
    await blocked;
    await client.until((it) => tunnelled(it).length === MANY * ECHO.length, 15_000);
  },
);

test.each(faces)(
  'F-76 worker threads: one that is terminated takes its tunnels along, and no others, %s',
  async (face) => {
    const target = await echoTarget();
    const { ask } = startChild('tunnel-workers.js', { args: [target.url, face] });
    const ports = await ask('ports');
    const alive = async (list, sent) => {
      for (const { socket } of list) socket.write(FRAME);
      await Promise.all(
        list.map((client) => client.until((it) => tunnelled(it).length === sent * ECHO.length)),
      );
    };
    const clients = await Promise.all(ports.map((port) => rawClient(port, handshake())));
    await Promise.all(clients.map((client) => client.received('101 ')));
    await alive(clients, 1);
    const before = await ask('descriptors');
    // Two threads, in each of which one is adopted and one bridged.
    await ask('terminate', 0);
    await Promise.all(clients.slice(0, 2).map((client) => client.closed()));
    await eventually(() => target.connections.filter(({ ending }) => ending !== null).length === 2);
    await alive(clients.slice(2), 2);
    // Two clients' sockets, one of them twice, two targets', and two that listened.
    await eventually(
      async () => (await ask('descriptors')) <= before - 7,
      () => 'descriptors are left',
      10_000,
    );
  },
);

test.each(Object.keys(WAYS))(
  'F-60 a listener of open that throws: error, and both ends are closed; %s',
  async (way) => {
    const target = await switchingTarget();
    const errors = [];
    const on = {
      open() {
        throw new Error('of the listener');
      },
      error: (error) => errors.push(error.message),
    };
    const bench = await tunnelBench({ target: target.url, on }, { way });
    const client = await bench.client(handshake());
    await Promise.all([client.closed(), target.connected().then((connection) => connection.closed())]);
    expect(errors).toEqual(['of the listener']);
  },
);

test('F-60 a listener of close that throws ends nothing but its own tunnel', async () => {
  const target = await switchingTarget(({ socket }) => socket.end());
  const on = {
    close() {
      throw new Error('of the listener');
    },
    error() {},
  };
  const bench = await tunnelBench({ target: target.url, on });
  const client = await bench.client(handshake());
  await client.closed();
  const next = await bench.client(handshake());
  await next.received('101 ');
});

/** Listeners that go wrong, and what becomes of the handshake or the message that was theirs. */
const rejects = () => Promise.reject(new Error('of the listener'));
const throws = () => {
  throw new Error('of the listener');
};
const never = () => new Promise(() => {});

describe.each(EVERYWHERE)('%s, %s', (face, way) => {
  const benchOf = async (on, options) => {
    const target = await echoTarget();
    const errors = [];
    const error = ({ code, message }) => errors.push(code ?? message);
    const settings = { target: target.url, hookTimeout: 100, ...options, on: { error, ...on } };
    return { ...(await tunnelBench(settings, { face, way })), target, errors };
  };

  test.each([
    ['F-60 throws', throws, 502, 'of the listener'],
    ['F-61 rejects', rejects, 502, 'of the listener'],
    ['F-61 rejects with nothing', () => Promise.reject(), 500, 'ERR_PROXY_HOOK'],
    ['F-62 never settles', never, 504, 'ERR_PROXY_HOOK_TIMEOUT'],
  ])('%s: proxyReqWs', async (_, listener, status, code) => {
    const { client, target, errors } = await benchOf({ proxyReqWs: listener });
    const refused = await client(handshake());
    await refused.closed();
    expect(readResponse(refused.text)).toMatchObject({ status, isComplete: true });
    expect(errors).toEqual([code]);
    expect(target.connections).toHaveLength(0);
  });

  test('F-63 proxyReqWs settles after the client has left: nobody is asked', async () => {
    let settle;
    let isAsked = false;
    const proxyReqWs = () => {
      isAsked = true;
      return new Promise((resolve) => (settle = resolve));
    };
    const { client, target, errors } = await benchOf({ proxyReqWs }, { hookTimeout: 10_000 });
    const left = await client(handshake());
    await eventually(() => isAsked);
    left.socket.destroy();
    await eventually(() => numOpenSockets() === 0);
    settle();
    await pause(50);
    expect(target.connections).toHaveLength(0);
    expect(errors).toEqual([]);
  });

  test.each([
    ['F-60 throws', throws, 'of the listener'],
    ['F-61 rejects', rejects, 'of the listener'],
    ['F-62 never settles', never, 'ERR_PROXY_HOOK_TIMEOUT'],
    ['F-60 returns what is no message', () => 42, 'ERR_INVALID_RETURN_VALUE'],
  ])('%s: wsMessage ends its tunnel', async (_, listener, code) => {
    const { client, target, errors } = await benchOf({ wsMessage: listener });
    const connection = await client(handshake());
    await connection.received('101 ');
    connection.socket.write(FRAME);
    await Promise.all([connection.closed(), (await target.connected()).closed()]);
    expect(errors).toEqual([code]);
    // Nobody has let it through.
    expect(tunnelled(target.connections[0])).toHaveLength(0);
  });

  test('F-63 wsMessage settles after the tunnel has ended: ignored', async () => {
    const settles = [];
    const wsMessage = () => new Promise((resolve) => settles.push(resolve));
    const { client, target, errors } = await benchOf({ wsMessage }, { hookTimeout: 10_000 });
    const connection = await client(handshake());
    await connection.received('101 ');
    connection.socket.write(FRAME);
    await eventually(() => settles.length === 1);
    target.connections[0].socket.resetAndDestroy();
    await connection.closed();
    settles[0]('late');
    await pause(50);
    expect(errors).toEqual(['ECONNRESET']);
  });

  test('F-78 the server is closed while the handshake is pending, and within open', async () => {
    const target = await rawTarget(() => {});
    const on = { open: () => bench.server.close() };
    const bench = await tunnelBench({ target: target.url, on }, { face, way });
    const connections = await Promise.all([bench.client(handshake()), bench.client(handshake())]);
    await eventually(() => target.connections.length === 2);
    await Promise.all(target.connections.map((connection) => connection.received('\r\n\r\n')));
    bench.server.close();
    target.connections[0].socket.write(grant());
    await eventually(() => connections.some(({ text }) => text.includes('101 ')));
    target.connections[1].socket.write(grant());
    for (const connection of connections) {
      await connection.received('101 ');
      connection.socket.write('x');
    }
    await Promise.all(
      target.connections.map((connection) => connection.until((it) => it.text.endsWith('\r\n\r\nx'))),
    );
  });
});
