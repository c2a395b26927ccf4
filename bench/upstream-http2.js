'use strict';

/** The back end behind those that ask in HTTP/2: Node's own server, which answers as upstream.js does. */

const http2 = require('node:http2');
const { SMALL_BODY, RESPONSE_HEADERS } = require('./payload.js');
const { answerCpuReadings } = require('./serve.js');
const { CERTIFICATE, KEY } = require('./certificate.js');

/** As HTTP/2 writes them: Node adds a `date` of its own beside a `Date`. */
const FIELDS = Object.fromEntries(
  Object.entries(RESPONSE_HEADERS).map(([name, value]) => [name.toLowerCase(), value]),
);

const server = http2.createSecureServer({ key: KEY, cert: CERTIFICATE });

server.on('stream', (stream, headers) => {
  // A proxy may reset a stream whose client has gone: its business, not a failure of the upstream.
  stream.on('error', () => {});
  if (headers[':path'] === '/small') answer(stream, SMALL_BODY);
  else echo(stream, headers);
});
server.on('sessionError', () => {});

function answer(stream, body) {
  stream.respond({ ':status': 200, ...FIELDS, 'content-length': body.length });
  stream.end(body);
}

async function echo(stream, headers) {
  const body = Buffer.concat(await stream.toArray());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${headers[':method']} ${headers[':path']} HTTP/2.0`, ...lines].join('\r\n');
  answer(stream, Buffer.from(JSON.stringify({ head, body: body.toString('latin1') })));
}

server.listen(Number(process.env.PORT), '127.0.0.1');
answerCpuReadings();
