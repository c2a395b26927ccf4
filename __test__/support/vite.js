'use strict';

/** Servers of several versions of Vite in processes of their own, and what they are asked. */

const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { once } = require('node:events');
const { text } = require('node:stream/consumers');
const { startChild } = require('./child.js');
const { http2Exchange } = require('./http2.js');
const { readResponse, requestText } = require('./messages.js');
const { DOWN } = require('./middlewares.js');
const { httpServer, listening, onCleanUp, rawClient } = require('./peers.js');
const { serveSockets } = require('./sockets.js');
const { CERTIFICATE, KEY } = require('./tls.js');

/** The packages of the development dependencies. */
const VERSIONS = [5, 6, 7, 8];

const startVite = (version, settings) => startChild('vite.js', { args: [`vite${version}`], ...settings });

/** A project with one page and one file, built already. */
function viteProject() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'vite-'));
  onCleanUp(() => fs.rmSync(root, { recursive: true, force: true }));
  for (const folder of ['public', 'dist']) {
    fs.mkdirSync(path.join(root, folder));
    fs.writeFileSync(path.join(root, folder, 'plain.txt'), 'a file of the project');
  }
  for (const folder of ['.', 'dist']) fs.writeFileSync(path.join(root, folder, 'index.html'), '<p>page</p>');
  return root;
}

/** Targets, for the rules of fixtures/vite-rules.js; `open()` is the number of event streams that are being read. */
async function viteTargets() {
  let open = 0;
  const onRequest = (req, res) => {
    res.on('close', () => (open -= req.url.endsWith('/events') ? 1 : 0));
    if (req.url.endsWith('/events')) open += 1;
    return answerOf(req, res);
  };
  const { server, url } = await httpServer(onRequest);
  serveSockets(server);
  const secure = await listening(https.createServer({ key: KEY, cert: CERTIFICATE }, onRequest));
  onCleanUp(() => {
    secure.closeAllConnections();
    return new Promise((resolve) => secure.close(resolve));
  });
  return {
    open: () => open,
    targets: { target: url, tlsTarget: `https://127.0.0.1:${secure.address().port}`, down: DOWN },
  };
}

/** Says what the target was asked, as the last part of the path wants it. */
async function answerOf(req, res) {
  const { method, url, headers } = req;
  const body = await text(req);
  const fields = Object.entries(headers).filter(([name]) => !LEFT_OUT.has(name));
  const report = JSON.stringify({ method, url, fields: fields.sort(), body });
  res.setHeader('x-target', 'yes');
  res.setHeader('content-type', 'application/json');
  const last = url.split('?')[0].split('/').at(-1);
  if (last === 'chunked') {
    res.write(report.slice(0, 10));
    res.end(report.slice(10));
  } else if (last === 'events') {
    res.setHeader('content-type', 'text/event-stream');
    res.write('data: first\n\n');
  } else if (last === 'nothing') {
    res.writeHead(204).end();
  } else if (last === 'moved') {
    res.writeHead(302, { location: `http://${headers.host}/elsewhere`, 'content-length': 0 }).end();
  } else if (last === 'cookies') {
    res.setHeader('set-cookie', ['a=1; Domain=old.example; Path=/old', 'b=2; Path=/other; HttpOnly']);
    res.end(report);
  } else {
    res.setHeader('content-length', Buffer.byteLength(report));
    res.end(report);
  }
}

/** What means nothing, or speaks of one hop. */
const LEFT_OUT = new Set(['date', 'connection', 'keep-alive']);

/**
 * Sends a request over HTTP/1.1 on a connection of its own. Not every proxy closes it when it is asked to.
 *
 * @param {number} port
 * @param {{ line: string, lines?: string[], body?: string }} request
 */
async function askPlain(port, { line, lines = [], body = '' }) {
  const close = lines.some((one) => one.startsWith('Connection: ')) ? [] : ['Connection: close'];
  const client = await rawClient(port, requestText(line, [...close, ...lines], body));
  const read = () => readResponse(client.text, line.split(' ', 1)[0]);
  const isAnswered = () =>
    client.text.includes('\r\n\r\n') && read().isComplete && read().framing !== 'close';
  await client.until(() => client.ending !== null || isAnswered());
  client.socket.destroy();
  const { status, fields, framing, isComplete, body: answer } = read();
  return {
    status,
    fields: fields.filter(([name]) => !LEFT_OUT.has(name)).sort(),
    framing,
    isComplete,
    body: answer,
  };
}

/** The protocol that a TLS server would rather speak. */
async function preferredProtocol(port) {
  const socket = tls.connect({ port, host: '127.0.0.1', ca: CERTIFICATE, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  socket.destroy();
  return socket.alpnProtocol;
}

/**
 * Sends requests over TLS, in HTTP/2 if that is what the server rather speaks.
 *
 * @param {{ method: string, path: string, body?: string }[]} requests
 */
async function askSecure(port, requests) {
  const protocol = await preferredProtocol(port);
  const origin = `https://127.0.0.1:${port}`;
  const shown = (status, fields, body) => ({
    status,
    fields: Object.entries(fields)
      .filter(([name]) => !LEFT_OUT.has(name) && name !== ':status')
      .sort(),
    body: body.replaceAll(`${port}`, '{port}'),
  });
  const answers = [];
  if (protocol !== 'h2') {
    for (const { method, path: asked, body } of requests) {
      const req = https.request(`${origin}${asked}`, { method, ca: CERTIFICATE, agent: false }).end(body);
      const [res] = await once(req, 'response');
      answers.push(shown(res.statusCode, res.headers, await text(res)));
    }
    return { protocol, answers };
  }
  const session = http2.connect(origin, { ca: CERTIFICATE });
  onCleanUp(() => session.destroy());
  for (const { method, path: asked, body } of requests) {
    const answer = await http2Exchange(session, { ':method': method, ':path': asked }, body);
    answers.push(shown(answer.headers[':status'], answer.headers, answer.body));
  }
  session.destroy();
  return { protocol, answers };
}

/** Reads the beginning of an event stream over TLS, in HTTP/2 if the server speaks it; gives what leaves the stream. */
async function openSecureEvents(port, asked) {
  const origin = `https://127.0.0.1:${port}`;
  if ((await preferredProtocol(port)) !== 'h2') {
    const req = https.get(`${origin}${asked}`, { ca: CERTIFICATE, agent: false });
    const [res] = await once(req, 'response');
    await once(res, 'data');
    return () => req.destroy();
  }
  const session = http2.connect(origin, { ca: CERTIFICATE });
  onCleanUp(() => session.destroy());
  const stream = session.request({ ':path': asked });
  await once(stream, 'data');
  return () => stream.close(http2.constants.NGHTTP2_CANCEL);
}

module.exports = { VERSIONS, askPlain, askSecure, openSecureEvents, startVite, viteProject, viteTargets };
