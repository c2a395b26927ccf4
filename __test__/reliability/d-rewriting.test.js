'use strict';

/** What is rewritten of an answer, and redirects that are followed, over each way to the target: nothing that it says can break it. */

const { proxyServer } = require('../support/faces.js');
const { faultBench, request, statusOf } = require('../support/faults.js');
const { closeAll, keepingAgent, rawExchange } = require('../support/peers.js');
const { UPSTREAM_WAYS } = require('../support/upstream-ways.js');

afterEach(closeAll);

/** No places at all: they are passed on as they are. */
const STRANGE = [
  'javascript:alert(1)',
  'http://[bad',
  'http://',
  'http://u:p@h:99999/',
  `${'x'.repeat(10_000)}:`,
];
/** Places, but odd ones: what becomes of them is one line. */
const ODD = [
  '//evil.test/x',
  '/a%0d%0aSet-Cookie:%20x=1',
  'relative/../path',
  '?',
  '#',
  '\\\\evil.test',
  `/${'x'.repeat(9000)}`,
];
const LOCATIONS = [...STRANGE, ...ODD];
const COOKIES = [
  ';;;domain=',
  'a=b; DOMAIN = .old.test ;Path=/;;',
  `${'a=b; '.repeat(1000)}domain=old.test`,
  'domain=old.test',
  '=;=;=',
  `a=${'x'.repeat(6000)}; path=/old`,
];

describe.each(Object.entries(UPSTREAM_WAYS))('%s', (_way, targetOf) => {
  test('D-37 odd Location fields, with every option that rewrites them', async () => {
    const { options } = await targetOf((one) => {
      one.head(302, { location: LOCATIONS[Number(one.path.slice(1))], 'content-length': '0' });
      one.end();
    });
    const rewriting = { hostRewrite: 'public.test', autoRewrite: true, protocolRewrite: 'https' };
    const { port } = await proxyServer({ ...options, ...rewriting });
    const agent = keepingAgent();
    for (const [i, location] of LOCATIONS.entries()) {
      const answer = await request(agent, port, { path: `/${i}` });
      expect(answer.status).toBe(302);
      if (i < STRANGE.length) expect(answer.headers.location).toBe(location);
      else expect(answer.headers.location).toMatch(/^[\x21-\x7e]+$/);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
  });

  test('D-42 odd Set-Cookie fields, with the options that rewrite them', async () => {
    const { options } = await targetOf((one) => {
      one.head(200, { 'set-cookie': COOKIES[Number(one.path.slice(1))], 'content-length': '4' });
      one.end('good');
    });
    const rewriting = {
      cookieDomainRewrite: { 'old.test': 'new.test' },
      cookiePathRewrite: { '/old': '/new' },
    };
    const { port } = await proxyServer({ ...options, ...rewriting });
    const agent = keepingAgent();
    for (const [i, cookie] of COOKIES.entries()) {
      const answer = await request(agent, port, { path: `/${i}` });
      expect(answer).toMatchObject({ status: 200, text: 'good' });
      const [got] = answer.headers['set-cookie'];
      // Only what is an attribute is rewritten; the length says that nothing else was touched.
      expect(Math.abs(got.length - cookie.length)).toBeLessThanOrEqual(1);
    }
  });

  test('D-49 redirects without end: 21 are followed, or as many as the option says', async () => {
    let asked = 0;
    const { options } = await targetOf((one) => {
      asked += 1;
      one.head(302, { location: one.path === '/a' ? '/b' : '/a', 'content-length': '0' });
      one.end();
    });
    const endless = await faultBench('event', { ...options, changeOrigin: true, followRedirects: true });
    const get = 'GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    expect(statusOf(await rawExchange(endless.port, get))).toBe(502);
    expect([asked, endless.failures.length]).toEqual([22, 1]);
    asked = 0;
    const counted = await faultBench('event', { ...options, changeOrigin: true, followRedirects: 3 });
    expect(statusOf(await rawExchange(counted.port, get))).toBe(302);
    expect(asked).toBe(4);
  });
});
