'use strict';

/** One port, several threads: those of a door, Node's worker threads, the processes of a cluster. */

const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { listenTogether } = require('../../lib/proxy-server/cluster-port.js');
const { startChild } = require('../support/child.js');
const { OK, doorTo, openDoor, startDoor } = require('../support/doors.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const status = async (port) => readResponse(await rawExchange(port, GET)).status;
const MANY = 40;

/** So many requests, each on a connection of its own, all at once. */
const statuses = (port, count = MANY) => Promise.all(Array.from({ length: count }, () => status(port)));
const ALL_FINE = Array(MANY).fill(200);

/** A worker thread of Node's with a door; `ask()` gives its figures. */
async function workerDoor(target, port = 0, settings = { reusePort: true }) {
  const file = path.join(__dirname, '..', 'fixtures', 'door-worker.js');
  const worker = new Worker(file, { workerData: { target: target.url, port, settings } });
  onCleanUp(() => worker.terminate());
  const reply = async () => (await once(worker, 'message'))[0];
  const opened = await reply();
  const ask = () => {
    worker.postMessage('stats');
    return reply();
  };
  return { ...opened, ask, end: () => worker.terminate() };
}

describe('several threads of a door', () => {
  test('serve one port, and are closed together', async () => {
    const { port, proxy } = await doorTo(OK, { settings: { threads: 3, grace: 5000 } });
    expect(await statuses(port)).toEqual(ALL_FINE);
    expect(proxy.stats().door).toMatchObject({ accepted: MANY, forwarded: MANY });
    expect(proxy.stats().connectionsMade).toBeGreaterThan(0);
    await new Promise((resolve) => proxy.close(resolve));
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('are there as long as the engine is, for the next door as well', async () => {
    const { ask, pid } = startDoor({ target: 'http://127.0.0.1:1' }, { threads: 3 });
    const engines = () => {
      const names = fs.readdirSync(`/proc/${pid}/task`).map((task) => threadName(pid, task));
      return names.filter((name) => name === 'rs-proxy-engine').length;
    };
    for (let i = 0; i < 3; i += 1) {
      await ask('open');
      // A thread that has just begun does not have its name yet.
      await eventually(
        () => engines() === 3,
        () => `there are ${engines()}`,
      );
      await ask('close');
    }
  });

  test('count their connections together', async () => {
    const { port, proxy } = await doorTo(OK, { settings: { threads: 3, maxConnections: 2 } });
    const first = [await rawClient(port, requestText('GET /')), await rawClient(port, requestText('GET /'))];
    for (const client of first) await client.received('ok');
    const third = await rawClient(port, GET);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([third.text, proxy.stats().door.connections]).toEqual(['', 2]);
    first[0].socket.destroy();
    await third.closed();
    expect(readResponse(third.text)).toMatchObject({ status: 200 });
  });

  test('count their requests in flight together', async () => {
    const { port, proxy, target } = await doorTo('', { settings: { threads: 3, maxInFlight: 2 } });
    const held = [await rawClient(port, GET), await rawClient(port, GET)];
    await eventually(() => target.connections.length === 2);
    const answer = readResponse(await rawExchange(port, GET));
    expect([answer.status, ...answer.values('retry-after')]).toEqual([503, '1']);
    expect(proxy.stats().door).toMatchObject({ inFlight: 2, overloaded: 1, forwarded: 2 });
    for (const client of held) client.socket.destroy();
    await eventually(() => proxy.stats().door.inFlight === 0);
  });

  test('F-71 let what is in progress end, each of them', async () => {
    const { port, proxy, target } = await doorTo('', { settings: { threads: 3, grace: 20_000 } });
    const clients = await Promise.all(Array.from({ length: 12 }, () => rawClient(port, GET)));
    await eventually(() => target.connections.length === clients.length);
    const closed = new Promise((resolve) => proxy.close(resolve));
    for (const { socket } of target.connections) socket.write(OK);
    for (const client of clients) await client.closed();
    expect(clients.map(({ text }) => readResponse(text).status)).toEqual(Array(12).fill(200));
    await closed;
  });
});

/** Gone, if the thread has just ended. */
function threadName(pid, task) {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${task}/comm`, 'latin1').trim();
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

describe('several environments at one port', () => {
  test('F-76 each gets its part, and one that ends disturbs no other', async () => {
    const target = await answeringTarget(OK);
    const first = await workerDoor(target);
    const second = await workerDoor(target, first.port);
    expect(await statuses(first.port)).toEqual(ALL_FINE);
    const [one, other] = [await first.ask(), await second.ask()];
    expect(one.forwarded + other.forwarded).toBe(MANY);
    expect(Math.min(one.forwarded, other.forwarded)).toBeGreaterThan(0);
    await first.end();
    expect(await statuses(second.port)).toEqual(ALL_FINE);
  });

  test('which must say so', async () => {
    const target = await answeringTarget(OK);
    const { port } = await openDoor({ target: target.url });
    expect(await workerDoor(target, port, {})).toMatchObject({ code: 'EADDRINUSE' });
    expect(await workerDoor(target, port)).toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the workers of a cluster', () => {
  const cluster = async () => {
    const target = await answeringTarget(OK);
    const { ask } = startChild('door-cluster.js', { args: [target.url, '2'] });
    return { ask, port: await ask('open') };
  };

  test('F-77 listen at one port as they are; one that is killed leaves the rest to the other', async () => {
    const { ask, port } = await cluster();
    expect(await statuses(port)).toEqual(ALL_FINE);
    const forwarded = await ask('forwarded');
    expect(forwarded.reduce((sum, one) => sum + one)).toBe(MANY);
    expect(Math.min(...forwarded)).toBeGreaterThan(0);
    expect(await ask('kill')).toBe(1);
    expect(await statuses(port)).toEqual(ALL_FINE);
  });

  test('get the same port if they ask for any, as with servers of Node’s: the second is another', async () => {
    const target = await answeringTarget(OK);
    const { ask } = startChild('door-cluster.js', { args: [target.url, '3'] });
    const [ports, ...others] = await ask('openAnywhere', 2);
    expect(others).toEqual([ports, ports]);
    expect(new Set(ports).size).toBe(2);
    expect(await statuses(ports[1])).toEqual(ALL_FINE);
    const forwarded = await ask('forwarded');
    expect(forwarded.reduce((sum, one) => sum + one)).toBe(MANY);
    expect(forwarded.filter((one) => one > 0).length).toBeGreaterThan(1);
    // Those that are left go on, and those that come in their place join them.
    expect(await ask('kill')).toBe(2);
    expect(await statuses(ports[0])).toEqual(ALL_FINE);
    expect(await ask('join')).toBe(ports[0]);
  });

  test('pass over a port that somebody else has, but not for ever', async () => {
    const tries = [];
    const taken = (port) => {
      tries.push(port);
      if (tries.length % 3 !== 0) throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
      return 'open';
    };
    const { opened, release } = await listenTogether('127.0.0.1', taken);
    expect([opened, new Set(tries).size]).toEqual(['open', 3]);
    release();
    const fails = (code) => {
      const error = Object.assign(new Error('fails'), { code });
      const listen = jest.fn(() => {
        throw error;
      });
      return { listen, outcome: listenTogether('127.0.0.1', listen).catch((thrown) => thrown === error) };
    };
    for (const [code, times] of [
      ['EADDRINUSE', 8],
      ['EACCES', 1],
    ]) {
      const { listen, outcome } = fails(code);
      expect(await outcome).toBe(true);
      expect(listen).toHaveBeenCalledTimes(times);
    }
  });

  test('close their doors, and end, when they are disconnected', async () => {
    const { ask, port } = await cluster();
    expect(await ask('disconnect')).toBe(0);
    expect(await statuses(port)).toEqual(ALL_FINE);
    expect(await ask('disconnect')).toBe(0);
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
