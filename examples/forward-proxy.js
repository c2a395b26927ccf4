'use strict';

/**
 * A proxy that clients choose themselves: `curl --proxy http://localhost:8000 http://localhost:9000/`. It goes wherever they say, so it
 * listens on this machine alone.
 */

const http = require('node:http');
const net = require('node:net');
const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer();

const server = http.createServer((req, res) => {
  if (!/^http:\/\//i.test(req.url) || !URL.canParse(req.url)) {
    res.statusCode = 400;
    return res.end('This is a proxy: ask for a whole URL.\n');
  }
  return proxy.web(req, res, { target: new URL(req.url).origin }, (error) => {
    if (res.headersSent) return;
    res.statusCode = error.status ?? 502;
    res.end(`${req.url} cannot be reached: ${error.code}\n`);
  });
});

// What clients encrypt is carried as it is.
server.on('connect', (req, client, head) => {
  if (!URL.canParse(`https://${req.url}`)) return client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  const { hostname, port } = new URL(`https://${req.url}`);
  const target = net.connect(port || 443, hostname.replace(/^\[|\]$/g, ''), () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    target.write(head);
    target.pipe(client).pipe(target);
  });
  target.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  client.on('error', () => target.destroy());
  return target;
});

server.listen(process.env.PORT ?? 8000, '127.0.0.1', () => {
  console.log(`Listening on port ${server.address().port}`);
});
