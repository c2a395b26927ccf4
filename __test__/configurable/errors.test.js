'use strict';

/** What clients are told when there is no route, or its target fails: pages of others, as with the original, and plain answers to programs. */

const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const { NOBODY } = require('../support/dynamic.js');
const { either, folder, open } = require('../support/configurable.js');
const { answeringTarget, closeAll, httpServer, rawClient, rawTarget } = require('../support/peers.js');

afterEach(closeAll);

const DEAD = `http://127.0.0.1:${NOBODY}`;
const HANDSHAKE = [
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const ROWS = [
  ['GET /nowhere'],
  ['GET /nowhere/%20x?a=b&url=c'],
  ['POST /nowhere', { body: 'some text' }],
  ['HEAD /nowhere'],
  ['GET /dead/x'],
  ['POST /dead/x', { body: 'some text' }],
  ['GET /falls/x'],
  ['GET /silent/x'],
];

/** What one of them answers. */
async function answers(name, flags, rows = ROWS) {
  const proxy = await either(name, ['--proxy-timeout', '500', ...flags]);
  const falling = await rawTarget(({ socket }) => socket.once('data', () => socket.destroy()));
  const silent = await rawTarget(() => {});
  for (const [key, url] of Object.entries({ '/dead': DEAD, '/falls': falling.url, '/silent': silent.url }))
    await proxy.add(key, url);
  const seen = [];
  for (const [line, more] of rows) {
    const { status, body, values } = await proxy.request(line, more);
    seen.push([line, status, values('content-type')[0], values('content-encoding')[0], body]);
  }
  return seen;
}

const both = (flags, rows) => Promise.all(['original', 'ours'].map((name) => answers(name, flags, rows)));

test('--error-target is asked for pages, as with the original', async () => {
  const pages = await httpServer((req, res) => {
    const type = req.url.includes('404') ? { 'content-type': 'text/x-page', 'x-more': 'kept back' } : {};
    res.writeHead(req.url.includes('503') ? 500 : 200, type).end(`page of ${req.method} ${req.url}`);
  });
  const [original, ours] = await both(['--error-target', `${pages.url}/below/`]);
  expect(ours).toEqual(original);
  expect(ours[1][4]).toBe('page of GET /below/404?url=%2Fnowhere%2F%2520x%3Fa%3Db%26url%3Dc');
});

test.each(['', '/', '?kept=1'])('pages of a server %s, which may be compressed', async (place) => {
  const body = zlib.gzipSync('a page');
  const asked = [];
  const pages = await httpServer((req, res) => {
    asked.push(req.url);
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
  });
  const { request } = await open(['--error-target', `${pages.url}${place}`]);
  const answer = await request('GET /x');
  expect([answer.status, answer.values('content-encoding')]).toEqual([404, ['gzip']]);
  expect(asked).toEqual([place === '?kept=1' ? '/404?kept=1&url=%2Fx' : '/404?url=%2Fx']);
});

test('--error-path has pages, as with the original', async () => {
  const place = folder();
  fs.writeFileSync(path.join(place, '404.html'), 'there is none: é');
  fs.writeFileSync(path.join(place, 'error.html'), 'it has failed');
  const [original, ours] = await both(['--error-path', place], [ROWS[0], ROWS[4]]);
  expect(ours).toEqual(original);
  fs.rmSync(path.join(place, 'error.html'));
  const { add, request } = await open(['--error-path', place]);
  await add('/dead', DEAD);
  expect(await request('GET /dead')).toMatchObject({
    status: 503,
    body: expect.stringContaining('<h1>503: Service Unavailable</h1>'),
  });
});

test('the statuses without pages, as with the original', async () => {
  const [original, ours] = await both([]);
  const statuses = (seen) => seen.map(([line, status]) => [line, status]);
  expect(statuses(ours)).toEqual(statuses(original));
  expect(ours.map(([, status]) => status)).toEqual([404, 404, 404, 404, 503, 503, 503, 503]);
});

test('a handshake that fails gets a bare answer, as with the original', async () => {
  const refusing = await answeringTarget(
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Mine: 1\r\n\r\nno',
  );
  const seen = async (name) => {
    const { add, port } = await either(name, ['--error-target', refusing.url]);
    await add('/dead', DEAD);
    await add('/refusing', refusing.url);
    const answered = [];
    for (const place of ['/dead', '/nowhere', '/refusing']) {
      const head = [`GET ${place} HTTP/1.1`, 'Host: me', 'Connection: Upgrade', ...HANDSHAKE, '', ''];
      const client = await rawClient(port, head.join('\r\n'));
      // The original leaves out the space that a status line has in front of its reason, and some connections open.
      const answer = /^HTTP\/1\.1 (\d+)[^]*?\r\nContent-Length: (\d+)[^]*?\r\n\r\n([^]*)$/i;
      await client.until(({ text }) => answer.exec(text)?.[3].length >= answer.exec(text)?.[2]);
      const [, status, , body] = answer.exec(client.text);
      answered.push([place, Number(status), body]);
    }
    return answered;
  };
  const [original, ours] = await Promise.all([seen('original'), seen('ours')]);
  expect(ours).toEqual(original);
  expect(ours).toEqual([
    ['/dead', 503, ''],
    ['/nowhere', 404, ''],
    ['/refusing', 403, 'no'],
  ]);
});

test('a target that fails in the middle of its answer cuts that off, and nothing else', async () => {
  const cutting = await httpServer((req, res) => {
    res.writeHead(200, { 'content-length': 100 });
    res.write('half', () => res.destroy());
  });
  const { add, request } = await open();
  await add('/a', cutting.url);
  for (let at = 0; at < 3; at++) {
    const answer = await request('GET /a');
    expect(answer).toMatchObject({ status: 200, body: 'half', isComplete: false });
  }
  expect(await request('GET /_chp_healthz')).toMatchObject({ status: 200 });
});
