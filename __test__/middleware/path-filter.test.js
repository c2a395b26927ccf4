'use strict';

const url = require('node:url');
const { createPathFilter } = require('../../lib/middleware/path-filter.js');
const { pathOf } = require('../../lib/middleware/request-path.js');

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('a plain path', () => {
  test.each([
    ['/api', '/api', true],
    ['/api', '/api/x', true],
    ['/api', '/apix', true],
    ['/api', '/api%2Fx', true],
    ['/api', '/api?x=/y', true],
    ['/api', '/api/../admin', true],
    ['/api', '/x/../api/y', false],
    ['/api', '//evil.example/api/z', false],
    ['/api', '/%61pi/x', false],
    ['/api', '/API/x', false],
    ['/api', '/x?/api', false],
    ['/api', 'http://host/api', true],
    ['/api', '*', false],
    ['/api', '?/api', false],
    ['/api', '', false],
    ['/api', undefined, false],
    ['api', '/api', false],
    ['', '/anything', true],
    ['', '', true],
    ['/', '/anything', true],
    ['/é', '/é/x', true],
    ['/\ud83d', '/😀', true],
    ['/a?', '/a', false],
    ['/(a|b)', '/(a|b)/c', false],
    ['/:id', '/:id', true],
    ['/a+b', '/a+b/c', true],
    [undefined, '/', true],
    [undefined, '*', false],
  ])('%j lets %j through: %j', (filter, requested, expected) => {
    expect(createPathFilter(filter)(requested)).toBe(expected);
  });

  test('is enough in a list if one of them fits', () => {
    const matches = createPathFilter(['/api', '/ajax']);
    expect(['/ajax/x', '/api', '/rest'].map((path) => matches(path))).toEqual([true, true, false]);
  });

  test('is read from a list when the filter is made', () => {
    const list = ['/api'];
    const matches = createPathFilter(list);
    list.push('/ajax');
    expect(matches('/ajax')).toBe(false);
  });
});

describe('a glob', () => {
  test.each([
    ['/api/**', '/api/a/b?c=.d', true],
    ['/api/**', '/api/a#.b', true],
    ['/api/**', '/api/.hidden', false],
    ['/api/*.json', '/api/a.json?b', true],
    ['/api/*', '//host/api/x', false],
    [['/api/**', '!**/bad.json'], '/api/bad.json', false],
    [['!**/bad.json', '/api/**'], '/api/bad.json', true],
    ['/api*/??', '/api/😀', true],
    ['/api*/?', '/api/\ud83d', true],
    ['/api*/?', '/api/\xe9', true],
    ['/api*/?', '/api/😀', false],
  ])('%j lets %j through: %j', (filter, requested, expected) => {
    expect(createPathFilter(filter)(requested)).toBe(expected);
  });

  test.each([[''], ['?a=b'], [undefined]])(
    'says about the request target %j what micromatch says',
    (requested) => {
      const matches = createPathFilter('/api/**');
      if (requested === '') expect(matches(requested)).toBe(false);
      else expect(() => matches(requested)).toThrow(new TypeError('Expected input to be a string'));
    },
  );

  test('answers a path at once that its expression would be tried on in billions of ways', () => {
    const path = `/api/${'-'.repeat(16_000)}`;
    for (const filter of [
      '/api/*-*-*-*-b',
      '/api/**/*-*-*-b',
      '!/api/*-*-*-*-b',
      '/api/+(-|--|---)b',
      '/api/*(-|+(-))b',
    ]) {
      expect(createPathFilter(filter)(path)).toBe(filter.startsWith('!'));
    }
  });

  test.each([['/*[a\\\\\\\\'], ['*\\\\\\\\'], ['/*[][:alpha:']])(
    '%j, which cannot be read to its end, is refused',
    (filter) => {
      const before = process.memoryUsage().rss;
      expect(() => createPathFilter(['/a*', filter])).toThrow(
        new SyntaxError(`The pathFilter ${JSON.stringify(filter)} never ends`),
      );
      expect(process.memoryUsage().rss - before).toBeLessThan(500 * 1024 * 1024);
    },
  );

  test.each([['/a*\\'], ['/a*:'], ['a*\\\\\\\\']])('%j, which ends in the same way, is not', (filter) => {
    expect(createPathFilter([filter])(filter)).toBe(filter.startsWith('/a*:'));
  });
});

describe('a function', () => {
  test('is given the path and the request', () => {
    const filter = jest.fn(() => 'yes');
    const req = {};
    expect(createPathFilter(filter)('/a%20b?c', req)).toBe(true);
    expect(filter.mock.calls).toEqual([['/a%20b', req]]);
    expect(filter.mock.calls[0][1]).toBe(req);
  });

  test.each([[''], [null], [undefined], [0], [false]])('lets nothing through with %j', (answer) => {
    expect(createPathFilter(() => answer)('/')).toBe(false);
  });

  test('that throws fails the request with just that', () => {
    const error = new Error('mine');
    const matches = createPathFilter(() => {
      throw error;
    });
    expect(() => matches('/')).toThrow(error);
  });

  test('that is asynchronous always matches, and its rejection is reported', async () => {
    const report = jest.fn();
    const error = new Error('mine');
    expect(createPathFilter(async () => false, report)('/')).toBe(true);
    expect(createPathFilter(() => Promise.reject(error), report)('/')).toBe(true);
    await tick();
    expect(report.mock.calls).toEqual([[error]]);
  });

  test.each([[undefined], [null], [Symbol('mine')], [Object.create(null)]])(
    'that rejects with %p gives one warning, however often it does so',
    async (reason) => {
      const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
      const matches = createPathFilter(() => Promise.reject(reason));
      try {
        matches('/');
        matches('/');
        await tick();
        expect(emit).toHaveBeenCalledTimes(1);
      } finally {
        emit.mockRestore();
      }
    },
  );
});

describe('anything else', () => {
  const mixed = {
    name: 'HttpProxyMiddlewareError',
    code: 'HPM_INVALID_PATH_FILTER_ARRAY_CONFIG',
    message:
      '[HPM] Invalid pathFilter. Plain paths (e.g. "/api") can not be mixed with globs (e.g. "/api/**"). Expecting something like: ["/api", "/ajax"] or ["/api/**", "!**.html"].',
  };
  const invalid = {
    name: 'HttpProxyMiddlewareError',
    code: 'HPM_INVALID_PATH_FILTER_CONFIG',
    message: '[HPM] Invalid pathFilter. Expecting something like: "/api" or ["/api", "/ajax"]',
  };

  test.each([[['/api', '/api/**']], [['/api/**', '']], [[undefined]], [[/a/]], [[['/api']]], [new Array(1)]])(
    'the list %p is refused',
    (filter) => {
      expect(() => createPathFilter(filter)).toThrow(expect.objectContaining(mixed));
    },
  );

  test.each([[null], [7], [{}], [/api/], [true], [Symbol('api')], [new String('/api')]])(
    '%p is refused',
    (filter) => {
      expect(() => createPathFilter(filter)).toThrow(expect.objectContaining(invalid));
    },
  );

  test('an empty list lets nothing through', () => {
    expect(createPathFilter([])('/')).toBe(false);
  });
});

test.each([
  ...[
    '/',
    '/a',
    '/a?b',
    '/a?',
    '/a#b',
    '/a#b?c',
    '/a?b#c',
    '?a',
    '#a',
    '',
    '*',
    '/%',
    '/%2',
    '/a%20b',
    '/a b',
    '/a\tb',
    '/a ',
    ' /a',
  ],
  ...[
    '//',
    '//a',
    '//a/b',
    '//a@b/c',
    '//a@b',
    '///a',
    '////a',
    '/a@b',
    '/a@b|c',
    '/a|b',
    '/a|b#',
    '/a\\b',
    '/a?b\\c',
    '\\a',
    '/{a}',
  ],
  ...[
    '/a"b',
    "/a'b",
    '/<a>',
    '/`a',
    '/^a',
    '/a;b',
    '/a:b',
    '/:a',
    'a/b',
    'a:b',
    'http://a/b',
    'http://a',
    'http://a?b',
    'HTTP://a:1/b',
  ],
  ...[
    'http://a\\b',
    'https:/a',
    'javascript:a',
    'mailto:a@b',
    'a.b:443',
    '/é',
    '/\ud83d',
    '/😀?é',
    '/\u00a0',
    '/a\u2028b',
    '/a\ufeff',
  ],
  ...['/a?b c', '/a?b\nc', '/a?{b}', '/a/./b/../c', '/a//b'],
])('the path part of the request target %j is that of the legacy parser', (requested) => {
  expect(pathOf(requested)).toBe(requested === '' ? '' : url.parse(requested).pathname);
});

test.each([['http://a b:c'], ['http://[::1'], ['//x@y:z/a']])(
  'the request target %j fails or has a path',
  (requested) => {
    let expected;
    try {
      expected = url.parse(requested).pathname;
    } catch (error) {
      expect(() => pathOf(requested)).toThrow(error.message);
      return;
    }
    expect(pathOf(requested)).toBe(expected);
  },
);
