'use strict';

/** Each example of the README, started as a user would start it, with a target of the test's behind it. */

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { startChild } = require('../support/child.js');
const { closeAll, httpServer } = require('../support/peers.js');

const ROOT = path.join(__dirname, '..', '..');

afterEach(closeAll);

describe.each([
  ['express.js', { mount: '/api', request: { 'x-original-url': '/api/a?b=1' }, response: {} }],
  [
    'plain-http.js',
    { mount: '', request: { 'x-forwarded-proto': 'http' }, response: { 'x-proxied-by': 'example' } },
  ],
])('examples/%s', (name, { mount, request, response }) => {
  test('is printed in the README as it is', () => {
    const source = fs.readFileSync(path.join(ROOT, 'examples', name), 'utf8');
    expect(fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8')).toContain(`\`\`\`js\n${source}\`\`\`\n`);
  });

  test('proxies a GET and a POST', async () => {
    const { url, seen } = await echo();
    const proxy = await startExample(name, url);

    const got = await fetch(`${proxy}${mount}/a?b=1`);
    expect([got.status, await got.text()]).toEqual([200, 'GET /a?b=1 ']);
    expect(Object.fromEntries(got.headers)).toMatchObject(response);

    const posted = await fetch(`${proxy}${mount}/form`, { method: 'POST', body: 'some text' });
    expect([posted.status, await posted.text()]).toEqual([200, 'POST /form some text']);
    expect(seen[0].headers).toMatchObject(request);
    expect(seen).toHaveLength(2);
  });

  test('answers when there is no target', async () => {
    const proxy = await startExample(name, `http://127.0.0.1:${await closedPort()}`);
    const answer = await fetch(`${proxy}${mount}/a`);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      'The service cannot be reached: ECONNREFUSED\n',
    ]);
  });
});

/** A target that says what it was asked. */
async function echo() {
  const seen = [];
  const { url } = await httpServer(async (req, res) => {
    seen.push(req);
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    res.end(`${req.method} ${req.url} ${body}`);
  });
  return { url, seen };
}

async function startExample(name, target) {
  const file = path.join('..', '..', 'examples', name);
  const { child, ended } = startChild(file, { env: { PORT: '0', TARGET: target } });
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    ended.then((end) => Promise.reject(new Error(`The example has ended: ${JSON.stringify(end)}`))),
  ]);
  return `http://127.0.0.1:${/port (\d+)/.exec(line)[1]}`;
}

/** A port on which nobody listens. */
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
