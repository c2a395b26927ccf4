'use strict';

/** The stand-alone proxy: listens, says where, and ends cleanly on the first interrupt. */

const http = require('node:http');
const { once } = require('node:events');
const util = require('node:util');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { startDemo } = require('./demo.js');

/**
 * @param {{ target?: string, port: number, host: string, changeOrigin: boolean, xfwd: boolean }} options
 */
async function serve({ target, port, host, changeOrigin, xfwd }) {
  const demo = target === undefined ? await startDemo() : undefined;
  const proxy = createProxyServer({ target: target ?? demo.url, changeOrigin, xfwd });
  proxy.on('error', answerError);
  const unused = new Set();
  const server = http.createServer((req, res) => {
    unused.delete(req.socket);
    proxy.web(req, res);
  });
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    demo?.server.close();
    const inUse = `port ${port} on ${host} is in use; choose another with --port`;
    throw error.code === 'EADDRINUSE' ? new Error(inUse, { cause: error }) : error;
  }
  process.stdout.write(banner(url(server.address()), target ?? demo.url, demo !== undefined));
  endOnSignal([server, demo?.server], unused);
}

/** Coloured where a person reads it. */
function paint(stream, style, text) {
  return stream.isTTY && !process.env.NO_COLOR ? util.styleText(style, text) : text;
}

function url({ address, family, port }) {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function banner(proxy, target, isDemo) {
  const style = (how, text) => paint(process.stdout, how, text);
  const name = (text) => style('bold', text.padEnd(6));
  const lines = [
    '',
    `  ${style(['bold', 'cyan'], 'rs-proxy')}`,
    '',
    `  ${name('proxy')}  ${style('green', proxy)}`,
    `  ${name('target')}  ${style('green', target)}${isDemo ? style('dim', '  (built in)') : ''}`,
    '',
  ];
  if (isDemo) {
    lines.push(
      `  ${name('try')}  curl ${proxy}/hello`,
      `  ${name('')}  curl -d 'some text' ${proxy}/echo`,
      '',
    );
  }
  lines.push(style('dim', '  Ctrl-C ends it'), '', '');
  return lines.join('\n');
}

function answerError(error, req, res) {
  process.stderr.write(
    `${paint(process.stderr, 'red', '✗')} ${req.method} ${req.url}  ${error.code ?? ''} ${error.message}\n`,
  );
  if (res.headersSent || res.writableEnded) return;
  res.statusCode = error.status ?? 502;
  res.setHeader('content-type', 'text/plain; charset=utf-8');
  res.end(`${res.statusCode} ${http.STATUS_CODES[res.statusCode]}\n`);
}

/**
 * The first signal closes what is idle and lets the rest finish; the second one ends the process.
 *
 * @param {(import('node:http').Server | undefined)[]} servers
 * @param {Set<import('node:net').Socket>} unused connections without a request yet, as browsers open them in advance; Node does not take
 *   them for idle
 */
function endOnSignal(servers, unused) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      for (const socket of unused) socket.destroy();
      for (const server of servers) {
        server?.close();
        server?.closeIdleConnections();
        // Connections that still have an answer to give do not wait for another request behind it.
        if (server) server.keepAliveTimeout = 1;
      }
    });
  }
}

module.exports = { serve };
