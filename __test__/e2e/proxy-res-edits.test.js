'use strict';

/** What `proxyRes` listeners do takes effect on the client's answer, as it does with http-proxy-3, which is asked the same. */

const { createProxyServer } = require('../../index.js');
const { answeringTarget, closeAll, eventually, httpServer, rawExchange } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');

afterEach(closeAll);

const PROXIES = [
  ['ours', createProxyServer],
  ['http-proxy-3', require('http-proxy-3').createProxyServer],
];
const GOOD = [
  'HTTP/1.1 200 OK',
  'X-Secret: s',
  'X-Open: o',
  'Set-Cookie: a=1; Path=/',
  'Set-Cookie: b=2',
  'Content-Length: 4',
  '',
  'good',
].join('\r\n');

/**
 * Asks once through a proxy with these `proxyRes` listeners.
 *
 * @param {Function} create makes the proxy
 * @param {{ listeners: Function[], answer?: string, options?: object, app?: Function }} settings
 */
async function ask(create, { listeners, answer = GOOD, options, app = () => {} }) {
  const target = await answeringTarget(answer, { end: 'fin' });
  const proxy = create({ target: target.url, ...options });
  const errors = [];
  let ends = 0;
  for (const listener of listeners) proxy.on('proxyRes', listener);
  proxy.on('end', () => (ends += 1));
  proxy.on('error', (error, req, res) => {
    errors.push(error);
    res.destroy();
  });
  const { port } = await httpServer((req, res) => {
    app(req, res);
    proxy.web(req, res);
  });
  const response = readResponse(await rawExchange(port, lastRequest('GET /a')));
  await eventually(() => ends === 1);
  expect(errors).toEqual([]);
  return response;
}

/** Title: what the listener does to the response, and what the client must receive. */
const EDITS = {
  'a field is added': {
    does: ({ headers }) => (headers['X-Added'] = 'yes'),
    values: { 'x-added': ['yes'], 'x-open': ['o'] },
  },
  'a field is replaced': {
    does: ({ headers }) => (headers['x-open'] = `${headers['x-open']}!`),
    values: { 'x-open': ['o!'] },
  },
  'a field is deleted': {
    does: ({ headers }) => delete headers['x-secret'],
    values: { 'x-secret': [], 'x-open': ['o'] },
  },
  'a field is set to undefined': {
    does: ({ headers }) => (headers['x-secret'] = undefined),
    values: { 'x-secret': [], 'x-open': ['o'] },
  },
  'a field is a number': { does: ({ headers }) => (headers['x-n'] = 7), values: { 'x-n': ['7'] } },
  'a field has several values': {
    does: ({ headers }) => (headers['x-many'] = ['1', '2']),
    values: { 'x-many': ['1', '2'] },
  },
  'the name of a field has spaces around it': {
    does: ({ headers }) => (headers[' x-wide '] = '1'),
    values: { 'x-wide': ['1'] },
  },
  'cookies are an array and may be mapped': {
    does: ({ headers }) => (headers['set-cookie'] = headers['set-cookie'].map((one) => `${one}; Secure`)),
    values: { 'set-cookie': ['a=1; Path=/; Secure', 'b=2; Secure'] },
  },
  'a cookie is pushed': {
    does: ({ headers }) => headers['set-cookie'].push('c=3'),
    values: { 'set-cookie': ['a=1; Path=/', 'b=2', 'c=3'] },
  },
  'the fields are reassigned': {
    does: (proxyRes) => (proxyRes.headers = { 'x-only': 'this', 'content-length': '4' }),
    values: { 'x-only': ['this'], 'x-open': [], 'set-cookie': [] },
  },
  'the status is assigned': { does: (proxyRes) => (proxyRes.statusCode = 404), status: 404, reason: 'OK' },
  'the reason is assigned': { does: (proxyRes) => (proxyRes.statusMessage = 'Fine'), reason: 'Fine' },
  'status and reason are assigned': {
    does: (proxyRes) => Object.assign(proxyRes, { statusCode: 418, statusMessage: "I'm a teapot" }),
    status: 418,
    reason: "I'm a teapot",
  },
  'the length is deleted': { does: ({ headers }) => delete headers['content-length'] },
  'a field is set on the answer': {
    does: (proxyRes, req, res) => res.setHeader('x-answer', 'mine'),
    values: { 'x-answer': ['mine'], 'x-open': ['o'] },
  },
  'the head is written by the listener': {
    does: (proxyRes, req, res) => res.writeHead(201, { 'x-own': 'head', 'content-length': 4 }),
    status: 201,
    reason: 'Created',
    values: { 'x-own': ['head'], 'x-open': [] },
  },
  'the listener answers': {
    does: (proxyRes, req, res) => res.writeHead(403).end('mine'),
    status: 403,
    reason: 'Forbidden',
    body: 'mine',
  },
};
const READS = {
  'nobody reads': () => {},
  'a data listener reads': (proxyRes) => proxyRes.on('data', () => {}),
};
const ALL = PROXIES.flatMap(([name, create]) =>
  Object.keys(EDITS).flatMap((edit) => Object.keys(READS).map((how) => [name, edit, how, create])),
);

test.each(ALL)('%s: %s, and %s', async (_name, edit, how, create) => {
  const { does, status = 200, reason = 'OK', values = {}, body = 'good' } = EDITS[edit];
  const response = await ask(create, { listeners: [does, READS[how]] });
  expect(response).toMatchObject({ status, reason, body, isComplete: true, rest: '' });
  for (const [name, expected] of Object.entries(values)) expect(response.values(name)).toEqual(expected);
});

describe.each(PROXIES)('%s', (_name, create) => {
  test('what a listener can read', async () => {
    let seen;
    const look = (proxyRes, req, res) => {
      const { statusCode, statusMessage, httpVersion, headers, rawHeaders, headersDistinct } = proxyRes;
      const asked = { path: proxyRes.req.path, host: proxyRes.req.host, mine: proxyRes.req.getHeader('x') };
      const line = { statusCode, statusMessage, httpVersion, isSent: res.headersSent };
      seen = { line, asked, headers: { ...headers }, rawHeaders, distinct: headersDistinct['x-open'] };
    };
    await ask(create, { listeners: [look], options: { headers: { x: 'mine' } } });
    expect(seen).toEqual({
      line: { statusCode: 200, statusMessage: 'OK', httpVersion: '1.1', isSent: false },
      asked: { path: '/a', host: '127.0.0.1', mine: 'mine' },
      headers: {
        'x-secret': 's',
        'x-open': 'o',
        'set-cookie': ['a=1; Path=/', 'b=2'],
        'content-length': '4',
      },
      rawHeaders: GOOD.split('\r\n')
        .slice(1, -2)
        .flatMap((line) => line.split(': ')),
      distinct: ['o'],
    });
  });

  test('several listeners: each sees what the ones before it did', async () => {
    const add = (letter) => (proxyRes) => (proxyRes.headers['x-open'] += letter);
    const { values } = await ask(create, { listeners: [add('a'), add('b'), add('c')] });
    expect(values('x-open')).toEqual(['oabc']);
  });

  test('edits are not for an answer that the listeners handle themselves', async () => {
    const edit = (proxyRes, req, res) => {
      Object.assign(proxyRes, { statusCode: 500, statusMessage: 'Theirs' }).headers['x-added'] = 'yes';
      proxyRes.pipe(res);
    };
    const app = (req, res) => res.setHeader('x-app', 'mine');
    const options = { selfHandleResponse: true };
    const response = await ask(create, { listeners: [edit], options, app });
    expect(response).toMatchObject({ status: 200, reason: 'OK', body: 'good', isComplete: true });
    expect(response.values('x-app')).toEqual(['mine']);
    expect(response.values('x-added').concat(response.values('x-open'))).toEqual([]);
  });
});

test.each(['99', 'four', '1', '-1'])(
  'a length of %s is not believed: the framing is ours',
  async (length) => {
    const listeners = [(proxyRes) => (proxyRes.headers['content-length'] = length)];
    const response = await ask(createProxyServer, { listeners });
    expect(response).toMatchObject({ body: 'good', isComplete: true, rest: '' });
  },
);

test('a coding that a listener claims is not believed', async () => {
  const listeners = [(proxyRes) => (proxyRes.headers['transfer-encoding'] = 'gzip, chunked')];
  const response = await ask(createProxyServer, { listeners });
  expect(response).toMatchObject({ body: 'good', isComplete: true, rest: '' });
});

test('the length of a body that the listener changes is believed', async () => {
  const shout = (proxyRes, req, res) => {
    const { end } = res;
    proxyRes.headers['content-length'] = '5';
    res.write = () => true;
    res.end = () => end.call(res, 'GOOD!');
  };
  const response = await ask(createProxyServer, { listeners: [shout] });
  expect(response).toMatchObject({ body: 'GOOD!', framing: 'length', isComplete: true, rest: '' });
});
