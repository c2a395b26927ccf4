'use strict';

/** Every kind of rule in real Vite servers: with the plugin the same answers, the same events and the same log as without. */

const { closeAll, eventually, rawClient } = require('../support/peers.js');
const { requestText } = require('../support/messages.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');
const {
  VERSIONS,
  askPlain,
  askSecure,
  openSecureEvents,
  startVite,
  viteProject,
  viteTargets,
} = require('../support/vite.js');

const CASES = [
  { what: 'a rule that is a URL', line: 'GET /shorthand/a%2Fb?q=1', status: 200 },
  { what: 'rewrite', line: 'GET /rewrite/a?q=1', status: 200 },
  { what: 'a regular expression', line: 'GET /regex/42', status: 200 },
  { what: 'a regular expression that does not match', line: 'GET /regex/none', status: 200 },
  { what: 'a target with a path, and headers', line: 'GET /base/a', status: 200 },
  { what: 'a target that is a URL object', line: 'GET /url/a', status: 200 },
  { what: 'a target in parts', line: 'GET /parts/a', status: 200 },
  { what: 'a target over TLS', line: 'GET /tls/a', status: 200 },
  { what: 'a target whose certificate nobody vouches for', line: 'GET /untrusted/a', status: 'down' },
  { what: 'HEAD', line: 'HEAD /shorthand/a', status: 200 },
  { what: 'OPTIONS', line: 'OPTIONS /rewrite/a', status: 'options' },
  { what: 'no content', line: 'GET /rewrite/nothing', status: 204 },
  { what: 'a chunked response', line: 'GET /shorthand/chunked', status: 200 },
  {
    what: 'POST',
    line: 'POST /shorthand/a',
    lines: ['Content-Length: 4', 'Content-Type: text/plain'],
    body: 'body',
    status: 200,
  },
  {
    what: 'a chunked request',
    line: 'PUT /rewrite/a',
    lines: ['Transfer-Encoding: chunked'],
    body: '5\r\nchunk\r\n1\r\ns\r\n0\r\n\r\n',
    status: 200,
  },
  { what: 'cookies', line: 'GET /cookies', lines: ['Cookie: c=3'], status: 200 },
  { what: 'a redirection', line: 'GET /redirect/moved', status: 302 },
  { what: 'a target that is down', line: 'GET /down/a', status: 'down' },
  { what: 'a bypass that does not apply', line: 'GET /bypass/a', status: 200 },
  { what: 'a bypass to a page', line: 'GET /bypass/a', lines: ['X-Bypass: page'], status: 200 },
  { what: 'a bypass that refuses', line: 'GET /bypass/a', lines: ['X-Bypass: refuse'], status: 404 },
  { what: 'an asynchronous bypass', line: 'GET /waiting-bypass/a', status: 200 },
  { what: '… to a page', line: 'GET /waiting-bypass/a', lines: ['X-Bypass: page'], status: 200 },
  { what: '… that refuses', line: 'GET /waiting-bypass/a', lines: ['X-Bypass: refuse'], status: 'refused' },
  { what: 'listeners', line: 'GET /listened/a?q', lines: ['X-Secret: yes'], status: 203 },
  { what: 'listeners, again', line: 'GET /listened/b?q', status: 203 },
  { what: 'an error listener that answers', line: 'GET /own-error/a', status: 503 },
  { what: 'a body of a listener', line: 'POST /written/a', lines: ['Content-Length: 0'], status: 200 },
  { what: 'an answer of a listener', line: 'GET /own-answer/a', status: 200 },
  { what: 'options that configure has edited', line: 'GET /edited/a', status: 200 },
  { what: 'a method that configure has replaced', line: 'GET /replaced/a', status: 200 },
];

/** Where Vite's versions answer in different ways. */
const STATUS = {
  down: (version) => (version >= 8 ? 502 : 500),
  options: () => 204,
  refused: (version) => (version >= 6 ? 404 : 200),
};

/** A server with the plugin and one without, in one process. */
async function sideBySide(version, kind, settings) {
  const root = viteProject();
  const { targets, open } = await viteTargets();
  const { ask } = startVite(version);
  const start = (plugin) => ask('start', { kind, root, targets, plugin, ...settings });
  const servers = { theirs: await start(undefined), ours: await start({}) };
  const both = async (observe) => ({
    theirs: await observe(servers.theirs),
    ours: await observe(servers.ours),
  });
  return { ask, both, servers, open };
}

/** What is worse than information; without colours, the places of stacks, and the advice about certificates that newer Nodes append. */
async function logOf(ask, id) {
  const lines = (await ask('lines', id)).filter((line) => !line.startsWith('info '));
  // eslint-disable-next-line no-control-regex
  return lines.map((line) => line.replaceAll(/\n\s+at .*|\x1b\[\d+m|(?<=certificate); if .*/g, ''));
}

const streamsEnd = (open) =>
  eventually(
    () => open() === 0,
    () => 'the stream stays open',
  );

describe.each(VERSIONS)('Vite %i', (version) => {
  describe.each(['dev', 'preview', 'middleware'])('%s', (kind) => {
    let bench;
    beforeAll(async () => {
      bench = await sideBySide(version, kind);
    });
    afterAll(closeAll);

    test('the same answers, events and log', async () => {
      const { ask, both } = bench;
      const answers = { theirs: {}, ours: {} };
      for (const { what, ...request } of CASES) {
        const { theirs, ours } = await both(({ port }) => askPlain(port, request));
        Object.assign(answers.theirs, { [what]: theirs });
        Object.assign(answers.ours, { [what]: ours });
      }
      expect(answers.ours).toEqual(answers.theirs);
      const statuses = CASES.map(({ what }) => [what, answers.ours[what].status]);
      expect(statuses).toEqual(CASES.map(({ what, status }) => [what, STATUS[status]?.(version) ?? status]));
      const notes = await both(({ id }) => ask('notes', id));
      expect(notes.ours).toEqual(notes.theirs);
      expect(notes.ours).toEqual(expect.arrayContaining(['once', 'configure true true', 'web {}']));
      const logs = await both(({ id }) => logOf(ask, id));
      expect(logs.ours).toEqual(logs.theirs);
      expect(logs.ours.filter((line) => line.includes('http proxy error: /down/a'))).toHaveLength(1);
    });

    test('requests reach the engine with the plugin, and not without', async () => {
      const { ask, both } = bench;
      const started = await both(async ({ port }) => {
        const before = await ask('stats');
        await askPlain(port, { line: 'GET /shorthand/a' });
        return (await ask('stats')).exchangesStarted - before.exchangesStarted;
      });
      expect(started).toEqual({ theirs: 0, ours: 1 });
    });

    test('a bypass that throws', async () => {
      const request = { line: 'GET /bypass/a', lines: ['X-Bypass: throw'] };
      const { theirs, ours } = await bench.both(({ port }) => askPlain(port, request));
      // In middleware mode Vite leaves the failure to the server around it.
      const status = kind === 'middleware' ? 404 : 500;
      expect([theirs.status, ours.status]).toEqual([status, status]);
    });

    test('a client that leaves an event stream leaves none behind', async () => {
      const { both, open } = bench;
      await both(async ({ port }) => {
        const client = await rawClient(port, requestText('GET /shorthand/events'));
        await client.received('data: first');
        expect(open()).toBe(1);
        client.socket.destroy();
        await streamsEnd(open);
      });
    });

    // In middleware mode they go to the server around it, which Vite does not know.
    if (kind === 'middleware') return;

    test('an upgrade is handed to the proxy of its rule', async () => {
      const { ask, both } = bench;
      const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
      const { theirs, ours } = await both(({ port }) => askPlain(port, { line: 'GET /upgrade/a', lines }));
      expect(ours).toEqual(theirs);
      expect(ours.status).toBe(418);
      const notes = await both(({ id }) => ask('notes', id));
      expect(notes.ours).toContain('ws /upgrade/a');
      expect(notes.ours).toEqual(notes.theirs);
    });
  });

  describe('over TLS', () => {
    let bench;
    beforeAll(async () => {
      bench = await sideBySide(version, 'dev', { https: { key: KEY, cert: CERTIFICATE } });
    });
    afterAll(closeAll);

    test('the same answers, in the protocol that Vite offers', async () => {
      const requests = [
        { method: 'GET', path: '/shorthand/a?q=1' },
        { method: 'POST', path: '/rewrite/a', body: 'body' },
        { method: 'HEAD', path: '/shorthand/a' },
        { method: 'GET', path: '/shorthand/chunked' },
        { method: 'GET', path: '/cookies' },
        { method: 'GET', path: '/listened/a?q' },
        { method: 'GET', path: '/down/a' },
        { method: 'GET', path: '/own-answer/a' },
      ];
      const { theirs, ours } = await bench.both(({ port }) => askSecure(port, requests));
      expect(ours).toEqual(theirs);
      // The earlier ones speak HTTP/1.1 as soon as there are rules.
      expect(ours.protocol).toBe(version >= 7 ? 'h2' : 'http/1.1');
      const statuses = [200, 200, 200, 200, 200, 203, STATUS.down(version), 200];
      expect(ours.answers.map(({ status }) => status)).toEqual(statuses);
    });

    // From Vite 7 on, in HTTP/2, Vite's own engine reads on for ever.
    test('a client that leaves an event stream leaves none behind', async () => {
      const { servers, open } = bench;
      const leave = await openSecureEvents(servers.ours.port, '/shorthand/events');
      expect(open()).toBe(1);
      leave();
      await streamsEnd(open);
    });
  });
});
