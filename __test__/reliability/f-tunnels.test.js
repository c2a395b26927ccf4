'use strict';

/** Faults around tunnels: the process that ends, the application's listeners that fail. */

const { numOpenSockets } = require('../../index.js');
const { closeAll, eventually, rawClient } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const { WAYS, handshake, switchingTarget, tunnelBench } = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await eventually(() => numOpenSockets() === 0);
});

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.each(['adopted', 'bridged', 'messages'])('%s', (way) => {
  async function childWithTunnels() {
    const target = await switchingTarget(({ socket }) => socket.on('end', () => socket.end()));
    const child = startChild('tunnels.js', { args: [target.url, way], execArgv: ['--expose-gc'] });
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
