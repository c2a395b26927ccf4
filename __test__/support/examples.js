'use strict';

/** Starts examples as a user would, on free ports, and has the targets and clients for them. */

const https = require('node:https');
const path = require('node:path');
const { once } = require('node:events');
const { text } = require('node:stream/consumers');
const { WebSocketServer } = require('ws');
const { startChild } = require('./child.js');
const { closedPort, httpServer, onCleanUp, testServer } = require('./peers.js');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

/**
 * @param {string} name file in `examples/`
 * @param {Record<string, string>} [env]
 * @returns {Promise<{ port: number, url: string, child: import('node:child_process').ChildProcess, output: { stdout: string, stderr: string } }>}
 *   once it says on which port it listens
 */
async function startExample(name, env = {}) {
  const file = path.join('..', '..', 'examples', name);
  const { child, ended, output } = startChild(file, { env: { PORT: '0', ...env } });
  for (;;) {
    const match = /port (\d+)/.exec(output.stdout);
    if (match !== null) {
      const port = Number(match[1]);
      return { port, url: `http://127.0.0.1:${port}`, child, output };
    }
    await Promise.race([
      once(child.stdout, 'data'),
      ended.then((end) => Promise.reject(new Error(`The example has ended: ${JSON.stringify(end)}`))),
    ]);
  }
}

/** A target that says what it was asked. */
async function echo(prefix = '') {
  const seen = [];
  const { url, port } = await httpServer(async (req, res) => {
    const { method, url: asked, headers, socket } = req;
    const record = { method, url: asked, headers, socket, body: undefined };
    seen.push(record);
    record.body = await text(req);
    res.end(`${prefix}${method} ${asked} ${record.body}`);
  });
  return { url, port, seen };
}

/** A target that sends each message back. */
async function webSocketTarget() {
  const seen = [];
  const { server, url } = await httpServer((req, res) => res.end());
  new WebSocketServer({ server }).on('connection', (socket, req) => {
    const record = { url: req.url, host: req.headers.host, closed: undefined };
    seen.push(record);
    onCleanUp(() => socket.terminate());
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => (record.closed = { code, reason: `${reason}` }));
  });
  return { url, seen };
}

/** As `echo`, behind TLS; records the names it was asked for. */
async function httpsEcho(credentials) {
  const seen = [];
  const server = https.createServer(credentials, async (req, res) => {
    seen.push({ servername: req.socket.servername, host: req.headers.host });
    res.end(`${req.method} ${req.url} ${await text(req)}`);
  });
  // `localhost` may mean either family.
  const { port } = await testServer(server, 0);
  return { port, seen };
}

/** Asks over HTTPS on a connection of its own. */
async function httpsRequest(url, options, body) {
  const req = https.request(url, { agent: false, ...options }).end(body);
  const [res] = await once(req, 'response');
  return { status: res.statusCode, body: await text(res) };
}

/** An address at which nobody listens. */
async function deadUrl() {
  return `http://127.0.0.1:${await closedPort()}`;
}

module.exports = { EXAMPLES, deadUrl, echo, httpsEcho, httpsRequest, startExample, webSocketTarget };
