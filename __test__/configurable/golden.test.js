'use strict';

/**
 * The contract of configurable-http-proxy, asked of version 5.3.0 and of `rs-proxy serve` with the same flags: what differs is listed here, each
 * with its reason, and nothing else does.
 */

const { NOBODY } = require('../support/dynamic.js');
const { echo, either } = require('../support/configurable.js');
const { closeAll } = require('../support/peers.js');

afterEach(closeAll);

/** A request that gets no answer is given up after so long. */
const NEVER = 2000;
/** Fields that a target is told, beside those that any client's request has. */
const TOLD = [
  'host',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-mine',
  'x-other',
];

/** What one of them answers to all the rows of a group. */
async function answers(name, { flags = [], routes = {}, rows }, target) {
  const dead = `http://127.0.0.1:${NOBODY}`;
  const filled = flags.map((flag) => flag.replace('TARGET', target.url).replace('DEAD', dead));
  const proxy = await either(name, filled);
  for (const [key, where] of Object.entries(routes))
    await proxy.add(key, where.replace('TARGET', target.url).replace('DEAD', dead));
  const seen = {};
  for (const [title, { api, body, ...step }] of Object.entries(rows)) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const isHung = step.isHung?.[name];
    const own = {
      ...step,
      body: text?.replaceAll('TARGET', target.url),
      milliseconds: isHung ? NEVER : undefined,
    };
    const asking = api === undefined ? proxy.request(step.get ?? step.line, own) : proxy.api(api, own);
    seen[title] = isHung
      ? await asking.then(
          ({ status }) => status,
          () => 'no answer',
        )
      : shown(await asking, proxy, target);
  }
  return seen;
}

function shown({ status, body, values }, proxy, target) {
  const masked = (text) =>
    text
      .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"DATE"')
      .replaceAll(String(proxy.port), 'PORT')
      .replaceAll(String(target.port), 'TARGET');
  const [type] = values('content-type');
  const all = { status, type: type?.split(';')[0], location: values('location').map(masked)[0] };
  if (type?.startsWith('text/html')) return all;
  // Ours says what its texts are, the original does not.
  if (type?.startsWith('text/plain')) all.type = undefined;
  if (!body.startsWith('{')) return { ...all, body: masked(body) };
  const value = JSON.parse(masked(body));
  if (value.headers !== undefined) {
    const told = Object.entries(value.headers).filter(([name]) => TOLD.includes(name));
    value.headers = Object.fromEntries(told);
  }
  return { ...all, body: value };
}

const get = (path, host) => ({ get: `GET ${path}`, ...(host && { host }) });

/** Each of a process of the original's and one of ours. */
const GROUPS = {
  'the API': {
    rows: {
      'no routes': { api: 'GET /api/routes' },
      'adds one': {
        api: 'POST /api/routes/a',
        body: { target: 'TARGET', jupyterhub: true, more: { x: [1, null] } },
      },
      'adds one with a slash at its end': { api: 'POST /api/routes/b/c/', body: { target: 'TARGET' } },
      'adds one for everything': { api: 'POST /api/routes', body: { target: 'TARGET' } },
      'adds one with a slash alone': { api: 'POST /api/routes/', body: { target: 'TARGET', root: true } },
      'adds names with spaces, @, letters and escapes': {
        api: 'POST /api/routes/user/a%20b@c/%C3%A9t%C3%A9/100%25/~x',
        body: { target: 'TARGET' },
      },
      'lists them': { api: 'GET /api/routes' },
      'lists them with a slash': { api: 'GET /api/routes/' },
      'shows one': { api: 'GET /api/routes/a' },
      'shows one with a slash at its end': { api: 'GET /api/routes/a/' },
      'shows one with escapes': { api: 'GET /api/routes/user/a%20b%40c/%c3%a9t%C3%A9/100%25/%7Ex' },
      'has none below it': { api: 'GET /api/routes/a/b' },
      'has none above it': { api: 'GET /api/routes/b' },
      'has none beside it': { api: 'GET /api/routes/ab' },
      'replaces one': { api: 'POST /api/routes/a', body: { target: 'TARGET/other' } },
      'has replaced it': { api: 'GET /api/routes/a' },
      'inactive since long ago': { api: 'GET /api/routes?inactive_since=2001-01-01T00:00:00Z' },
      'inactive since then, by its other name': { api: 'GET /api/routes?inactiveSince=2001-01-01' },
      'inactive by tomorrow': { api: 'GET /api/routes?inactive_since=2101-01-01T00:00:00.000Z' },
      'inactive since what is no date': { api: 'GET /api/routes?inactive_since=yesterday' },
      'takes one out': { api: 'DELETE /api/routes/b/c' },
      'has taken it out': { api: 'DELETE /api/routes/b/c' },
      'takes out the one for everything': { api: 'DELETE /api/routes/' },
      'has taken that out': { api: 'GET /api/routes' },
      'a body that is no JSON': { api: 'POST /api/routes/x', body: '{"target"' },
      'no body': { api: 'POST /api/routes/x' },
      'a body without a target': { api: 'POST /api/routes/x', body: { host: 'TARGET' } },
      'a target that is a number': { api: 'POST /api/routes/x', body: { target: 1 } },
      'a body that is null': { api: 'POST /api/routes/x', body: 'null' },
      'a body that is a list': { api: 'POST /api/routes/x', body: '[]' },
      'a body that is text': { api: 'POST /api/routes/x', body: '"x"' },
      PUT: { api: 'PUT /api/routes/a', body: { target: 'TARGET' } },
      PATCH: { api: 'PATCH /api/routes/a' },
      HEAD: { api: 'HEAD /api/routes' },
      OPTIONS: { api: 'OPTIONS /api/routes' },
      'the root of the API': { api: 'GET /api/' },
      'another path': { api: 'GET /' },
      'a path that begins alike': { api: 'GET /api/routesx' },
      'no token': { api: 'GET /api/routes', token: null },
      'another token': { api: 'GET /api/routes', token: 'b-secret' },
      'a token that begins alike': { api: 'GET /api/routes', token: 'a-secret2' },
      'no token for a change': { api: 'DELETE /api/routes/a', token: null },
      'no token for another method': { api: 'PUT /api/routes/a', token: null },
      'taking out all': { api: 'DELETE /api/routes', isHung: { original: true } },
      'a broken escape': { api: 'GET /api/routes/%zz', isHung: { original: true } },
      'a target that is no URL': { api: 'POST /api/routes/x', body: { target: 'nowhere' } },
      'inactive since nothing': { api: 'GET /api/routes?inactive_since=' },
      'the token as a bearer': {
        api: 'GET /api/routes/none',
        token: null,
        lines: ['Authorization: Bearer a-secret'],
      },
      'the token behind another word': {
        api: 'GET /api/routes/none',
        token: null,
        lines: ['Authorization: x token a-secret'],
      },
      'no token, and no JSON': { api: 'POST /api/routes/x', token: null, body: '{' },
    },
    differences: {
      // Nothing answers there.
      'taking out all': ['no answer', { status: 404, body: '' }],
      'a broken escape': [
        'no answer',
        { status: 400, body: 'The path has an escape that is broken, or not UTF-8' },
      ],
      // Each request for it would be a 500.
      'a target that is no URL': [
        { status: 201, body: '' },
        { status: 400, body: 'The target "nowhere" is not an http or https URL' },
      ],
      'inactive since nothing': [
        { status: 200, type: 'application/json', body: expect.anything() },
        { status: 400, body: "Invalid datestamp '' must be ISO8601." },
      ],
      'the token as a bearer': [
        { status: 403, body: '' },
        { status: 404, body: '' },
      ],
      'the token behind another word': [
        { status: 404, body: '' },
        { status: 403, body: '' },
      ],
      // The token comes first.
      'no token, and no JSON': [
        { status: 400, body: expect.stringContaining('Body not valid JSON') },
        { status: 403, body: '' },
      ],
    },
  },
  'the way to a target': {
    routes: {
      '/a': 'TARGET',
      '/a/deep': 'TARGET/below',
      '/b%20r': 'TARGET',
      '/%C3%A9': 'TARGET',
      '/dead': 'DEAD',
      '/q': 'TARGET/x?y=1',
    },
    rows: {
      itself: get('/a'),
      'itself with a query': get('/a?x=/b'),
      'with a slash': get('/a/'),
      'below it': get('/a/x/y?z'),
      'beside it': get('/ab'),
      'above it': get('/'),
      'the longer one': get('/a/deep/x'),
      'an escaped letter': get('/%61/x'),
      'an escaped space': get('/b%20r/x'),
      'other letters': get('/%c3%a9/x'),
      'in upper case': get('/A'),
      nowhere: get('/nowhere?x'),
      'a target that is down': get('/dead/x'),
      'a target with a path and a query': get('/q/z?v=2'),
      health: get('/_chp_healthz'),
      'nearly health': get('/_chp_healthz/'),
      'a redirect': get('/a/redirects'),
      HEAD: { line: 'HEAD /a' },
      POST: { line: 'POST /a/x', body: 'some text' },
      'a client that is a proxy': {
        ...get('/a'),
        lines: [
          'X-Forwarded-For: 192.0.2.1',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: outer',
          'X-Forwarded-Port: 444',
        ],
      },
      'a name of prototypes': get('/constructor'),
      'another name of prototypes': get('/__proto__/x'),
      'a broken path': get('/%'),
      'a broken escape': get('/%E0%A4%A'),
      'a path that is not UTF-8': get('/%FF'),
      'an encoded slash': get('/a%2Fx'),
      'dot segments': get('/x/../a'),
    },
    differences: {
      'a name of prototypes': [
        { status: 500, type: 'text/html' },
        { status: 404, type: 'text/html' },
      ],
      'another name of prototypes': [
        { status: 500, type: 'text/html' },
        { status: 404, type: 'text/html' },
      ],
      'a broken path': [
        { status: 500, type: 'text/html' },
        { status: 400, body: expect.anything() },
      ],
      'a broken escape': [
        { status: 500, type: 'text/html' },
        { status: 400, body: expect.anything() },
      ],
      'a path that is not UTF-8': [
        { status: 500, type: 'text/html' },
        { status: 404, type: 'text/html' },
      ],
      // An encoded slash separates nothing: the target would not be asked for what was decided on.
      'an encoded slash': [
        { status: 200, body: expect.anything() },
        { status: 404, type: 'text/html' },
      ],
      'dot segments': [
        { status: 200, body: expect.anything() },
        { status: 400, body: expect.anything() },
      ],
    },
  },
  '--host-routing': {
    flags: ['--host-routing'],
    routes: { '/a.test': 'TARGET', '/b.test/x': 'TARGET', '/': 'TARGET/other' },
    rows: {
      'a host': get('/x', 'a.test'),
      'a host with a port': get('/x', 'a.test:81'),
      'a host with a path': get('/x/y', 'b.test'),
      'a host with another path': get('/y', 'b.test'),
      'another host': get('/x', 'c.test'),
      'lists them': { api: 'GET /api/routes' },
      'in upper case': get('/x', 'A.TEST'),
      'with a dot': get('/x', 'a.test.'),
    },
    differences: {
      'in upper case': [
        { status: 200, body: expect.objectContaining({ url: '/other/x' }) },
        { status: 200, body: expect.objectContaining({ url: '/x' }) },
      ],
      'with a dot': [
        { status: 200, body: expect.objectContaining({ url: '/other/x' }) },
        { status: 200, body: expect.objectContaining({ url: '/x' }) },
      ],
    },
  },
  '--no-include-prefix': {
    flags: ['--no-include-prefix'],
    routes: { '/a/b': 'TARGET', '/c': 'TARGET/below', '/b%20r': 'TARGET' },
    rows: {
      itself: get('/a/b'),
      'with a query': get('/a/b?x'),
      'below it': get('/a/b/x/y?z'),
      'below a target with a path': get('/c/x'),
      'behind an escape': get('/b%20r/x'),
    },
    differences: {
      'behind an escape': [
        { status: 200, body: expect.objectContaining({ url: '/0r/x' }) },
        { status: 200, body: expect.objectContaining({ url: '/x' }) },
      ],
    },
  },
  '--no-prepend-path --no-x-forward --custom-header --change-origin': {
    flags: [
      ...['--no-prepend-path', '--no-x-forward', '--change-origin'],
      ...['--custom-header', 'X-Mine: a: b ', '--custom-header', ' x-other :c'],
    ],
    routes: { '/a': 'TARGET/below' },
    rows: {
      'below it': get('/a/x'),
      'a client that is a proxy': { ...get('/a'), lines: ['X-Forwarded-For: 192.0.2.1', 'X-Mine: theirs'] },
    },
  },
  '--auto-rewrite --protocol-rewrite --default-target': {
    flags: ['--auto-rewrite', '--protocol-rewrite', 'https', '--default-target', 'TARGET'],
    rows: {
      'lists it': { api: 'GET /api/routes' },
      'a redirect': get('/a/redirects', 'me.test'),
      'something else': get('/a/b'),
    },
  },
  '--timeout --proxy-timeout --keep-alive-timeout': {
    flags: ['--timeout', '60000', '--proxy-timeout', '60000', '--keep-alive-timeout', '9000'],
    routes: { '/a': 'TARGET/below', '/dead': 'DEAD' },
    rows: {
      'below it': get('/a/x'),
      'a target that is down': get('/dead'),
      POST: { line: 'POST /a/x', body: 'some text' },
    },
  },
};

describe.each(Object.entries(GROUPS))('%s', (_title, group) => {
  test('is as with the original', async () => {
    const target = await echo('target');
    const [original, ours] = await Promise.all(
      ['original', 'ours'].map((name) => answers(name, group, target)),
    );
    const { differences = {} } = group;
    for (const title of Object.keys(group.rows)) {
      const [theirs, own] = differences[title] ?? [original[title], original[title]];
      expect([title, original[title]]).toEqual([title, theirs]);
      expect([title, ours[title]]).toEqual([title, own]);
    }
    // A difference that is none any more is to be taken off the list.
    for (const title of Object.keys(differences))
      expect([title, ours[title]]).not.toEqual([title, original[title]]);
  });
});
