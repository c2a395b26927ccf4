'use strict';

/** Faults that only a listening engine meets, by the number that the catalogue gives them: descriptors, drain, the process's end. */

const { faultyAddon } = require('../support/child.js');
const { OK, doorTo, openDoor, startDoor } = require('../support/doors.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const statusOf = async (port) => readResponse(await rawExchange(port, GET)).status;

describe('F-11 no descriptor is left to accept with', () => {
  test.each([1, 2])(
    'F-11 with %i threads it waits without spinning, and goes on as soon as there is one',
    async (threads) => {
      const target = await answeringTarget(OK);
      const { ask } = startDoor({ target: target.url }, { threads }, { shell: 'ulimit -n 64' });
      const { port } = await ask('open');
      expect(await statusOf(port)).toBe(200);
      expect(await ask('exhaust')).toBe('EMFILE');
      const clients = await Promise.all([rawClient(port, GET), rawClient(port, GET)]);
      await eventually(async () => (await ask('stats')).door.acceptErrors >= 2);
      const before = await ask('cpu');
      await pause(1000);
      expect((await ask('cpu')) - before).toBeLessThan(300);
      expect(clients.map(({ text }) => text)).toEqual(['', '']);
      await ask('release');
      for (const client of clients) {
        await client.closed();
        expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
      }
    },
  );
});

describe('F-55 a thousand clients leave in the same moment', () => {
  test('F-55 their requests are given up within a second of processor time', async () => {
    const target = await rawTarget(() => {});
    const { ask } = startDoor({ target: target.url });
    const { port } = await ask('open');
    const clients = [];
    for (let i = 0; i < 1000; i += 50)
      clients.push(...(await Promise.all(Array.from({ length: 50 }, () => rawClient(port, GET)))));
    await eventually(async () => (await ask('stats')).exchanges === 1000, undefined, 10_000);
    const before = await ask('cpu');
    for (const { socket } of clients) socket.resetAndDestroy();
    await eventually(() => target.connections.every(({ ending }) => ending !== null), undefined, 5000);
    expect((await ask('cpu')) - before).toBeLessThan(1000);
    const isOver = async () => (await ask('stats')).door.connections === 0;
    await eventually(isOver);
    expect(await ask('stats')).toMatchObject({
      exchanges: 0,
      connections: 0,
      door: { abandoned: 1000, inFlight: 0 },
    });
  });
});

describe('F-64 the event loop is blocked for two seconds', () => {
  test('F-64 requests are served meanwhile, all of them', async () => {
    const target = await answeringTarget(OK);
    const { ask } = startDoor({ target: target.url });
    const { port } = await ask('open');
    let isBlocked = true;
    const blocked = ask('block', 2000).then(() => (isBlocked = false));
    let served = 0;
    while (isBlocked) {
      expect(await statusOf(port)).toBe(200);
      if (isBlocked) served += 1;
    }
    await blocked;
    expect(served).toBeGreaterThan(10);
  });
});

describe('closing', () => {
  test('F-70 with idle connections: at once, and the process ends by itself', async () => {
    const target = await answeringTarget(OK);
    const { ask, ended } = startDoor({ target: target.url }, { grace: 60_000 });
    const { port } = await ask('open');
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => rawClient(port, requestText('GET /'))),
    );
    for (const client of clients) await client.received('ok');
    await ask('close');
    for (const client of clients) await client.closed();
    await ask('leave');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('F-71 with fifty downloads in flight: all of them come to their end', async () => {
    const PIECE = 'x'.repeat(0x8000);
    const responses = [];
    const target = await httpServer((req, res) => {
      res.write(PIECE);
      responses.push(res);
    });
    const { port, proxy } = await openDoor({ target: target.url }, { grace: 30_000, threads: 2 });
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => rawClient(port, requestText('GET /'))),
    );
    await eventually(() => responses.length === clients.length);
    const closed = new Promise((resolve) => proxy.close(resolve));
    await eventually(() =>
      rawClient(port).then(
        () => false,
        () => true,
      ),
    );
    for (let i = 0; i < 20; i += 1) {
      for (const res of responses) res.write(PIECE);
      await pause(10);
    }
    for (const res of responses) res.end();
    for (const client of clients) {
      await client.closed(20_000);
      const { status, body, isComplete, rest } = readResponse(client.text);
      expect({ status, length: body.length, isComplete, rest }).toEqual({
        status: 200,
        length: 21 * PIECE.length,
        isComplete: true,
        rest: '',
      });
    }
    await closed;
    expect(proxy.stats()).toMatchObject({ exchanges: 0 });
  });

  test('F-72 beyond the time of grace: what is left is cut', async () => {
    const { port, proxy, target } = await doorTo('', { settings: { grace: 100, threads: 2 } });
    const clients = await Promise.all(Array.from({ length: 10 }, () => rawClient(port, GET)));
    await eventually(() => target.connections.length === clients.length);
    await new Promise((resolve) => proxy.close(resolve));
    for (const client of clients) await client.closed();
    for (const connection of target.connections) await connection.closed();
    expect(proxy.stats()).toMatchObject({ exchanges: 0, connections: 0 });
  });

  /** Asks one request after the other on one connection, until it is told to close it; gives what has come. */
  async function asker(port) {
    const client = await rawClient(port, requestText('GET /'));
    let from = 0;
    client.socket.on('data', () => {
      // Each answer is whole when this ends it.
      while (client.text.startsWith('\r\n\r\nok', client.text.indexOf('\r\n\r\n', from))) {
        const end = client.text.indexOf('\r\n\r\n', from) + 6;
        const isLast = client.text.slice(from, end).includes('connection: close');
        from = end;
        if (!isLast && !client.socket.destroyed) client.socket.write(requestText('GET /'));
      }
    });
    return client;
  }

  test('F-73 under load: whatever was taken is answered, whole', async () => {
    const target = await httpServer((req, res) => res.end('ok'));
    const { door, port, proxy } = await openDoor(
      { target: target.url },
      { grace: 30_000, threads: 2, maxRequestsPerSocket: 1e6 },
    );
    const clients = await Promise.all(Array.from({ length: 64 }, () => asker(port)));
    const began = Date.now();
    await pause(process.env.NIGHTLY ? 5000 : 500);
    const rate = (door.stats().forwarded * 1000) / (Date.now() - began);
    await new Promise((resolve) => proxy.close(resolve));
    for (const client of clients) await client.closed();
    let answers = 0;
    for (let { text } of clients) {
      while (text !== '') {
        const answer = readResponse(text);
        expect(answer).toMatchObject({ status: 200, isComplete: true });
        answers += 1;
        text = answer.rest;
      }
    }
    expect(door.stats()).toMatchObject({ forwarded: answers, abandoned: 0, cut: 0, failed: 0 });
    expect(rate).toBeGreaterThan(64);
  });
});

describe("the process's end", () => {
  test('F-74 process.exit with requests in flight: at once', async () => {
    const target = await rawTarget(() => {});
    const { ask, ended } = startDoor({ target: target.url }, { threads: 2 });
    const { port } = await ask('open');
    const clients = await Promise.all(Array.from({ length: 50 }, () => rawClient(port, GET)));
    await eventually(() => target.connections.length === clients.length);
    ask('exit', 3).catch(() => {});
    expect(await ended).toMatchObject({ code: 3, signal: null, stderr: '' });
    for (const client of clients) await client.closed();
  });

  test('F-75 a closed door keeps no process, whatever connections to targets are kept', async () => {
    const target = await answeringTarget(OK);
    const { ask, ended } = startDoor({ target: target.url }, { threads: 2 });
    const { port } = await ask('open');
    expect(await statusOf(port)).toBe(200);
    await ask('close');
    expect(await ask('stats')).toMatchObject({ idleConnections: expect.any(Number) });
    await ask('leave');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('F-80 a process that was stopped for a while closes nobody too early', async () => {
    const target = await answeringTarget(OK);
    const { ask, child } = startDoor({ target: target.url }, { keepAliveTimeout: 60_000 });
    const { port } = await ask('open');
    const client = await rawClient(port, requestText('GET /'));
    await client.received('ok');
    child.kill('SIGSTOP');
    await pause(1000);
    client.socket.write(GET);
    child.kill('SIGCONT');
    await client.closed();
    expect(readResponse(readResponse(client.text).rest)).toMatchObject({ status: 200, rest: '' });
  });
});

describe('F-79 the engine panics in a request', () => {
  test('F-79 that is answered with 500, the others go on, and it is counted', async () => {
    const target = await answeringTarget(OK);
    const { ask } = startDoor(
      { target: target.url },
      { threads: 2 },
      { env: { NAPI_RS_NATIVE_LIBRARY_PATH: faultyAddon() } },
    );
    const { port } = await ask('open');
    const panicking = lastRequest('GET /', ['x-fault: panic']);
    const texts = await Promise.all(
      Array.from({ length: 30 }, (_, i) => rawExchange(port, i % 3 === 0 ? panicking : GET)),
    );
    const statuses = texts.map((text) => readResponse(text).status);
    expect(statuses).toEqual(Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 500 : 200)));
    expect(await ask('stats')).toMatchObject({ exchanges: 0, panics: 10, door: { failed: 10, inFlight: 0 } });
  });
});
