'use strict';

/** WebSockets through the examples for frameworks. */

const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { EXAMPLES, startExample, webSocketTarget } = require('../support/examples.js');
const { closeAll, eventually, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const NAMES = fs.readdirSync(path.join(EXAMPLES, 'frameworks'));

describe.each(NAMES)('examples/frameworks/%s', (name) => {
  test('proxies WebSockets', async () => {
    const target = await webSocketTarget();
    const { url, port, child, output } = await startExample(`frameworks/${name}`, { TARGET: target.url });

    const client = new WebSocket(`ws://127.0.0.1:${port}/api/socket?a=1`);
    onCleanUp(() => client.terminate());
    const [[{ statusCode }]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')]);
    expect(statusCode).toBe(101);
    expect(target.seen).toMatchObject([{ url: '/api/socket?a=1', host: new URL(target.url).host }]);
    for (const message of ['für Zoë', Buffer.alloc(100_000, 'x')]) {
      client.send(message);
      const [data, isBinary] = await once(client, 'message');
      expect([isBinary, data.equals(Buffer.from(message))]).toEqual([typeof message !== 'string', true]);
    }
    client.close(4000, 'bye');
    expect((await once(client, 'close'))[0]).toBe(4000);
    await eventually(() => target.seen[0].closed !== undefined);
    expect(target.seen[0].closed).toEqual({ code: 4000, reason: 'bye' });

    // One that leaves without a word.
    const other = new WebSocket(`ws://127.0.0.1:${port}/api/socket`);
    await once(other, 'open');
    other.terminate();
    await eventually(() => target.seen[1].closed?.code === 1006);

    const own = await fetch(url);
    expect([own.status, child.exitCode, output.stderr]).toEqual([200, null, '']);
  });
});
