'use strict';

/** What a client's connection carries besides one request (reliability rows C-26 to C-28). */

const { EventEmitter } = require('node:events');
const {
  answeringTarget,
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawTarget,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { readRequest, readResponse, readResponses, requestText } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const MEBIBYTE = 1024 * 1024;

afterEach(closeAll);

/** Answers each request with its own path as the body; the first one only when `release` is called. */
async function echoTarget() {
  let held;
  const target = await rawTarget((connection) => {
    connection.onRequest((head) => {
      const path = head.split(' ')[1];
      const answer = () => connection.socket.write(answerWith(path));
      if (path === '/0') held = answer;
      else answer();
    });
  });
  return { ...target, isHolding: () => held !== undefined, release: () => held() };
}

const answerWith = (path) =>
  `HTTP/1.1 200 OK\r\nX-Path: ${path}\r\nContent-Length: ${path.length}\r\n\r\n${path}`;

describe.each(FACES)('%s', (_name, face) => {
  test.each([
    ['GET', () => ''],
    ['POST', (i) => 'b'.repeat(i + 1)],
  ])('C-26 pipelined %s requests are answered in order, each with its own answer', async (method, bodyOf) => {
    const target = await echoTarget();
    const { port } = await face({ target: target.url });
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const lengthOf = (i) => (bodyOf(i) === '' ? [] : [`Content-Length: ${bodyOf(i).length}`]);
    const client = await rawClient(
      port,
      paths.map((path, i) => requestText(`${method} ${path}`, lengthOf(i), bodyOf(i))).join(''),
    );
    await eventually(target.isHolding);
    expect(client.text).toBe('');
    target.release();
    await client.received('\r\n\r\n/19');
    expect(readResponses(client.text).map((answer) => [answer.values('x-path')[0], answer.body])).toEqual(
      paths.map((path) => [path, path]),
    );
    const bodies = target.connections.flatMap((connection) => requestsIn(connection.text));
    expect(bodies.map(({ body }) => body).sort()).toEqual(paths.map((_, i) => bodyOf(i)).sort());
  });

  test('C-26 a failure between two pipelined requests is answered in its place', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest((head) => connection.socket.end(head.startsWith('GET /bad') ? 'nonsense' : OK));
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(
      port,
      ['/a', '/bad', '/b'].map((path) => requestText(`GET ${path}`)).join(''),
    );
    await client.until(({ text }) => text.split('\r\n\r\nok').length === 3);
    expect(readResponses(client.text).map(({ status }) => status)).toEqual([200, 502, 200]);
  });

  /** The number of listeners on everything that one connection's requests touch. */
  const listenersOf = (emitter) =>
    emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);

  /** A response that is none of Node's: it says nothing of its state, and has the methods that every one has. */
  class OtherResponse extends EventEmitter {
    constructor(res) {
      super();
      for (const name of [
        'setHeader',
        'getHeader',
        'hasHeader',
        'removeHeader',
        'writeHead',
        'write',
        'end',
      ]) {
        this[name] = res[name].bind(res);
      }
      for (const name of ['statusCode', 'statusMessage', 'headersSent']) {
        const set = (value) => {
          res[name] = value;
        };
        Object.defineProperty(this, name, { get: () => res[name], set });
      }
      res.on('finish', () => this.emit('finish'));
    }
  }
  const wrapping = async (server) => {
    const [listener] = server.listeners('request');
    server.removeAllListeners('request');
    server.on('request', (req, res) => listener(req, new OtherResponse(res)));
  };

  test.each([
    ['for Node’s own responses', async () => {}],
    ['for responses that are none of Node’s', wrapping],
  ])('C-27 requests leave no listener on their connection %s', async (_case, prepare) => {
    const target = await answeringTarget(OK);
    const { port, server } = await face({ target: target.url });
    await prepare(server);
    const sockets = [];
    server.on('connection', (socket) => sockets.push(socket));
    const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(port)));
    const ask = async (client, count) => {
      client.socket.write(requestText('GET /'));
      await client.until(({ text }) => text.split('\r\n\r\nok').length === count + 1);
    };
    await Promise.all(clients.map((client) => ask(client, 1)));
    await eventually(() => new Set(sockets.map(listenersOf)).size === 1);
    const before = sockets.map(listenersOf);
    for (let count = 2; count <= 30; count++) await Promise.all(clients.map((client) => ask(client, count)));
    await eventually(
      () => sockets.every((socket, i) => listenersOf(socket) === before[i]),
      () => `there were ${before} listeners, and are ${sockets.map(listenersOf)}`,
    );
  });

  const REFUSED = 'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 7\r\n\r\nno more';
  const ANSWERED = [
    (socket) => socket.write(REFUSED),
    (socket) => socket.end(REFUSED),
    // And reads no more.
    (socket) => socket.pause().end(REFUSED),
  ];

  const LISTENED = [
    ['with nobody listening', undefined],
    ['with a proxyRes listener', { proxyRes: () => {} }],
    ['with a proxyRes listener that reads', { proxyRes: (proxyRes) => proxyRes.on('data', () => {}) }],
  ];
  test.each(LISTENED)(
    'C-28 an answer before the upload ends is delivered, whatever its target does then, %s',
    async (_who, on) => {
      const earlyAnswer = async (answer) => {
        const target = await rawTarget((connection) => {
          connection.received('\r\n\r\n').then(() => answer(connection.socket));
        });
        const { port } = await face({ target: target.url, on });
        const lines = [`Content-Length: ${10 * MEBIBYTE}`];
        const client = await rawClient(port, requestText('POST /', lines, 'begun'));
        // It sends no more, and waits: the connection is closed all the same.
        await client.closed();
        target.connections[0].socket.resume();
        const response = readResponse(client.text);
        expect(response).toMatchObject({ status: 413, body: 'no more', isComplete: true, rest: '' });
        expect(response.values('connection')).toEqual(['close']);
        expect(client.ending).toBe('fin');
        await target.connections[0].closed();
        expect(readRequest(target.connections[0].text)).toMatchObject({ isComplete: false });
      };
      await Promise.all(ANSWERED.map(earlyAnswer));
    },
  );

  test.each([
    ['of known length', [`Content-Length: ${64 * MEBIBYTE}`], Buffer.alloc(16 * 1024, 'x')],
    ['in chunks', ['Transfer-Encoding: chunked'], Buffer.from(`4000\r\n${'x'.repeat(16 * 1024)}\r\n`)],
  ])(
    'C-28 of an upload %s that goes on after its answer only a little is read',
    async (_case, lines, piece) => {
      const target = await rawTarget((connection) => {
        connection.received('\r\n\r\n').then(() => connection.socket.write(REFUSED));
      });
      let socket;
      const app = (req, res, forward) => {
        socket = req.socket;
        return forward();
      };
      const { port } = await face({ target: target.url }, { app });
      const client = await rawClient(port, requestText('POST /', lines));
      await client.received('no more');
      const before = socket.bytesRead;
      const timer = setInterval(
        () => client.socket.writableLength < MEBIBYTE && client.socket.write(piece),
        0,
      );
      onCleanUp(() => clearInterval(timer));
      await client.closed();
      expect(readResponse(client.text)).toMatchObject({
        status: 413,
        body: 'no more',
        isComplete: true,
        rest: '',
      });
      // What is drained, and one read that was under way.
      expect(socket.bytesRead - before).toBeLessThanOrEqual(2 * 64 * 1024);
    },
  );

  test('C-28 an upload that ends soon after its answer ends the connection in order', async () => {
    const target = await rawTarget((connection) => {
      connection.received('\r\n\r\n').then(() => connection.socket.write(REFUSED));
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, requestText('POST /', ['Content-Length: 1000'], 'x'.repeat(500)));
    await client.received('no more');
    client.socket.write('x'.repeat(500));
    await client.closed();
    expect(client.ending).toBe('fin');
    expect(readResponse(client.text)).toMatchObject({
      status: 413,
      body: 'no more',
      isComplete: true,
      rest: '',
    });
  });

  function requestsIn(text) {
    const requests = [];
    for (let rest = text; rest !== ''; rest = requests.at(-1).rest) requests.push(readRequest(rest));
    return requests;
  }
});
