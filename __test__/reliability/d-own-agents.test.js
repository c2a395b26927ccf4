'use strict';

/**
 * What targets can do (rows D) where the requests go over Node's own client, because of their agent. Connections are that agent's to keep and to
 * close; what its targets send is given to nobody whom it is not meant for, all the same.
 */

const http = require('node:http');
const { FACES } = require('../support/faces.js');
const { released } = require('../support/engine.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');

afterEach(async () => {
  await closeAll();
  await released();
});

class OwnAgent extends http.Agent {
  constructor() {
    super({ keepAlive: true });
    onCleanUp(() => this.destroy());
  }
}

const MINE = 'HTTP/1.1 200 OK\r\nX-Mine: 1\r\nContent-Length: 4\r\n\r\nmine';
const STALE = 'HTTP/1.1 200 OK\r\nX-Stale: 1\r\nContent-Length: 5\r\n\r\nstale';
const GET = lastRequest('GET /');

describe.each(FACES)('%s', (_face, serve) => {
  const ask = async (target, request = GET, options = {}) => {
    const errors = [];
    const on = { error: (error, _req, res) => void (errors.push(error), res.writeHead(error.status).end()) };
    const { port } = await serve({ target: target.url, agent: new OwnAgent(), on, ...options });
    const again = async (other = request) => ({ errors, ...readResponse(await rawExchange(port, other)) });
    return { ...(await again()), again };
  };

  test('D-24 a second response in one packet is given to nobody', async () => {
    const target = await answeringTarget(MINE + STALE);
    const { again } = await ask(target);
    for (let i = 0; i < 3; i++) expect((await again()).values('x-stale')).toEqual([]);
  });

  test.each([
    ['D-25', 'a response', STALE],
    ['D-25', 'half a response', 'HTTP/1.1 200 OK\r\nX-Stale: 1\r\n'],
    ['D-25', 'an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['D-26', 'bytes that are no HTTP', 'nonsense'],
  ])('%s %s that comes while idle is given to nobody', async (_row, _what, unasked) => {
    const target = await answeringTarget(MINE);
    const { again } = await ask(target);
    await new Promise((resolve) => target.connections[0].socket.write(unasked, resolve));
    for (let i = 0; i < 2; i++) {
      const answer = await again();
      expect(answer.values('x-stale')).toEqual([]);
      // Bytes that are still on their way when the connection is used again cannot be told from an answer that is none.
      if (answer.status === 200) expect(answer.body).toBe('mine');
      else expect(answer.status).toBe(502);
    }
  });

  test.each([
    ['FIN', (socket) => socket.end()],
    ['RST', (socket) => socket.resetAndDestroy()],
  ])('D-28 %s in place of an answer: a GET is repeated, a POST is not', async (_how, end) => {
    const target = await rawTarget((connection, index) => {
      let count = 0;
      connection.onRequest(() => {
        count += 1;
        if (index > 0 || count === 1) connection.socket.write(MINE);
        else end(connection.socket);
      });
    });
    const { again } = await ask(target);
    expect(await again()).toMatchObject({ status: 200, body: 'mine' });
    const other = await rawTarget((connection) => {
      let count = 0;
      connection.onRequest(() => (count++ === 0 ? connection.socket.write(MINE) : end(connection.socket)));
    });
    const posting = await ask(other);
    expect((await posting.again(lastRequest('POST /', ['Content-Length: 4'], 'body'))).status).toBe(502);
    expect(other.connections).toHaveLength(1);
  });

  test.each([
    ['D-13', 'a status that is none', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['D-16', 'no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['D-16', 'HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['D-17', 'a field line that is none', 'HTTP/1.1 200 OK\r\nno field\r\n\r\n'],
    ['D-19', 'a head of 70 KB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
    ['D-19', '300 fields', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(300)}Content-Length: 0\r\n\r\n`],
    [
      'D-23',
      'a 101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
    ['D-23', 'half a 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ])('%s %s is 502', async (_row, _what, answer) => {
    const { errors, status } = await ask(await answeringTarget(answer));
    expect([status, errors.map(({ side, phase }) => [side, phase])]).toEqual([502, [['upstream', 'head']]]);
  });

  test('D-31 an answer before the request body is sent', async () => {
    const target = await rawTarget(({ socket }) => socket.once('data', () => socket.write(MINE)));
    const { port } = await serve({ target: target.url, agent: new OwnAgent() });
    const client = await rawClient(port, requestText('POST /', ['Content-Length: 1000000']));
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'mine' });
    await target.connections[0].closed();
  });

  test('D-32 a body that stalls', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe');
    const { errors, isComplete } = await ask(target, GET, { timeouts: { idle: 100 } });
    expect(isComplete).toBe(false);
    expect(errors).toMatchObject([{ code: 'ERR_PROXY_IDLE_TIMEOUT', timeout: 'idle', phase: 'body' }]);
    await target.connections[0].closed();
  });

  test('D-38 fields of one hop stay on it', async () => {
    const answer =
      'HTTP/1.1 200 OK\r\nConnection: x-own\r\nX-Own: 1\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok';
    const target = await answeringTarget(answer);
    const fields = ['Connection: close, X-Own', 'X-Own: 1', 'TE: trailers', 'Proxy-Authorization: x'];
    const request = ['GET / HTTP/1.1', 'Host: me', ...fields, '', ''].join('\r\n');
    const response = await ask(target, request);
    expect([response.values('x-own'), response.values('upgrade')]).toEqual([[], []]);
    const sent = readRequest(target.connections[0].text);
    for (const name of ['x-own', 'te', 'proxy-authorization']) expect(sent.values(name)).toEqual([]);
  });

  test('D-41 trailers that change what was said before', async () => {
    const target = await answeringTarget(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=1\r\n\r\n',
    );
    expect(await ask(target)).toMatchObject({ body: 'ok', trailers: [['x-sum', '1']] });
  });
});
