'use strict';

/** The examples for frameworks, started as a user would start them: the same middleware behaves alike in each. */

const fs = require('node:fs');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { EXAMPLES, startExample } = require('../support/examples.js');
const { closeAll, eventually, httpServer, rawClient } = require('../support/peers.js');

const NAMES = fs.readdirSync(path.join(EXAMPLES, 'frameworks'));

describe.each(NAMES)('examples/frameworks/%s', (name) => {
  let target;
  let proxy;
  /** What the target was asked, and whether it could answer whole. */
  let seen;

  beforeAll(async () => {
    target = await httpServer(async (req, res) => {
      const { method, url, headers } = req;
      const record = { method, url, host: headers.host, isWhole: undefined };
      seen.push(record);
      res.on('close', () => (record.isWhole = res.writableFinished));
      if (url === '/api/events') res.write('the first piece');
      else res.end(`${method} ${url} ${await text(req)}`);
    });
    proxy = await startExample(`frameworks/${name}`, { TARGET: target.url });
  });
  beforeEach(() => (seen = []));
  afterEach(() => expect([proxy.child.exitCode, proxy.output.stderr]).toEqual([null, '']));
  afterAll(closeAll);

  const ask = async (where, options) => {
    const answer = await fetch(proxy.url + where, options);
    return [answer.status, await answer.text()];
  };

  test('proxies what the filter lets through, and leaves the rest to the framework', async () => {
    expect(await ask('/api/a?b=1')).toEqual([200, 'GET /api/a?b=1 ']);
    expect(await ask('/')).toEqual([200, expect.stringMatching(/^\w+ answers this itself\.\n$/)]);
    expect(seen).toMatchObject([{ url: '/api/a?b=1', host: `127.0.0.1:${target.port}` }]);
  });

  test('proxies bodies, those that a parser has read and others', async () => {
    const json = JSON.stringify({ name: 'für Zoë', list: [1, null, 'two'] });
    const headers = { 'content-type': 'application/json' };
    expect(await ask('/api/json', { method: 'POST', body: json, headers })).toEqual([
      200,
      `POST /api/json ${json}`,
    ]);
    const large = 'x'.repeat(300_000);
    expect(await ask('/api/text', { method: 'PUT', body: large })).toEqual([200, `PUT /api/text ${large}`]);
  });

  test('the target sees a client leave in the middle of the answer', async () => {
    const client = await rawClient(proxy.port, 'GET /api/events HTTP/1.1\r\nHost: me\r\n\r\n');
    await client.received('the first piece');
    expect(seen).toMatchObject([{ isWhole: undefined }]);
    client.socket.destroy();
    await eventually(() => seen[0].isWhole === false);
  });

  test('answers when there is no target any more', async () => {
    target.server.closeAllConnections();
    await new Promise((resolve) => target.server.close(resolve));
    const { host } = new URL(proxy.url);
    expect(await ask('/api/a')).toEqual([504, `Error occurred while trying to proxy: ${host}/api/a`]);
  });
});
