'use strict';

const http = require('node:http');
const { once } = require('node:events');

/**
 * Starts a service on a free port that tells what it was asked.
 *
 * @param {string} name
 * @returns {Promise<string>} its address
 */
async function startService(name) {
  const server = http.createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    res.writeHead(req.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
    res.end(
      `${JSON.stringify({ service: name, method: req.method, path: req.url, body: body && JSON.parse(body) })}\n`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

module.exports = { startService };
