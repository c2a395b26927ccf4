'use strict';

/** What DEBUG=http-proxy-middleware* shows: the lines of version 4, but that plugins have their names. */

const { closeAll } = require('../support/peers.js');
const { runChild } = require('../support/child.js');

afterEach(closeAll);

async function linesOf(name) {
  const env = { DEBUG: 'http-proxy-middleware*', DEBUG_HIDE_DATE: '1', NO_COLOR: '1' };
  const { code, stderr } = await runChild('middleware-debug.js', { args: [name], env });
  expect(code).toBe(0);
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('http-proxy-middleware'))
    .map((line) => line.replace(/127\.0\.0\.1:\d{2,5}/g, '127.0.0.1:PORT'));
}

const isOfPlugin = (line) => line.startsWith('http-proxy-middleware register plugin: ');

test('of a request, a failure and a close', async () => {
  const [ours, theirs] = [await linesOf('ours'), await linesOf('http-proxy-middleware')];
  // Only the proxy of theirs has nothing to close.
  const others = (lines) =>
    lines.filter((line) => !isOfPlugin(line) && !line.endsWith(' proxy server closed')).sort();
  expect(theirs.length).toBeGreaterThan(15);
  expect(others(ours)).toEqual(others(theirs));
  expect(ours.filter(isOfPlugin)).toEqual(
    ['debugProxyErrorsPlugin', 'proxyEventsPlugin', 'loggerPlugin', 'errorResponsePlugin'].map(
      (name) => `http-proxy-middleware register plugin: "${name}"`,
    ),
  );
});

test('nothing, unless it is asked for', async () => {
  const { code, stderr } = await runChild('middleware-debug.js', { args: ['ours'], env: { DEBUG: '' } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
