'use strict';

/** A target that gives back what it gets. */

const { httpServer } = require('./peers.js');

/** Answers with the method, url and framing of a request, and with its body, in chunks if it is asked so. */
function echoTarget() {
  return httpServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const framing = req.headers['transfer-encoding'] ?? req.headers['content-length'] ?? 'none';
    res.setHeader('x-asked', `${req.method} ${req.url} ${framing}`);
    res.setHeader('content-type', 'text/plain');
    if (req.url.includes('chunked')) for (const chunk of chunks) res.write(chunk);
    else res.setHeader('content-length', body.length);
    res.end(req.url.includes('chunked') ? undefined : body);
  });
}

module.exports = { echoTarget };
