'use strict';

/** Targets and clients that speak TLS. Key and certificate are for tests alone: nothing trusts them. */

const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { RawConnection, listening, onCleanUp, rawTarget, testServer } = require('./peers.js');

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfn2puWAbBoYgrLu/
EltFVe/99vn23cDi5oCUdWPOB3uhRANCAATw+1M+Yx7+ZXpT52AYQs753v2HcZVc
+Yo3A6YIU5PGjKs5CjRHCDnOJoQAHknphARkMD1OAtKCml7KOvHHfRtj
-----END PRIVATE KEY-----
`;

/** For `localhost` and 127.0.0.1, signed by itself. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUIbtcWw+GNzDlWaQp66T0wQtT8TowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA0NDM1N1oYDzIxMjYxMDI4
MDQ0MzU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATw+1M+Yx7+ZXpT52AYQs753v2HcZVc+Yo3A6YIU5PGjKs5CjRHCDnO
JoQAHknphARkMD1OAtKCml7KOvHHfRtjo28wbTAdBgNVHQ4EFgQUV7xxOoHynk8B
mfRjlAkJ+g/mIL8wHwYDVR0jBBgwFoAUV7xxOoHynk8BmfRjlAkJ+g/mIL8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAJryW2M/uEDIcVmbvZte6fSXhC1FN047gLi3adpmg0y6AiEA
mbumtpfXuR/kVsneL3CODgnmpg6QeAFZtxGAbGjb5qk=
-----END CERTIFICATE-----
`;

/**
 * Like `rawTarget`, behind TLS.
 *
 * @param {(connection: RawConnection, index: number) => void} onConnection
 * @param {import('node:tls').TlsOptions} [settings]
 */
async function tlsTarget(onConnection, settings) {
  const connections = [];
  const server = tls.createServer(
    { key: KEY, cert: CERTIFICATE, allowHalfOpen: true, ...settings },
    (socket) => {
      const connection = new RawConnection(socket);
      connections.push(connection);
      onConnection(connection, connections.length - 1);
    },
  );
  // Those whose handshake fails, too.
  const sockets = [];
  server.on('connection', (socket) => sockets.push(socket));
  await listening(server);
  onCleanUp(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return { server, connections, port, url: `https://127.0.0.1:${port}` };
}

/**
 * Connects to a port with TLS; certificates are not checked, unless the options say so.
 *
 * @param {number} port
 * @param {import('node:tls').ConnectionOptions} [options]
 * @returns {Promise<RawConnection>} fails if the handshake does
 */
async function tlsClient(port, options) {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  const connection = new RawConnection(socket);
  onCleanUp(() => socket.destroy());
  await once(socket, 'secureConnect');
  return connection;
}

/** Sends a request that asks for the connection to be closed, and gives the whole answer as text. */
async function tlsExchange(port, bytes, options) {
  const client = await tlsClient(port, options);
  client.socket.write(Buffer.from(bytes, 'latin1'));
  await client.closed();
  return client.text;
}

/** Carries bytes to a port and back, and nothing else: `connections` are those of its clients. */
function relayTo(port) {
  return rawTarget(({ socket }) => {
    const onward = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onCleanUp(() => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.on('data', (chunk) => onward.write(chunk));
    onward.on('data', (chunk) => socket.writable && socket.write(chunk));
  });
}

/**
 * Carries the bytes of clients that know nothing of TLS to a port that speaks it, each way as they are.
 *
 * @param {number} port
 * @param {string} protocol what is offered in the handshake
 */
async function secureRelayTo(port, protocol) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const options = { rejectUnauthorized: false, ALPNProtocols: [protocol], allowHalfOpen: true };
    const secure = tls.connect({ port, host: '127.0.0.1', ...options });
    onCleanUp(() => secure.destroy());
    socket.pipe(secure).pipe(socket);
    socket.on('error', () => secure.destroy());
    secure.on('error', () => socket.resetAndDestroy());
  });
  return testServer(server);
}

module.exports = { CERTIFICATE, KEY, relayTo, secureRelayTo, tlsClient, tlsExchange, tlsTarget };
