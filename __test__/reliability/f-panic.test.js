'use strict';

/**
 * F-79: the engine panics in a request's task. Runs on an addon of its own, which `npm test` builds: its engine panics on demand.
 */

const { answeringTarget, closeAll } = require('../support/peers.js');
const { faultyAddon, runChild } = require('../support/child.js');
const { GOOD } = require('../support/faults.js');
const { echoServer } = require('../support/upgrades.js');

afterEach(closeAll);

test('F-79 its request is answered with 500, the others go on, and it is counted', async () => {
  const target = await answeringTarget(GOOD);
  const { code, stdout, stderr } = await runChild('panics.js', {
    args: [target.url],
    env: { NAPI_RS_NATIVE_LIBRARY_PATH: faultyAddon() },
  });
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('a panic on purpose') });
  const { panicked, others, later, errors, stats } = JSON.parse(stdout);
  expect(panicked).toEqual(Array(10).fill(500));
  expect(others).toEqual(Array(50).fill(200));
  expect(later).toEqual(Array(20).fill(200));
  expect(errors).toEqual(Array(10).fill('ERR_PROXY_PANIC'));
  expect(stats).toMatchObject({ exchanges: 0, panics: 10 });
});

test('F-79 without listeners the client is answered all the same', async () => {
  const { code, stdout } = await runChild('panics.js', {
    args: ['http://127.0.0.1:1', 'unheard'],
    env: { NAPI_RS_NATIVE_LIBRARY_PATH: faultyAddon() },
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).panicked).toEqual(Array(10).fill(500));
});

describe.each(['createProxyServer', 'createProxyMiddleware'])('%s', (face) => {
  test.each(
    ['adopted', 'bridged', 'messages'].flatMap((way) => [
      [way, 'handshake', '500'],
      [way, 'tunnel', '101'],
    ]),
  )('F-79 %s: in a %s, which ends it and no other tunnel', async (way, where, status) => {
    const target = await echoServer();
    const { code, stdout, stderr } = await runChild('tunnel-panics.js', {
      args: [target.url, face, way, where],
      env: { NAPI_RS_NATIVE_LIBRARY_PATH: faultyAddon() },
    });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('a panic on purpose'),
    });
    const { panicked, alive, errors, open } = JSON.parse(stdout);
    expect(panicked).toEqual(Array(5).fill(status));
    expect(alive).toEqual(Array(6).fill(true));
    expect(errors).toEqual(Array(5).fill('ERR_PROXY_PANIC'));
    expect(open).toMatchObject({ sockets: 12, exchanges: 6, connections: 6, panics: 5 });
  });
});
