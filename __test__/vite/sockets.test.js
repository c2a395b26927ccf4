'use strict';

/** WebSockets through the rules of real Vite servers: with the plugin the same as without. */

const { closeAll, eventually } = require('../support/peers.js');
const { converse } = require('../support/sockets.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');
const { VERSIONS, startVite, viteProject, viteTargets } = require('../support/vite.js');

const HEADERS = { origin: 'http://page.example' };

const CASES = [
  ['a target with ws:', '/socket/a?q=1', {}],
  ['rewrite', '/rewritten-socket/a', {}],
  ['listeners', '/listened-socket/a', {}],
  ['a target that refuses', '/listened-socket/refused', {}],
  ['a target that is down', '/down-socket/a', {}],
  ['a bypass that does not apply', '/bypassed-socket/a', {}],
  ['a bypass that refuses', '/bypassed-socket/a', { 'x-bypass': 'refuse' }],
];

describe.each(VERSIONS)('Vite %i', (version) => {
  afterAll(closeAll);

  test.each([
    ['dev', undefined],
    ['preview', undefined],
    ['dev', { key: KEY, cert: CERTIFICATE }],
  ])('%s: the same conversations, events and log', async (kind, https) => {
    const root = viteProject();
    const { targets } = await viteTargets();
    const { ask } = startVite(version);
    const observe = async (plugin) => {
      const { id, port } = await ask('start', { kind, root, targets, plugin, https });
      const scheme = https ? 'wss' : 'ws';
      const seen = {};
      for (const [what, path, headers] of CASES) {
        seen[what] = await converse(`${scheme}://127.0.0.1:${port}${path}`, {
          ca: CERTIFICATE,
          headers: { ...HEADERS, host: 'me', ...headers },
        });
      }
      await eventually(async () => (await ask('notes', id)).includes('close'));
      const lines = (await ask('lines', id)).filter((line) => line.startsWith('error'));
      // eslint-disable-next-line no-control-regex
      const errors = lines.map((line) => line.replaceAll(/\n\s+at .*|\x1b\[\d+m/g, ''));
      const notes = (await ask('notes', id)).filter((note) => !note.startsWith('configure'));
      return { seen, notes, errors };
    };
    const [theirs, ours] = [await observe(undefined), await observe({})];
    expect(ours.seen).toEqual(theirs.seen);
    const origins = ['a target with ws:', 'rewrite'].map(
      (what) => JSON.parse(ours.seen[what].received[0]).origin,
    );
    // The first rule has rewriteWsOrigin.
    expect(origins).toEqual([targets.target.replace('http', 'ws'), HEADERS.origin]);
    expect(ours.seen.rewrite).toMatchObject({ code: 4001, reason: 'bye' });
    // One conversation may begin before the end of the last one is heard of.
    expect(ours.notes.toSorted()).toEqual(theirs.notes.toSorted());
    // Vite also logs clients that reset their connection, as one may that was refused.
    const isReset = (error) => error === 'error ws proxy socket error:\nError: read ECONNRESET';
    const down = 'error ws proxy error:\nError: connect ECONNREFUSED 127.0.0.1:1';
    expect(theirs.errors).toContain(down);
    expect(ours.errors.filter((error) => !isReset(error))).toEqual([down]);
  });
});
