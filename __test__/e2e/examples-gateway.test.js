'use strict';

/** examples/gateway: an Express gateway in front of four services, started as a user would start it. */

const zlib = require('node:zlib');
const { deadUrl, startExample } = require('../support/examples.js');
const { readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, rawClient } = require('../support/peers.js');

afterEach(closeAll);

const startGateway = (env) => startExample('gateway/index.js', env);

/** A JSON answer: its status and body. */
async function asked(url, options) {
  const answer = await fetch(url, options);
  return { status: answer.status, ...(await answer.json()) };
}

/** Options of `fetch` that send a value. */
const sending = (value, method = 'POST') => ({
  method,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});

test('says what to try, and that works', async () => {
  const { url, output } = await startGateway();
  const lines = output.stdout.match(/curl .*/g);
  expect(lines).toHaveLength(4);
  const statuses = [];
  for (const line of lines) {
    const [, where, body] = /^curl http:\/\/localhost:\d+(\S+)(?:.* -d '(.*)')?$/.exec(line);
    const answer = await asked(url + where, body === undefined ? {} : sending(JSON.parse(body)));
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([200, 200, 201, 404]);
});

test.each([
  ['GET', '/users', 'users', '/'],
  ['GET', '/users/1?fields=name', 'users', '/1?fields=name'],
  ['DELETE', '/users/1', 'users', '/1'],
  ['GET', '/products?limit=2&q=f%C3%BCr', 'products', '/?limit=2&q=f%C3%BCr'],
  ['GET', '/products/1/reviews', 'products', '/1/reviews'],
  ['GET', '/orders/1', 'orders', '/1'],
  ['POST', '/orders/1/cancel', 'orders', '/1/cancel'],
  ['GET', '/notifications', 'notifications', '/'],
])('%s %s is answered by %s', async (method, where, service, path) => {
  const { url } = await startGateway();
  expect(await asked(url + where, { method })).toEqual({
    status: 200 + (method === 'POST'),
    service,
    method,
    path,
    body: '',
  });
});

test.each([
  ['GET', '/'],
  ['GET', '/admin'],
  ['GET', '/users/1/password'],
  ['PUT', '/users/1'],
  ['POST', '/products'],
  ['DELETE', '/orders/1'],
  ['GET', '/orders/1/cancel'],
  ['GET', '/notifications/1/read'],
  ['GET', '/usersx'],
])('%s %s is not allowed: 404, and no service hears of it', async (method, where) => {
  const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const names = ['USERS', 'PRODUCTS', 'ORDERS', 'NOTIFICATIONS'];
  const { url } = await startGateway(Object.fromEntries(names.map((name) => [`${name}_URL`, target.url])));
  expect(await asked(url + where, { method })).toEqual({ status: 404, message: 'There is no such path.' });
  expect(target.connections).toEqual([]);
});

test('a service that is down is 503 with a message, and the others go on', async () => {
  const { url, output } = await startGateway({ ORDERS_URL: await deadUrl() });
  const down = { status: 503, message: 'The service orders is not available.' };
  expect(await asked(`${url}/orders/1`)).toEqual(down);
  expect(await asked(`${url}/orders`, sending({ product: 1 }))).toEqual(down);
  expect(output.stderr).toMatch(/^orders: GET \/orders\/1: connect ECONNREFUSED 127\.0\.0\.1:\d+$/m);
  for (const name of ['users', 'products', 'notifications']) {
    expect(await asked(`${url}/${name}`)).toMatchObject({ status: 200, service: name });
  }
});

describe('a JSON body that was parsed is sent on whole', () => {
  test.each([
    ['small', { product: 1, quantity: 2 }],
    ['empty', {}],
    ['a list', [1, null, 'two']],
    ['beyond ASCII', { note: 'für Zoë – 本 🦀 \u2028 \0 "quoted"' }],
    ['large', { lines: Array.from({ length: 40_000 }, (_, i) => ({ i, name: `Stück ${i} 🦀` })) }],
  ])('%s', async (_case, value) => {
    const { url } = await startGateway();
    const answer = await asked(`${url}/orders`, sending(value));
    expect(answer).toEqual({ status: 201, service: 'orders', method: 'POST', path: '/', body: value });
    const edited = await asked(`${url}/users/1`, sending(value, 'PATCH'));
    expect(edited).toEqual({ status: 200, service: 'users', method: 'PATCH', path: '/1', body: value });
  });

  test('that came compressed and in chunks: as plain JSON of a known length', async () => {
    const value = { note: 'für Zoë'.repeat(100) };
    const target = await answeringTarget('HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}');
    const { port } = await startGateway({ ORDERS_URL: target.url });
    const client = await rawClient(
      port,
      'POST /orders HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Type: application/json\r\n' +
        'Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const packed = zlib.gzipSync(JSON.stringify(value));
    for (const piece of [packed.subarray(0, 10), packed.subarray(10)]) {
      client.socket.write(`${piece.length.toString(16)}\r\n`);
      client.socket.write(piece);
      client.socket.write('\r\n');
    }
    client.socket.write('0\r\n\r\n');
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 201, body: '{}' });

    const { text } = target.connections[0];
    const request = readRequest(text);
    expect(request).toMatchObject({
      start: 'POST / HTTP/1.1',
      framing: 'length',
      isComplete: true,
      rest: '',
    });
    expect(request.values('content-encoding')).toEqual([]);
    expect(request.values('host')).toEqual([`127.0.0.1:${target.port}`]);
    expect(request.values('x-forwarded-host')).toEqual(['me']);
    expect(JSON.parse(Buffer.from(request.body, 'latin1').toString())).toEqual(value);
  });

  test('one that is no JSON reaches no service', async () => {
    const { url } = await startGateway();
    const options = { method: 'POST', body: '{"a":', headers: { 'content-type': 'application/json' } };
    expect((await fetch(`${url}/orders`, options)).status).toBe(400);
  });

  test('a body that is no JSON passes as it is', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    const { url } = await startGateway({ ORDERS_URL: target.url });
    const body = 'größer';
    expect((await fetch(`${url}/orders`, { method: 'POST', body })).status).toBe(200);
    const request = readRequest(target.connections[0].text);
    expect(Buffer.from(request.body, 'latin1').toString()).toBe(body);
  });
});
