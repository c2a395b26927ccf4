'use strict';

/** gRPC through the proxy: Node's HTTP/2 server in front, a target that speaks HTTP/2 behind. Calls of all four kinds, and what ends them. */

const grpc = require('@grpc/grpc-js');
const http2 = require('node:http2');
const { once } = require('node:events');
const { FACES } = require('../support/faces.js');
const { http2Server } = require('../support/http2.js');
const { released } = require('../support/engine.js');
const { closeAll, eventually, onCleanUp, testServer } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

const bytes = { serialize: (text) => Buffer.from(text), deserialize: (buffer) => buffer.toString() };
const method = (name, requestStream, responseStream) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});
const SERVICE = {
  unary: method('Unary', false, false),
  down: method('Down', false, true),
  up: method('Up', true, false),
  both: method('Both', true, true),
};

/** What each kind of call does; `cancelled` hears of those that their clients have given up. */
function handlers(cancelled) {
  return {
    unary({ request, metadata }, callback) {
      if (request === 'fail') {
        const trailers = new grpc.Metadata();
        trailers.set('x-detail', 'said');
        callback({ code: grpc.status.FAILED_PRECONDITION, details: 'not so', metadata: trailers });
        return;
      }
      const trailers = new grpc.Metadata();
      trailers.set('x-asked', String(metadata.get('x-ask')));
      callback(null, `got ${request}`, trailers);
    },
    down(call) {
      const count = Number(call.request);
      call.on('cancelled', () => cancelled.push('down'));
      if (count < 0) return call.write('begun');
      for (let i = 0; i < count; i++) call.write(`${i}`);
      return call.end();
    },
    up(call, callback) {
      let length = 0;
      call.on('data', (text) => (length += text.length));
      call.on('end', () => callback(null, `${length}`));
    },
    both(call) {
      call.on('data', (text) => call.write(`<${text}>`));
      call.on('end', () => call.end());
    },
  };
}

const SECURITY = {
  'over TLS': {
    serve: (listener) =>
      testServer(http2.createSecureServer({ key: KEY, cert: CERTIFICATE, allowHTTP1: true }, listener)),
    server: () =>
      grpc.ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(KEY), cert_chain: Buffer.from(CERTIFICATE) },
      ]),
    client: () => grpc.credentials.createSsl(Buffer.from(CERTIFICATE)),
    options: (port) => ({
      target: `https://localhost:${port}`,
      ca: CERTIFICATE,
      changeOrigin: true,
      http2: 'auto',
    }),
  },
  'without TLS': {
    serve: http2Server,
    server: () => grpc.ServerCredentials.createInsecure(),
    client: () => grpc.credentials.createInsecure(),
    options: (port) => ({ target: `http://127.0.0.1:${port}`, http2: true }),
  },
};

async function bench({ serve, server, client, options }, face, more) {
  const cancelled = [];
  const target = new grpc.Server();
  target.addService(SERVICE, handlers(cancelled));
  const port = await new Promise((resolve, reject) => {
    target.bindAsync('127.0.0.1:0', server(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  onCleanUp(() => target.forceShutdown());
  const front = await face({ ...options(port), ...more }, { serve });
  const Client = grpc.makeGenericClientConstructor(SERVICE, 'Echo');
  const caller = new Client(`localhost:${front.port}`, client());
  onCleanUp(() => caller.close());
  return { caller, cancelled };
}

/** A call with one answer: the answer, or the error, and the trailers. */
function answered(caller, name, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve) => {
    let outcome;
    const call = caller[name](request, metadata, (error, answer) => (outcome = { error, answer }));
    call.on('status', ({ code, metadata: trailers }) =>
      resolve({ ...outcome, code, trailers: trailers.getMap() }),
    );
  });
}

const rows = Object.entries(SECURITY).flatMap(([how, security]) =>
  FACES.map(([name, face]) => [how, name, security, face]),
);

describe.each(rows)('%s, %s', (_how, _name, security, face) => {
  test('one request, one answer, with metadata both ways', async () => {
    const { caller } = await bench(security, face);
    const metadata = new grpc.Metadata();
    metadata.set('x-ask', 'me');
    expect(await answered(caller, 'unary', 'hello', metadata)).toMatchObject({
      answer: 'got hello',
      code: grpc.status.OK,
      trailers: { 'x-asked': 'me' },
    });
    const large = 'x'.repeat(1_000_000);
    expect((await answered(caller, 'unary', large)).answer === `got ${large}`).toBe(true);
    await released();
  });

  test('an error comes with its code, its words and its metadata', async () => {
    const { caller } = await bench(security, face);
    const { error, code, trailers } = await answered(caller, 'unary', 'fail');
    expect([code, error.details]).toEqual([grpc.status.FAILED_PRECONDITION, 'not so']);
    expect(trailers).toMatchObject({ 'x-detail': 'said' });
    // The target answers with a head alone.
    const unknown = new Promise((resolve) => {
      caller.makeUnaryRequest('/test.Echo/None', bytes.serialize, bytes.deserialize, 'x', resolve);
    });
    expect((await unknown).code).toBe(grpc.status.UNIMPLEMENTED);
  });

  test('streams of the server, of the client, and of both', async () => {
    const { caller } = await bench(security, face);
    const received = [];
    for await (const text of caller.down('2000')) received.push(text);
    expect(received).toEqual(Array.from({ length: 2000 }, (_, i) => `${i}`));
    const sum = new Promise((resolve) => {
      const up = caller.up((error, answer) => resolve(answer));
      for (let i = 0; i < 200; i++) up.write('x'.repeat(1000));
      up.end();
    });
    expect(await sum).toBe('200000');
    const both = caller.both();
    for (const text of ['a', 'b', 'c']) {
      both.write(text);
      expect((await once(both, 'data'))[0]).toBe(`<${text}>`);
    }
    both.end();
    both.resume();
    expect((await once(both, 'status'))[0].code).toBe(grpc.status.OK);
    await released();
  });

  test('a call that is cancelled, or takes too long, ends at the target, too', async () => {
    const { caller, cancelled } = await bench(security, face);
    const first = caller.down('-1');
    first.on('error', () => {});
    await once(first, 'data');
    first.cancel();
    await eventually(() => cancelled.length === 1);
    const second = caller.down('-1', { deadline: Date.now() + 300 });
    second.resume();
    const [error] = await once(second, 'error');
    expect(error.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await eventually(() => cancelled.length === 2);
    await released();
  });

  test('listeners edit a call’s metadata', async () => {
    const { caller } = await bench(security, face, {
      on: {
        proxyReq: (proxyReq) => proxyReq.setHeader('x-ask', 'edited'),
        proxyRes: (proxyRes) => void proxyRes.headers,
      },
    });
    expect((await answered(caller, 'unary', 'hello')).trailers).toMatchObject({ 'x-asked': 'edited' });
  });
});
