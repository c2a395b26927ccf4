'use strict';

/** Modifies the body of HTML pages, compressed ones too; everything else passes untouched. */

const http = require('node:http');
const { pipeline } = require('node:stream/promises');
const { buffer } = require('node:stream/consumers');
const zlib = require('node:zlib');
const { createProxyServer } = require('rs-proxy-middleware');

const DECODERS = { gzip: zlib.createGunzip, deflate: zlib.createInflate, br: zlib.createBrotliDecompress };

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  selfHandleResponse: true,
});

proxy.on('proxyRes', async (proxyRes, req, res) => {
  // They are about the target's connection, not the client's.
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete proxyRes.headers[name];
  const { 'content-type': type = '', 'content-encoding': coding, ...headers } = proxyRes.headers;
  try {
    if (req.method === 'HEAD' || !type.startsWith('text/html') || (coding && !DECODERS[coding])) {
      res.writeHead(proxyRes.statusCode, proxyRes.headers);
      await pipeline(proxyRes, res);
      return;
    }
    const decoded = coding ? proxyRes.pipe(DECODERS[coding]()) : proxyRes;
    proxyRes.on('error', (error) => decoded.destroy(error));
    const page = (await buffer(decoded)).toString().replace('</body>', '<p>Served by a proxy</p></body>');
    // It is another body now: neither the length nor what identified the old one is true any more.
    for (const name of ['content-length', 'etag']) delete headers[name];
    res.writeHead(proxyRes.statusCode, { ...headers, 'content-type': type });
    res.end(page);
  } catch (error) {
    res.destroy(error);
  }
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
