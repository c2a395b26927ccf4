'use strict';

/** F-20…F-22, F-26, F-28…F-31: answers that end too early, or are none. */

const http = require('node:http');
const { closeAll, eventually, rawClient, rawExchange } = require('../support/peers.js');
const {
  EARS,
  GOOD,
  checkAfterwards,
  faultBench,
  faultyTarget,
  hears,
  nodeError,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
const ENDS = {
  FIN: ({ socket }) => socket.end(),
  RST: ({ socket }) => socket.resetAndDestroy(),
};
/** The target has sent these bytes when it ends the connection. */
const sends = (bytes, end) => ({
  onRequest(connection) {
    const { socket } = connection;
    if (bytes === '') return end(connection);
    return socket.write(Buffer.from(bytes, 'latin1'), () => end(connection));
  },
});
const nothing = () => {};

const times = (rows, columns) => rows.flatMap((row) => columns.map((column) => [row, column].flat()));

describe('F-20 the end comes before the head does', () => {
  const BEGINNINGS = {
    nothing: '',
    'half a status line': 'HTTP/1.1 20',
    'half a field': 'HTTP/1.1 200 OK\r\nContent-Le',
    'all but the last line feed': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r',
    'an interim response': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  };
  const rows = times(times(Object.keys(ENDS), Object.keys(BEGINNINGS)), EARS);

  test.each(rows)('F-20 %s after %s, told by %s', async (end, beginning, ear) => {
    const target = await faultyTarget(sends(BEGINNINGS[beginning], ENDS[end]));
    const bench = await faultBench(ear, { target: target.url });
    const answer = await rawExchange(bench.port, get);
    expect(statusOf(answer.replace(/^HTTP\/1\.1 103 [^]*?\r\n\r\n/, ''))).toBe(
      ear === 'middleware' ? 504 : 502,
    );
    if (hears(ear)) expect(bench.failures[0].error).toMatchObject({ code: 'ECONNRESET', status: 502 });
    await checkAfterwards(bench, { failures: 1, target });
  });

  test.each(Object.keys(ENDS))("F-20 %s before the head has the message of Node's client", async (end) => {
    const target = await faultyTarget(sends('', ENDS[end]));
    const bench = await faultBench('event', { target: target.url });
    await rawExchange(bench.port, get);
    const theirs = await nodeError(http, { port: target.port, host: '127.0.0.1' });
    const { code, message, syscall } = bench.failures[0].error;
    expect({ code, message, syscall }).toEqual({
      code: theirs.code,
      message: theirs.message,
      syscall: theirs.syscall,
    });
    await checkAfterwards(bench, { failures: 1, target });
  });
});

/** Heads, the part of a body that follows them, and the part as the client must get it. */
const BODIES = {
  chunked: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '4\r\nhalf\r\n', '4\r\nhalf\r\n'],
  'inside a chunk': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '9\r\nhalf', '4\r\nhalf\r\n'],
  'before the last chunk': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '4\r\nhalf\r\n0\r\n',
    '4\r\nhalf\r\n',
  ],
  'with a length': ['HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n', 'half', 'half'],
};

/** Lets the target end when the client has the first part, and looks at what the client then has. */
async function cutAfterFirstPart(ear, body, end, request = get) {
  const [head, sent, expected] = BODIES[body];
  let connection;
  const target = await faultyTarget({
    onRequest(one) {
      connection = one;
      one.socket.write(head + sent);
    },
  });
  const bench = await faultBench(ear, { target: target.url });
  const client = await rawClient(bench.port, request);
  await client.received('half');
  ENDS[end](connection);
  await client.closed();
  return { bench, target, client, expected };
}

describe.each([
  ['F-21', 'RST'],
  ['F-22', 'FIN'],
  ['F-30', 'FIN'],
])('%s %s in the middle of the body', (id, end) => {
  const bodies = id === 'F-30' ? ['with a length', 'chunked'] : Object.keys(BODIES);

  test.each(times(bodies, EARS))(
    `${id} ${end}, %s: the client's connection is cut, told by %s`,
    async (body, ear) => {
      const { bench, target, client, expected } = await cutAfterFirstPart(ear, body, end);
      expect(statusOf(client.text)).toBe(200);
      // No last chunk, no padding, no text of ours.
      expect(client.text.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(expected);
      if (hears(ear)) {
        expect(bench.failures[0].error).toMatchObject({
          code: 'ECONNRESET',
          phase: 'body',
          side: 'upstream',
        });
      }
      await checkAfterwards(bench, { failures: 1, target });
    },
  );

  test(`${id} ${end}: a client that takes the end of the connection for the end of the body is told by a reset`, async () => {
    const { bench, target, client } = await cutAfterFirstPart(
      'event',
      'chunked',
      end,
      'GET /a HTTP/1.0\r\n\r\n',
    );
    expect(client.ending).toBe('rst');
    await checkAfterwards(bench, { failures: 1, target });
  });

  test.each(bodies)(`${id} ${end} together with the head, %s: never a complete answer`, async (body) => {
    const [head, sent] = BODIES[body];
    const target = await faultyTarget(sends(head + sent, ENDS[end]));
    const bench = await faultBench('event', { target: target.url });
    const answer = await rawExchange(bench.port, get);
    if (statusOf(answer) !== 502) {
      expect(answer).not.toContain('0\r\n\r\n');
      expect(answer).not.toMatch(/content-length: [0-4]\r\n/);
    }
    await checkAfterwards(bench, { failures: 1, target });
  });

  test(`${id} ${end}: whoever reads proxyRes hears of it`, async () => {
    const { createProxyServer } = require('../../index.js');
    const { httpServer } = require('../support/peers.js');
    const [head, sent] = BODIES.chunked;
    let connection;
    const target = await faultyTarget({
      onRequest(one) {
        connection = one;
        one.socket.write(head + sent);
      },
    });
    const heard = [];
    const proxy = createProxyServer({ target: target.url, selfHandleResponse: true });
    proxy.on('error', (error) => heard.push(`proxy ${error.code}`));
    proxy.on('proxyRes', (proxyRes, req, res) => {
      for (const event of ['aborted', 'error', 'end', 'close']) proxyRes.on(event, () => heard.push(event));
      proxyRes.once('data', () => ENDS[end](connection));
      proxyRes.on('close', () => res.end(proxyRes.complete ? 'complete' : 'cut'));
    });
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    expect(await rawExchange(port, get)).toMatch(/\r\n\r\ncut$/);
    await eventually(() => heard.includes('close'));
    expect(heard.filter((event) => event !== 'proxy ECONNRESET').sort()).toEqual([
      'aborted',
      'close',
      'error',
    ]);
    expect(heard.filter((event) => event === 'proxy ECONNRESET')).toHaveLength(1);
  });
});

describe('F-26 no HTTP/1.1', () => {
  const ANSWERS = {
    SSH: 'SSH-2.0-OpenSSH_9.2\r\n',
    ICY: 'ICY 200 OK\r\nicy-name: radio\r\n\r\n',
    'HTTP/2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.2': 'HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/2 frames': '\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64',
    'a TLS alert': '\x15\x03\x03\x00\x02\x02\x46',
    'a document without a head': '<html><body>hello</body></html>\n',
    FTP: '220 ready\r\n',
    Redis: "-ERR unknown command 'GET'\r\n",
    zeros: '\0'.repeat(64),
    'a status that is none': 'HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n',
    'lower case': 'http/1.1 200 ok\r\ncontent-length: 0\r\n\r\n',
    'a request': 'GET / HTTP/1.1\r\nHost: me\r\n\r\n',
  };

  // The target keeps the connection: the answer alone must be enough.
  test.each(times(Object.keys(ANSWERS), EARS))('F-26 %s, told by %s', async (name, ear) => {
    const target = await faultyTarget(sends(ANSWERS[name], nothing));
    const bench = await faultBench(ear, { target: target.url });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
    if (hears(ear)) {
      expect(bench.failures[0].error).toMatchObject({
        code: expect.stringMatching(/^HPE_/),
        message: expect.stringMatching(/^Parse Error: /),
        status: 502,
      });
    }
    await target.connections[0].closed();
    await checkAfterwards(bench, { failures: 1, target });
  });
});

describe('F-28 interim responses', () => {
  test('F-28 a thousand, then the answer', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n'.repeat(1000);
    const target = await faultyTarget(sends(interim + GOOD, nothing));
    const bench = await faultBench('event', { target: target.url });
    const answer = await rawExchange(bench.port, get);
    expect(answer).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngood$/);
    expect(answer.match(/^HTTP\/1\.1 103/gm).length).toBeLessThanOrEqual(16);
    await checkAfterwards(bench, { failures: 0, target });
  });

  test.each(['100 Continue', '102 Processing', '103 Early Hints', '199 Odd'])(
    'F-28 %s without end: 502',
    async (status) => {
      const batch = Buffer.from(`HTTP/1.1 ${status}\r\n\r\n`.repeat(500));
      let written = 0;
      const target = await faultyTarget({
        onRequest({ socket }) {
          const go = () => {
            while (!socket.destroyed && socket.write(batch)) written += batch.length;
          };
          socket.on('drain', go);
          go();
        },
      });
      const bench = await faultBench('event', { target: target.url });
      const answer = await rawExchange(bench.port, get);
      expect(answer).toMatch(/HTTP\/1\.1 502 /);
      expect(bench.failures[0].error.code).toBe('HPE_HEADER_OVERFLOW');
      // What the system's buffers took is not what we read.
      expect(written).toBeLessThan(32 << 20);
      await checkAfterwards(bench, { failures: 1, target });
    },
  );
});

describe('F-29 101 to a request that asked for no upgrade', () => {
  const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  test.each(times([SWITCH, `${SWITCH}\x81\x02hi`, SWITCH + GOOD], EARS))(
    'F-29 %j, told by %s',
    async (bytes, ear) => {
      const target = await faultyTarget(sends(bytes, nothing));
      const bench = await faultBench(ear, { target: target.url });
      expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
      await target.connections[0].closed();
      await checkAfterwards(bench, { failures: 1, target });
    },
  );
});

describe('F-30 the target half-closes', () => {
  test('F-30 FIN after a head that promises no length is the end of the body', async () => {
    const target = await faultyTarget(sends('HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nall of it', ENDS.FIN));
    const bench = await faultBench('event', { target: target.url });
    const answer = await rawExchange(bench.port, get);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/9\r\nall of it\r\n0\r\n\r\n$/);
    await checkAfterwards(bench, { failures: 0, target });
  });

  test('F-30 RST after a head that promises no length is not', async () => {
    const target = await faultyTarget({
      onRequest(connection) {
        connection.socket.write('HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nhalf of it');
        setTimeout(() => ENDS.RST(connection), 50);
      },
    });
    const bench = await faultBench('event', { target: target.url });
    const answer = await rawExchange(bench.port, get);
    expect(answer).toContain('half of it');
    expect(answer).not.toContain('0\r\n\r\n');
    await checkAfterwards(bench, { failures: 1, target });
  });
});

describe('F-31 a length that is not true', () => {
  test.each(EARS)('F-31 too short a body: the connection is cut, told by %s', async (ear) => {
    const target = await faultyTarget(sends('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', ENDS.FIN));
    const bench = await faultBench(ear, { target: target.url });
    const answer = await rawExchange(bench.port, get);
    // Perhaps nothing of it has left when the end is found.
    expect(answer).toMatch(/^$|^HTTP\/1\.1 200 [^]*content-length: 10\r\n[^]*\r\n\r\n(hello)?$/);
    await checkAfterwards(bench, { failures: 1, target });
  });

  test('F-31 too long a body: what is too much is dropped, and the connection with it', async () => {
    const target = await faultyTarget(
      sends('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, more', nothing),
    );
    const bench = await faultBench('event', { target: target.url });
    expect(await rawExchange(bench.port, get)).toMatch(/\r\n\r\nhello$/);
    await target.connections[0].closed();
    await checkAfterwards(bench, { failures: 0, target });
    expect(target.connections).toHaveLength(2);
  });

  test('F-31 an upload that is shorter than it said is never completed by us', async () => {
    const target = await faultyTarget({});
    const bench = await faultBench('event', { target: target.url });
    const client = await rawClient(
      bench.port,
      'POST /a HTTP/1.1\r\nHost: me\r\nContent-Length: 10\r\n\r\nhello',
    );
    await eventually(() => target.connections[0]?.text.includes('hello'));
    client.socket.end();
    await target.connections[0].closed();
    expect(target.connections[0].text).toMatch(/content-length: 10\r\n[^]*\r\n\r\nhello$/);
    await checkAfterwards(bench, { failures: 0, target });
  });

  test('F-31 an upload that is longer than it said: what is too much is not part of it', async () => {
    const target = await faultyTarget(sends(GOOD, nothing));
    const bench = await faultBench('event', { target: target.url });
    const client = await rawClient(
      bench.port,
      'POST /a HTTP/1.1\r\nHost: me\r\nContent-Length: 5\r\n\r\nhello, more\r\n\r\n',
    );
    await client.closed();
    expect(client.text).toContain('HTTP/1.1 400 ');
    expect(target.connections.map(({ text }) => text).join()).not.toContain('more');
    await checkAfterwards(bench, { failures: 0, target });
  });
});
