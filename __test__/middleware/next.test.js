'use strict';

/** What reaches `next`, and what is answered instead: beside version 4. */

const { createProxyMiddleware } = require('../../index.js');
const { closeAll, httpServer, rawTarget } = require('../support/peers.js');
const { DOWN, ask, beside, namedTarget, withNext } = require('../support/middlewares.js');

afterEach(closeAll);

const failing = (error) => ({
  throws: () => {
    throw error;
  },
  rejects: () => Promise.reject(error),
});

/** What a request comes to: the arguments of `next`, status and body, and the arguments of `error` events. */
async function outcomeOf(make, options, line = 'GET /a?q', lines = []) {
  const errors = [];
  const plugins = [(proxy) => proxy.on('error', (error) => errors.push(error.code ?? error.message))];
  const { calls, listener } = withNext(make({ ...options, plugins }));
  const { status, body } = await ask(listener, line, lines);
  return { calls, status, body, errors };
}

test.each([['/a'], [['/b', '/a']], ['/*'], ['/{a,b}'], [['/**', '!/b']], [(path) => path === '/a']])(
  'a filter sees the path without the query: %p',
  async (pathFilter) => {
    const target = await namedTarget();
    const { ours, theirs } = await beside(4, (make) => outcomeOf(make, { target: target.url, pathFilter }));
    expect(theirs).toEqual({ calls: [], status: 200, body: 'target', errors: [] });
    expect(ours).toEqual(theirs);
  },
);

describe('what is handed on', () => {
  test.each([
    ['a path that does not match', { pathFilter: '/other' }],
    ['a function that says no', { pathFilter: () => false }],
    ['a filter that throws', { pathFilter: failing(new Error('x')).throws }],
    ['a filter that is none', { pathFilter: 5 }],
    ['an empty list', { pathFilter: [] }],
  ])('%s: next without an argument', async (_case, options) => {
    const target = await namedTarget();
    const { ours, theirs } = await beside(4, (make) => outcomeOf(make, { target: target.url, ...options }));
    expect(theirs).toEqual({ calls: [[]], status: 404, body: 'next /a?q', errors: [] });
    expect(ours).toEqual(theirs);
    expect(target.asked()).toEqual([]);
  });

  test.each(['throws', 'rejects'])('a router or a rewriter that %s: next with the error', async (how) => {
    const error = new Error('of the user');
    const target = await namedTarget();
    for (const option of ['router', 'pathRewrite']) {
      const options = { target: target.url, [option]: failing(error)[how] };
      const { ours, theirs } = await beside(4, (make) => outcomeOf(make, options));
      expect(theirs).toEqual({ calls: [[error]], status: 500, body: 'next /a?q', errors: [] });
      expect(ours).toEqual(theirs);
    }
    expect(target.asked()).toEqual([]);
  });

  test.each([
    ['without', undefined],
    ['with', { error: () => {} }],
  ])('no target, %s an error listener: next with the error', async (_case, on) => {
    const { ours, theirs } = await beside(4, (make) => outcomeOf(make, { router: {}, on }));
    expect(theirs).toEqual({
      calls: [[new Error('Must provide a proper URL as target')]],
      status: 500,
      body: 'next /a?q',
      errors: [],
    });
    expect(ours).toEqual(theirs);
  });

  test('a router that names no URL', async () => {
    const { ours, theirs } = await beside(4, (make) => outcomeOf(make, { router: () => 'no url' }));
    for (const { calls, status, errors } of [ours, theirs]) {
      expect(calls).toEqual([[expect.objectContaining({ name: 'TypeError' })]]);
      expect({ status, errors }).toEqual({ status: 500, errors: [] });
    }
  });

  test('a target that is taken away from the options', async () => {
    const options = { target: 'http://127.0.0.1:1' };
    const { calls, listener } = withNext(createProxyMiddleware(options));
    options.target = undefined;
    expect(await ask(listener, 'GET /')).toMatchObject({ status: 500 });
    expect(calls).toEqual([[new Error('Must provide a proper URL as target')]]);
  });
});

describe('what is answered', () => {
  const ANSWERS = {
    'nobody listens': async () => ({ target: DOWN }),
    'the connection is cut': async () => ({
      target: (await rawTarget((connection) => connection.onRequest(() => connection.socket.destroy()))).url,
    }),
    'the answer is none': async () => ({
      target: (
        await rawTarget((connection) => connection.onRequest(() => connection.socket.end('nonsense\r\n\r\n')))
      ).url,
    }),
    'the answer takes too long': async () => ({ target: (await rawTarget(() => {})).url, proxyTimeout: 50 }),
    'the name is unknown': async () => ({ target: 'http://no-such-host.invalid' }),
    'TLS is not spoken': async () => ({
      target: (await httpServer(() => {})).url.replace('http:', 'https:'),
    }),
  };

  test.each(Object.keys(ANSWERS))('%s', async (name) => {
    const options = await ANSWERS[name]();
    const { ours, theirs } = await beside(4, async (make) => {
      const { errors, ...outcome } = await outcomeOf(make, options);
      return { ...outcome, count: errors.length };
    });
    expect(theirs).toMatchObject({
      calls: [],
      body: 'Error occurred while trying to proxy: me/a?q',
      count: 1,
    });
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['markup', 'GET /<script>?<b>', ['Host: me']],
    ['a rewritten path', 'GET /rewritten', []],
  ])('the text of the answer: %s', async (_case, line) => {
    const options = { target: DOWN, pathRewrite: { '^/rewritten': '/<new>' } };
    const { ours, theirs } = await beside(4, (make) => outcomeOf(make, options, line));
    expect(ours).toEqual(theirs);
    expect(ours.body).not.toMatch(/[<>]/);
  });

  test('fields that were set before stay, and there are no others', async () => {
    const target = DOWN;
    const { ours, theirs } = await beside(4, async (make) => {
      const middleware = make({ target });
      const answer = await ask((req, res) => {
        res.setHeader('x-mine', '1');
        return middleware(req, res);
      }, 'GET /');
      return { names: answer.fields.map(([name]) => name).sort(), mine: answer.values('x-mine') };
    });
    expect(ours).toEqual(theirs);
  });
});

describe('without next', () => {
  test('what does not match is left alone', async () => {
    const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1', pathFilter: '/other' });
    const answer = await ask(async (req, res) => {
      await middleware(req, res);
      res.end('mine');
    }, 'GET /a');
    expect(answer).toMatchObject({ status: 200, body: 'mine' });
  });

  test.each(['router', 'pathRewrite'])('what a %s throws is answered', async (option) => {
    const { throws } = failing(new Error('of the user'));
    const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1', [option]: throws });
    expect(await ask(middleware, 'GET /a')).toMatchObject({ status: 500, body: '' });
  });
});

describe('the promise', () => {
  test.each([
    ['an answer', 200],
    ['a failure', 504],
  ])('settles when the response is over: %s', async (_case, expected) => {
    const { url } = await namedTarget();
    const middleware = createProxyMiddleware({
      target: expected === 200 ? url : DOWN,
    });
    let wasOver;
    const { status } = await ask(async (req, res) => {
      await middleware(req, res, () => {});
      wasOver = res.writableFinished;
    }, 'GET /a');
    expect([status, wasOver]).toEqual([expected, true]);
  });

  test('is settled when nothing is forwarded', async () => {
    const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1', pathFilter: '/other' });
    await expect(middleware({ url: '/a', headers: {} }, {})).resolves.toBeUndefined();
  });
});

test('a filter is asked, and next is called, before the middleware returns', () => {
  const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1', pathFilter: '/other' });
  const next = jest.fn();
  void middleware({ url: '/a', headers: {} }, {}, next);
  expect(next.mock.calls).toEqual([[]]);
});
