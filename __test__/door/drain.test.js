'use strict';

/** A door that closes: whatever it has taken comes to its end, and clients are told in time not to send any more. */

const http = require('node:http');
const http2 = require('node:http2');
const { once } = require('node:events');
const { startChild } = require('../support/child.js');
const { openDoor } = require('../support/doors.js');
const { loadTarget } = require('../support/load.js');
const { closeAll, eventually, httpServer, onCleanUp, rawClient } = require('../support/peers.js');

afterEach(closeAll);

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long clients ask before the door closes, and how many requests a second it is to have at least (NIGHTLY=1). */
const BUSY = process.env.NIGHTLY ? 5000 : 500;
const LEAST_RATE = 5000;
/** How many connections: over HTTP/2 each has several requests at a time. */
const WAYS = { http1: 64, http2: 8 };

test.each(Object.keys(WAYS))(
  'under load nothing is lost, over %s',
  async (way) => {
    const target = await loadTarget();
    const settings = { grace: 30_000, threads: 2, h2c: way === 'http2' };
    const { door, port, proxy } = await openDoor({ target: target.url }, settings);
    const { ask } = startChild('askers.js');
    await ask('start', { port, way, connections: WAYS[way] });
    await eventually(async () => (await ask('answered')) > 100);
    const [before, began] = [await ask('answered'), Date.now()];
    await pause(BUSY);
    const rate = (((await ask('answered')) - before) * 1000) / (Date.now() - began);
    await new Promise((resolve) => proxy.close(resolve));
    const { connected, unaccepted, answered, untaken, late, lost } = await ask('over');
    if (process.env.NIGHTLY)
      console.log({ way, rate: Math.round(rate), connected, unaccepted, answered, untaken, late });
    expect(lost).toEqual([]);
    const { accepted, ...stats } = door.stats();
    expect(accepted).toBeLessThanOrEqual(connected - unaccepted);
    expect(accepted).toBeGreaterThanOrEqual(connected - unaccepted - late);
    expect(stats).toMatchObject({
      forwarded: answered,
      failed: 0,
      cut: 0,
      abandoned: 0,
      refused: 0,
    });
    if (process.env.NIGHTLY) expect(rate).toBeGreaterThan(LEAST_RATE);
  },
  60_000,
);

const COUNT = 50;
const PIECE = 'x'.repeat(0x8000);
const PIECES = 21;

/** Downloads that have begun; each gives its body in the end. */
const DOWNLOADS = {
  async http1(port) {
    const download = async () => {
      const [res] = await once(http.get({ port, host: '127.0.0.1', agent: false }), 'response');
      return whole(res);
    };
    return Array.from({ length: COUNT }, download);
  },
  async http2(port) {
    const sessions = Array.from({ length: 5 }, () => http2.connect(`http://127.0.0.1:${port}`));
    for (const session of sessions) onCleanUp(() => session.destroy());
    return Array.from({ length: COUNT }, (_, i) => whole(sessions[i % 5].request({ ':path': '/' })));
  },
};

/** The length of a body, once it has come to its end in good order. */
function whole(stream) {
  return new Promise((resolve, reject) => {
    let length = 0;
    stream.on('data', (chunk) => (length += chunk.length));
    stream.on('end', () => (stream.aborted ? reject(new Error('cut')) : resolve(length)));
    stream.on('error', reject);
  });
}

test('fifty downloads over HTTP/1.1 and fifty over HTTP/2 come to their end', async () => {
  const responses = [];
  const target = await httpServer((req, res) => {
    res.write(PIECE);
    responses.push(res);
  });
  const { door, port, proxy } = await openDoor(
    { target: target.url },
    { grace: 60_000, threads: 2, h2c: true },
  );
  const downloads = [...(await DOWNLOADS.http1(port)), ...(await DOWNLOADS.http2(port))];
  const lengths = Promise.all(downloads);
  await eventually(() => responses.length === downloads.length);
  const closed = new Promise((resolve) => proxy.close(resolve));
  const isClosed = () =>
    rawClient(port).then(
      () => false,
      ({ code }) => code === 'ECONNREFUSED',
    );
  await eventually(isClosed);
  for (let i = 1; i < PIECES; i += 1) {
    for (const res of responses) res.write(PIECE);
    await pause(10);
  }
  for (const res of responses) res.end();
  expect(await lengths).toEqual(Array(2 * COUNT).fill(PIECES * PIECE.length));
  await closed;
  expect(door.stats()).toMatchObject({ forwarded: 2 * COUNT, cut: 0, abandoned: 0 });
}, 60_000);
