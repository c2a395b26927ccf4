'use strict';

/** Programs from npm with ours substituted, by an alias and by the register hook, answer as with what they bring along. */

const { closeAll } = require('../support/peers.js');
const { startConsumer } = require('../support/consumers.js');
const { converse } = require('../support/sockets.js');
const { askPlain, viteProject, viteTargets } = require('../support/vite.js');

afterEach(closeAll);

const BODY = ['Content-Length: 4'];

/** What each is asked, and the status that it answers with. */
const REQUESTS = {
  'http-server': [
    [200, 'GET /plain.txt'],
    [200, 'GET /missing/a?q=1'],
    [200, 'HEAD /missing/a'],
    [200, 'GET /missing/chunked'],
    [302, 'GET /missing/moved'],
  ],
  'webpack-dev-server': [
    [200, 'GET /main.js'],
    [200, 'GET /plain.txt'],
    [200, 'GET /api/a?q=1'],
    [200, 'HEAD /api/a'],
    [200, 'POST /api/a', BODY, 'body'],
    [404, 'GET /api/kept'],
    [200, 'GET /routed/a'],
    [200, 'GET /table/here'],
    [504, 'GET /table/there'],
    [200, 'GET /alone/a'],
    [200, 'POST /chosen/a', BODY, 'body'],
    [404, 'GET /chosen/a'],
    [200, 'GET /bypassed/a'],
    [200, 'GET /bypassed/a', ['X-Bypass: page']],
    [404, 'GET /bypassed/a', ['X-Bypass: refuse']],
    [504, 'GET /down/a'],
    [503, 'GET /own-error/a'],
    [200, 'GET /made/a'],
  ],
  'http-proxy-middleware': [
    [200, 'GET /api/a?q=1'],
    [200, 'POST /api/a', BODY, 'body'],
    [200, 'HEAD /api/a'],
    [200, 'GET /api/chunked'],
    [200, 'GET /intercepted/a'],
    [200, 'GET /routed/a'],
    [504, 'GET /down/a'],
    [503, 'GET /own-error/a'],
    [404, 'GET /other'],
  ],
};

/** Which of them proxy WebSockets. */
const SOCKETS = new Set(['webpack-dev-server', 'http-proxy-middleware']);

/** What came of the requests, and how many of them went through the engine. */
async function observe(consumer, way, project) {
  const { ask, port } = await startConsumer(consumer, way, project);
  const answers = {};
  for (const [, line, lines = [], body] of REQUESTS[consumer]) {
    answers[[line, ...lines].join(', ')] = await askPlain(port, { line, lines, body });
  }
  const { exchangesStarted } = await ask('stats');
  if (SOCKETS.has(consumer)) {
    const options = { headers: { host: 'me', origin: 'http://page.example' } };
    answers.socket = await converse(`ws://127.0.0.1:${port}/socket/a`, options);
    expect(answers.socket).toMatchObject({ code: 4001 });
  }
  return { answers, notes: await ask('notes'), exchangesStarted };
}

test.each([
  ['http-server', ['alias', 'import', 'require']],
  ['webpack-dev-server', ['alias', 'import', 'require']],
  // The hook for `import` alone concerns it.
  ['http-proxy-middleware', ['alias', 'import']],
])(
  '%s',
  async (consumer, ways) => {
    const project = { root: viteProject(), targets: (await viteTargets()).targets };
    const original = await observe(consumer, 'original', project);
    const statuses = REQUESTS[consumer].map((_, i) => Object.values(original.answers)[i].status);
    expect(statuses).toEqual(REQUESTS[consumer].map(([status]) => status));
    expect(original.exchangesStarted).toBe(0);
    for (const way of ways) {
      const { exchangesStarted, ...observed } = await observe(consumer, way, project);
      expect({ way, ...observed }).toEqual({ way, answers: original.answers, notes: original.notes });
      expect(exchangesStarted).toBeGreaterThan(3);
    }
  },
  60_000,
);
