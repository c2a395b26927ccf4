'use strict';

/** gRPC: a service with calls of all four kinds behind a front, and its callers. */

const grpc = require('@grpc/grpc-js');
const { onCleanUp } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

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
    unary(call, callback) {
      const { request, metadata } = call;
      call.on('cancelled', () => cancelled.push('unary'));
      if (request === 'never') return;
      const trailers = new grpc.Metadata();
      if (request === 'fail') {
        trailers.set('x-detail', 'said');
        callback({ code: grpc.status.FAILED_PRECONDITION, details: 'not so, señor', metadata: trailers });
        return;
      }
      trailers.set('x-asked', String(metadata.get('x-ask')));
      // As it has come, first and last.
      const first = new grpc.Metadata();
      for (const value of metadata.get('x-raw-bin')) {
        first.add('x-raw-bin', value);
        trailers.add('x-last-bin', value);
      }
      call.sendMetadata(first);
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
      call.on('cancelled', () => cancelled.push('up'));
      call.on('data', (text) => (length += text.length));
      call.on('end', () => callback(null, `${length}`));
    },
    both(call) {
      call.on('cancelled', () => cancelled.push('both'));
      call.on('data', (text) => call.write(`<${text}>`));
      call.on('end', () => call.end());
    },
  };
}

/** How the service is reached: what it and its callers need, and how a proxy is told. */
const SECURITY = {
  'over TLS': {
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
    server: () => grpc.ServerCredentials.createInsecure(),
    client: () => grpc.credentials.createInsecure(),
    options: (port) => ({ target: `http://127.0.0.1:${port}`, http2: true }),
  },
};

/**
 * The service, and a caller that reaches it through a front.
 *
 * @param {keyof typeof SECURITY} how
 * @param {(options: object) => Promise<{ port: number }>} front opens the proxy
 * @param {object} [more] options of the proxy
 */
async function grpcBench(how, front, more) {
  const { server, client, options } = SECURITY[how];
  const cancelled = [];
  const target = new grpc.Server();
  target.addService(SERVICE, handlers(cancelled));
  const port = await new Promise((resolve, reject) => {
    target.bindAsync('127.0.0.1:0', server(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  onCleanUp(() => target.forceShutdown());
  const opened = await front({ ...options(port), ...more });
  const Client = grpc.makeGenericClientConstructor(SERVICE, 'Echo');
  const caller = new Client(`localhost:${opened.port}`, client());
  onCleanUp(() => caller.close());
  return { caller, cancelled };
}

/** A call with one answer: the answer, or the error, its first metadata, and the trailers. */
function answered(caller, name, request, metadata = new grpc.Metadata(), options = {}) {
  return new Promise((resolve) => {
    const outcome = {};
    const call = caller[name](request, metadata, options, (error, answer) =>
      Object.assign(outcome, { error, answer }),
    );
    call.on('metadata', (first) => (outcome.first = first));
    call.on('status', ({ code, metadata: last }) =>
      resolve({ ...outcome, code, last, trailers: last.getMap() }),
    );
  });
}

module.exports = { SECURITY, answered, bytes, grpcBench };
