'use strict';

const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const { CERTIFICATE } = require('./certificate.js');
const { REQUEST_HEADERS } = require('./payload.js');

const PATIENCE_MS = 5000;

/**
 * One request as the load generators send it.
 *
 * @param {URL} url
 * @param {import('./scenarios.js').Scenario} scenario
 * @returns {Promise<{ status: number, headers: object, body: Buffer }>}
 */
function ask(url, { method, body, front }) {
  const headers = { ...REQUEST_HEADERS, ...(body !== '' && { 'Content-Type': 'application/json' }) };
  if (body !== '') headers['Content-Length'] = Buffer.byteLength(body);
  return (front === 'h2' ? askHttp2 : askHttp1)(url, method, headers, body);
}

function askHttp1(url, method, headers, body) {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false, ca: CERTIFICATE, timeout: PATIENCE_MS };
    const req = request(url, options, (res) => {
      whole(res).then((all) => resolve({ status: res.statusCode, headers: res.headers, body: all }), reject);
    });
    req.on('timeout', () => req.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    req.on('error', reject);
    req.end(body);
  });
}

function askHttp2(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { ca: CERTIFICATE });
    session.on('error', reject);
    const head = { ':method': method, ':path': url.pathname + url.search, ...headers };
    const stream = session.request(head, { endStream: body === '' });
    stream.setTimeout(PATIENCE_MS, () =>
      stream.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)),
    );
    stream.on('error', reject);
    stream.on('response', (fields) => {
      whole(stream).then((all) => resolve({ status: fields[':status'], headers: fields, body: all }), reject);
    });
    stream.on('close', () => session.close());
    if (body !== '') stream.end(body);
  });
}

async function whole(readable) {
  return Buffer.concat(await readable.toArray());
}

module.exports = { ask };
