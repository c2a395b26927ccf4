'use strict';

/** `createProxyMiddleware` in Express: mounts and routers (beside http-proxy-middleware), body parsers, what stands before and behind it. */

const { createProxyMiddleware } = require('../../index.js');
const { closeAll, closedPort, eventually } = require('../support/peers.js');
const { ask, namedTarget } = require('../support/middlewares.js');

afterEach(closeAll);

describe.each(['express', 'express4'])('%s', (framework) => {
  const express = require(framework);

  /** Where a middleware stands in an application. */
  const PLACES = {
    'at the root': (app, middleware) => app.use(middleware),
    'on a mount': (app, middleware) => app.use('/api', middleware),
    'on several mounts': (app, middleware) => app.use(['/other', '/api'], middleware),
    'on a mount with a parameter': (app, middleware) => app.use('/:any', middleware),
    'behind a route': (app, middleware) => app.all(/^\/api/, middleware),
    'in a router': (app, middleware) => {
      const router = express.Router();
      router.use('/v1', middleware);
      app.use('/api', router);
    },
    'behind a route of a router': (app, middleware) => {
      const router = express.Router();
      router.all(/^\/v1/, middleware);
      app.use('/api', router);
    },
    'in an application in an application': (app, middleware) => {
      const inner = express();
      inner.use('/v1', middleware);
      app.use('/api', inner);
    },
  };
  const URLS = ['/api/v1/users?a=1&b', '/api/v1', '/api/v1/', '/API/V1//x/../%2e', '/api/v1?q=/api/v1'];
  const rows = Object.keys(PLACES).flatMap((place) => URLS.map((url) => [place, url]));

  test.each(rows)('%s, %s is asked for as with http-proxy-middleware', async (place, url) => {
    // It has no entry for require().
    const theirs = await import('http-proxy-middleware');
    const target = await namedTarget('target');
    for (const make of [createProxyMiddleware, theirs.createProxyMiddleware]) {
      const app = express();
      PLACES[place](
        app,
        make({
          target: target.url,
          changeOrigin: true,
          on: { proxyReq: (proxyReq) => proxyReq.setHeader('x-a', '1') },
        }),
      );
      const answer = await ask(app, `GET ${url}`);
      // Which places serve which URLs is the framework's affair, and the same for both.
      expect([200, 404]).toContain(answer.status);
    }
    const requests = target.requests();
    if (url === '/api/v1') expect(requests).toHaveLength(2);
    expect([0, 2]).toContain(requests.length);
    const [ours, other] = requests.map(({ start, values }) => [start, values('host'), values('x-a')]);
    expect(ours).toEqual(other);
  });

  test('url and originalUrl are as Express left them, before and behind', async () => {
    const target = await namedTarget('target');
    const app = express();
    const seen = [];
    const note = ({ url, originalUrl, baseUrl }) => seen.push([url, originalUrl, baseUrl]);
    const on = { proxyReq: (proxyReq, req) => note(req), proxyRes: (proxyRes, req) => note(req) };
    app.use('/api', createProxyMiddleware({ target: target.url, on }));
    expect(await ask(app, 'GET /api/x?y')).toMatchObject({ status: 200, body: 'target' });
    expect(seen).toEqual(Array(2).fill(['/x?y', '/api/x?y', '/api']));
  });

  test('two on different mounts have targets of their own, and what is on neither goes on', async () => {
    const targets = { '/one': await namedTarget('one'), '/two': await namedTarget('two') };
    const app = express();
    for (const [mount, { url }] of Object.entries(targets))
      app.use(mount, createProxyMiddleware({ target: url }));
    app.use((req, res) => res.status(418).send('behind'));
    const answers = [];
    for (const url of ['/one/a', '/two/b', '/three', '/onesie']) {
      const { status, body } = await ask(app, `GET ${url}`);
      answers.push([status, body]);
    }
    expect(answers).toEqual([
      [200, 'one'],
      [200, 'two'],
      [418, 'behind'],
      [418, 'behind'],
    ]);
    expect(Object.values(targets).map((target) => target.asked())).toEqual([
      ['GET /a HTTP/1.1'],
      ['GET /b HTTP/1.1'],
    ]);
  });

  test('next is not called, neither after an answer nor after an error, which is answered', async () => {
    const target = await namedTarget('target');
    const down = `http://127.0.0.1:${await closedPort()}`;
    const app = express();
    const behind = [];
    app.use('/up', createProxyMiddleware({ target: target.url }));
    app.use('/down', createProxyMiddleware({ target: down }));
    app.use((req, res, next) => {
      behind.push(req.originalUrl);
      next();
    });
    // eslint-disable-next-line no-unused-vars -- Express knows an error handler by its four arguments.
    app.use((error, req, res, next) => {
      behind.push(error);
      res.sendStatus(500);
    });
    expect(await ask(app, 'GET /up')).toMatchObject({ status: 200, body: 'target' });
    const failed = await ask(app, 'GET /down/<x>?q');
    expect(failed).toMatchObject({ status: 504, body: 'Error occurred while trying to proxy: me/%3Cx%3E?q' });
    expect(behind).toEqual([]);
  });

  test('the own error listener answers instead, with the helpers of Express', async () => {
    const on = {
      error: (error, req, res) => res.status(503).json({ code: error.code, url: req.originalUrl }),
    };
    const app = express();
    app.use('/api', createProxyMiddleware({ target: `http://127.0.0.1:${await closedPort()}`, on }));
    const { status, body } = await ask(app, 'GET /api/x');
    expect([status, JSON.parse(body)]).toEqual([503, { code: 'ECONNREFUSED', url: '/api/x' }]);
  });

  test('what stands before it: fields of the response stay, unless the target sends them', async () => {
    const target = await namedTarget('target');
    const app = express();
    app.use((req, res, next) => {
      req.headers['x-user'] = 'me';
      res.setHeader('x-app', '1');
      res.cookie('session', 's');
      res.setHeader('x-target', 'not me');
      next();
    });
    app.use(createProxyMiddleware({ target: target.url }));
    const answer = await ask(app, 'HEAD /x');
    expect(answer.status).toBe(200);
    expect(answer.values('x-app')).toEqual(['1']);
    expect(answer.values('set-cookie')).toEqual(['session=s; Path=/']);
    expect(answer.values('x-target')).toEqual(['target']);
    expect(answer.values('content-length')).toEqual(['6']);
    expect(target.requests()[0]).toMatchObject({ start: 'HEAD /x HTTP/1.1' });
    expect(target.requests()[0].values('x-user')).toEqual(['me']);
  });

  describe('behind a body parser', () => {
    const JSON_BODY = '{"a": [1, 2]}';
    const post = (app) =>
      ask(
        app,
        'POST /api/x',
        ['Content-Type: application/json', `Content-Length: ${JSON_BODY.length}`],
        JSON_BODY,
      );

    test('that has read the body, the target gets it again', async () => {
      const target = await namedTarget('target');
      const app = express();
      app.use(express.json());
      app.use('/api', createProxyMiddleware({ target: target.url }));
      expect(await post(app)).toMatchObject({ status: 200, body: 'target' });
      expect(target.requests()).toMatchObject([
        { start: 'POST /x HTTP/1.1', body: '{"a":[1,2]}', isComplete: true, rest: '' },
      ]);
    });

    test('the body can be written again', async () => {
      const target = await namedTarget('target');
      const app = express();
      app.use(express.json());
      const on = {
        proxyReq(proxyReq, req) {
          const body = JSON.stringify(req.body);
          proxyReq.setHeader('Content-Length', Buffer.byteLength(body));
          proxyReq.write(body);
        },
      };
      app.use('/api', createProxyMiddleware({ target: target.url, on }));
      expect(await post(app)).toMatchObject({ status: 200, body: 'target' });
      const [request] = target.requests();
      expect(request).toMatchObject({ body: '{"a":[1,2]}', framing: 'length', isComplete: true, rest: '' });
      expect(request.values('content-type')).toEqual(['application/json']);
    });

    test('that leaves other types alone, the body goes through', async () => {
      const target = await namedTarget('target');
      const app = express();
      app.use(express.json());
      app.use('/api', createProxyMiddleware({ target: target.url }));
      const answer = await ask(app, 'POST /api/x', ['Content-Type: text/plain', 'Content-Length: 4'], 'text');
      expect(answer).toMatchObject({ status: 200, body: 'target' });
      expect(target.requests()).toMatchObject([{ body: 'text', isComplete: true }]);
    });
  });

  test('its promise settles when the response is over', async () => {
    const middleware = createProxyMiddleware({ target: (await namedTarget('target')).url });
    expect(middleware).toHaveLength(3);
    const app = express();
    const settled = [];
    app.use((req, res, next) => {
      middleware(req, res, next).then(() => settled.push(res.writableFinished));
    });
    expect((await ask(app, 'GET /')).status).toBe(200);
    await eventually(() => settled.length > 0);
    expect(settled).toEqual([true]);
  });
});
