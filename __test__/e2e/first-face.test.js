'use strict';

const { answeringTarget, closeAll, rawExchange } = require('../support/peers.js');
const { proxyServer } = require('../support/faces.js');

afterEach(closeAll);

test('a GET goes through and comes back', async () => {
  const target = await answeringTarget('HTTP/1.1 200 OK\r\nX-Target: 1\r\nContent-Length: 5\r\n\r\nhello');
  const { port } = await proxyServer({ target: target.url });
  const answer = await rawExchange(
    port,
    'GET /a?b HTTP/1.1\r\nHost: me\r\nX-A: 1\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\nx-target: 1\r\n/);
  expect(answer.endsWith('\r\n\r\nhello')).toBe(true);
  expect(target.connections[0].text).toBe(
    'GET /a?b HTTP/1.1\r\nhost: me\r\nx-a: 1\r\nconnection: keep-alive\r\n\r\n',
  );
});
