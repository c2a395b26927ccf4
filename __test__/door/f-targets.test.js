'use strict';

/**
 * Faults of targets, by the numbers that the catalogue gives them, over each way to the native door at the same time. More kinds of each, and what
 * listeners are told: `__test__/reliability/f-*.test.js`, of which many ask a door as well.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { fullListener } = require('../support/child.js');
const { OK } = require('../support/doors.js');
const { overEachWay } = require('../support/door-ways.js');
const { deserted } = require('../support/engine.js');
const { closeAll, closedPort, eventually, onceFree, rawTarget } = require('../support/peers.js');
const { tlsTarget } = require('../support/tls.js');

afterEach(async () => {
  await closeAll();
  await deserted();
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
const OPEN = 'HTTP/1.1 200 OK\r\n\r\n';
const ENDS = { fin: (socket) => socket.end(), rst: (socket) => socket.resetAndDestroy() };
const ok = { status: 200, text: 'ok', end: 'whole' };
const failedWith = (status) => ({ status, end: 'whole' });

/** A target that does what `serve` says with each request, by its path; `/ok` it answers. */
function target(serve, ...where) {
  return rawTarget(
    (connection) => {
      connection.onRequest((head) => {
        const [, method, url] = /^(\S+) (\S+)/.exec(head);
        if (url === '/ok') connection.socket.write(OK);
        else serve(connection.socket, url, method);
      });
    },
    ...where,
  );
}

/** Asks a target for one thing after the other, and at last for what it answers: gives the outcomes of all but that. */
async function outcomes({ open }, options, requests, settings) {
  const { client, proxy } = await open(options, settings);
  const found = [];
  for (const request of requests) found.push(await client.ask(request).over());
  expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
  return { found, proxy, client };
}

test(
  'F-01 refused: 502 whatever the method, and served as soon as somebody is there',
  overEachWay(async ({ open }) => {
    const port = await closedPort();
    const { client, proxy } = await open({ target: `http://127.0.0.1:${port}` });
    for (const [method, body] of [
      ['GET', ''],
      ['POST', 'hello'],
      ['PUT', ''],
    ])
      expect(await client.ask({ method, body }).over()).toMatchObject(failedWith(502));
    expect(proxy.stats().door).toMatchObject({ failed: 3, forwarded: 3 });
    await onceFree(() => target(() => {}, port, '127.0.0.1'));
    expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
  }),
);

test('F-02 a backlog that is full: 504 after connectTimeout', async () => {
  const { port } = await fullListener('127.0.0.1');
  await overEachWay(async ({ open }) => {
    const { client } = await open({ target: `http://127.0.0.1:${port}`, connectTimeout: 300 });
    expect(await client.ask().over()).toMatchObject(failedWith(504));
  })();
});

test(
  'F-03 it accepts and says nothing: 504, with a body on its way or without',
  overEachWay(async (way) => {
    const { url } = await target(() => {});
    const silent = { target: url, timeouts: { head: 300 } };
    const { found } = await outcomes(way, silent, [{}, { method: 'POST', body: 'x'.repeat(100_000) }]);
    expect(found).toMatchObject([failedWith(504), failedWith(504)]);
  }),
);

test(
  'F-04 it resets at once, or when it has the head: 502, and a POST is sent once',
  overEachWay(async (way) => {
    const posts = [];
    const { url } = await target((socket, _url, method) => {
      if (method === 'POST') posts.push(method);
      socket.resetAndDestroy();
    });
    const { found } = await outcomes(way, { target: url }, [{}, { method: 'POST', body: 'hello' }]);
    expect(found).toMatchObject([failedWith(502), failedWith(502)]);
    expect(posts).toEqual(['POST']);
    const resetting = await rawTarget(({ socket }) => socket.resetAndDestroy());
    const { client } = await way.open({ target: resetting.url });
    expect(await client.ask().over()).toMatchObject(failedWith(502));
  }),
);

const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1');

(hasIpv6 ? test : test.skip)('F-06 two addresses, the first of them dead: the other is asked', async () => {
  const { port } = await fullListener('::1');
  await onceFree(() => target(() => {}, port, '127.0.0.1'));
  await overEachWay(async ({ open }) => {
    const { client } = await open({ target: `http://localhost:${port}` });
    expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
  })();
});

test(
  'F-07 TLS: a certificate that nobody vouches for, another protocol, a handshake that stalls',
  overEachWay(async ({ open }) => {
    const stranger = await tlsTarget((connection) => connection.onRequest(() => connection.socket.write(OK)));
    const plain = await rawTarget(({ socket }) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const silent = await rawTarget(() => {});
    const https = ({ port }) => `https://127.0.0.1:${port}`;
    for (const [options, outcome] of [
      [{ target: https(stranger) }, failedWith(502)],
      [{ target: https(stranger), secure: false }, ok],
      [{ target: https(plain) }, failedWith(502)],
      [{ target: https(silent), connectTimeout: 300 }, failedWith(504)],
    ]) {
      const { client } = await open(options);
      expect(await client.ask({ path: '/ok' }).over()).toMatchObject(outcome);
    }
    expect(stranger.connections.every(({ text }) => text === '' || text.startsWith('GET /ok '))).toBe(true);
  }),
);

test('F-08 a Unix socket that is not there: 502, and served when it is', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockets-'));
  try {
    await overEachWay(async ({ open, name }) => {
      const socketPath = path.join(folder, name.replaceAll(/\W/g, ''));
      const { client } = await open({ target: { protocol: 'http:', host: 'localhost', socketPath } });
      expect(await client.ask().over()).toMatchObject(failedWith(502));
      await target(() => {}, socketPath);
      expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
    })();
    await closeAll();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test(
  'F-20 it ends before or in the middle of its head: 502',
  overEachWay(async (way) => {
    const { url } = await target((socket, asked) => {
      const [, how, much] = asked.split('/');
      if (much !== 'nothing') socket.write('HTTP/1.1 200 OK\r\nContent-Le', () => ENDS[how](socket));
      else ENDS[how](socket);
    });
    const paths = ['/fin/nothing', '/rst/nothing', '/fin/part', '/rst/part'];
    const { found, proxy } = await outcomes(
      way,
      { target: url },
      paths.map((one) => ({ path: one, method: 'POST' })),
    );
    expect(found).toMatchObject(Array(4).fill(failedWith(502)));
    expect(proxy.stats().door).toMatchObject({ failed: 4, cut: 0 });
  }),
);

test.each([
  ['F-21', 'rst', CHUNKED, '4\r\nhalf\r\n'],
  ['F-22', 'fin', CHUNKED, '4\r\nhalf\r\n'],
  ['F-22', 'fin', LENGTH, 'half'],
  ['F-30', 'fin', LENGTH, ''],
  ['F-30', 'rst', OPEN, 'half'],
  ['F-31', 'fin', LENGTH, 'tooshort'],
])(
  '%s %s in the middle of the body (%j, %j): what has come is delivered, and it is cut',
  (_id, how, head, part) =>
    overEachWay(async (way) => {
      const { url } = await target((socket) => {
        // Together with its head a cut body would still be a 502.
        socket.write(head + part);
        setTimeout(() => ENDS[how](socket), 100);
      });
      const { found, proxy } = await outcomes(way, { target: url }, [{}]);
      const text = part.replace(/^4\r\n|\r\n$/g, '');
      expect(found).toEqual([{ status: 200, text, end: 'cut' }]);
      expect(proxy.stats().door).toMatchObject({ cut: 1, failed: 0 });
    })(),
);

test(
  'F-23 a body that is cut disturbs no other request, of the same connection or of others',
  overEachWay(async ({ open }) => {
    const held = [];
    const { url } = await target((socket, asked) => {
      socket.write(LENGTH);
      if (asked === '/cut') setTimeout(() => socket.resetAndDestroy(), 50);
      else held.push(socket);
    });
    const { client, proxy } = await open({ target: url });
    const others = Array.from({ length: 10 }, () => client.ask({ path: '/held' }));
    await Promise.all(others.map((other) => other.begun()));
    expect(await client.ask({ path: '/cut' }).over()).toMatchObject({ status: 200, end: 'cut' });
    for (const socket of held) socket.write('0123456789');
    for (const other of others)
      expect(await other.over()).toEqual({ status: 200, text: '0123456789', end: 'whole' });
    expect(proxy.stats().door).toMatchObject({ cut: 1, abandoned: 0 });
  }),
);

test(
  'F-24 it stalls: before and in its head 504, in its body a cut',
  overEachWay(async (way) => {
    const BEGUN = { '/none': '', '/head': 'HTTP/1.1 200 OK\r\nConte', '/body': `${LENGTH}half` };
    const { url } = await target((socket, asked) => socket.write(BEGUN[asked]));
    const { open } = way;
    const { client } = await open({ target: url, timeouts: { head: 300, idle: 300 } });
    const found = await Promise.all(Object.keys(BEGUN).map((one) => client.ask({ path: one }).over()));
    expect(found).toMatchObject([
      failedWith(504),
      failedWith(504),
      { status: 200, text: 'half', end: 'cut' },
    ]);
    expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
  }),
);

test(
  'F-25 many answers of one byte at a time: all of them arrive, and others are not disturbed',
  overEachWay(async ({ open }) => {
    const MANY = process.env.NIGHTLY ? 1000 : 90;
    const { url } = await target(async (socket) => {
      socket.write(LENGTH);
      for (let i = 0; i < 10; i += 1) {
        await pause(process.env.NIGHTLY ? 3000 : 150);
        socket.write(`${i}`);
      }
    });
    const { client } = await open({ target: url }, { maxConcurrentStreams: 1000, maxRequestsPerSocket: 1e6 });
    const drips = Array.from({ length: MANY }, () => client.ask());
    await Promise.all(drips.map((drip) => drip.begun()));
    for (let i = 0; i < 5; i += 1) expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
    expect(drips.some(({ end }) => end === null)).toBe(true);
    for (const drip of drips)
      expect(await drip.over(100_000)).toEqual({ status: 200, text: '0123456789', end: 'whole' });
  }),
  120_000,
);

test(
  'F-26 what is no HTTP/1.1: 502',
  overEachWay(async (way) => {
    const SAID = {
      '/ssh': 'SSH-2.0-x\r\n',
      '/html': '<html>\r\n\r\n',
      '/h2': '\0\0\x12\x04\0\0\0\0\0',
      '/status': 'HTTP/1.1 2OO OK\r\n\r\n',
    };
    const { url } = await target((socket, asked) => socket.end(Buffer.from(SAID[asked], 'latin1')));
    const paths = Object.keys(SAID).map((one) => ({ path: one }));
    const { found } = await outcomes(way, { target: url }, paths);
    expect(found).toMatchObject(paths.map(() => failedWith(502)));
  }),
);

test.each(['goes on reading', 'closes', 'resets'])(
  'F-27 it answers while the upload is under way, and %s: its answer arrives whole',
  (then) =>
    overEachWay(async ({ open }) => {
      let received = 0;
      const early = await rawTarget(({ socket }) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big');
          socket.on('data', (chunk) => (received += chunk.length));
          if (then === 'closes') socket.end();
          if (then === 'resets') setTimeout(() => socket.resetAndDestroy(), 50);
        });
      });
      const { client, proxy } = await open({ target: early.url });
      const asked = client.ask({ method: 'POST', body: null });
      const upload = setInterval(() => asked.sending.writable && asked.sending.write('x'.repeat(1000)), 5);
      try {
        await asked.until(() => asked.text === 'too big');
      } finally {
        clearInterval(upload);
      }
      expect(asked.status).toBe(413);
      asked.sending.destroy();
      // What there is of the upload goes nowhere after that.
      await eventually(() => proxy.stats().door.inFlight === 0);
      expect(received).toBeLessThan(10 << 20);
      expect(proxy.stats().door).toMatchObject({ failed: 0, cut: 0 });
    })(),
);

test(
  'F-28 interim answers: sixteen at most are passed on, and without end they are a failure',
  overEachWay(async (way) => {
    const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const { url } = await target((socket, asked) => {
      if (asked === '/many') return socket.write(HINT.repeat(60) + OK);
      const go = () => {
        while (!socket.destroyed && socket.write(HINT.repeat(10)));
      };
      socket.on('drain', go);
      return go();
    });
    const { client } = await way.open({ target: url });
    const many = client.ask({ path: '/many' });
    expect(await many.over()).toEqual(ok);
    expect(many.interim).toEqual(Array(16).fill(103));
    expect(await client.ask({ path: '/endless' }).over()).toMatchObject(failedWith(502));
    expect(await client.ask({ path: '/ok' }).over()).toEqual(ok);
  }),
);

test(
  'F-29 a switch of protocols that nobody has asked for: 502',
  overEachWay(async (way) => {
    const { url } = await target((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello'),
    );
    const { found } = await outcomes(way, { target: url }, [{}, { method: 'POST', body: 'hello' }]);
    expect(found).toMatchObject([failedWith(502), failedWith(502)]);
  }),
);

test(
  'F-30 the end of the connection is that of a body without a length',
  overEachWay(async (way) => {
    const { url } = await target((socket) => socket.end(`${OPEN}all of it`));
    const { found } = await outcomes(way, { target: url }, [{}]);
    expect(found).toEqual([{ status: 200, text: 'all of it', end: 'whole' }]);
  }),
);

test(
  'F-31 more than the length says is dropped, and nobody gets it',
  overEachWay(async (way) => {
    const { url, connections } = await target((socket) => socket.write(`${OK}${OK}`));
    const { found } = await outcomes(way, { target: url }, [{}, {}]);
    expect(found).toEqual([ok, ok]);
    await eventually(() => connections.slice(0, 2).every(({ ending }) => ending !== null));
  }),
);

test(
  'F-34 it answers faster than it is read, and dies: what has come is delivered before the cut',
  overEachWay(async ({ open, isMultiplexed }) => {
    const SIZE = 200_000;
    const { url } = await target((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(SIZE)}`);
      setTimeout(() => socket.destroy(), 300);
    });
    const { client } = await open({ target: url });
    const asked = client.ask();
    await asked.begun();
    asked.receiving.pause();
    await pause(600);
    asked.receiving.resume();
    const { text, end } = await asked.over();
    expect(end).toBe('cut');
    // Node's client throws away what it has not shown of a stream when that is reset.
    if (!isMultiplexed) expect(text.length).toBe(SIZE);
  }),
);
