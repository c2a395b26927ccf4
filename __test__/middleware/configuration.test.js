'use strict';

/** What is said of wrong options when a middleware is made. */

const { createProxyMiddleware } = require('../../index.js');
const { ORIGINALS } = require('../support/middlewares.js');

const target = 'http://127.0.0.1:1';

function thrownBy(make) {
  try {
    make();
  } catch (error) {
    return error;
  }
  return undefined;
}

const shape = (error) => error && { name: error.name, message: error.message, code: error.code };

describe('as version 4 says it', () => {
  test.each([
    ['no target', {}],
    ['a target that is null', { target: null }],
    ['a forward alone', { forward: target }],
    ['pathRewrite of a text', { target, pathRewrite: 'x' }],
    ['pathRewrite of an array', { target, pathRewrite: [] }],
    ['pathRewrite of a number', { target, pathRewrite: 5 }],
    ['pathRewrite that is no expression', { target, pathRewrite: { '(': '' } }],
    ['on with a falsy listener', { target, on: { proxyReq: undefined, error: null } }],
    ['a router alone', { router: {} }],
    ['a router and an empty target', { router: { '/a': target }, target: '' }],
    ['pathFilter that is none', { target, pathFilter: 5 }],
    ['pathFilter of both kinds', { target, pathFilter: ['/api', '/api/**'] }],
    ['empty tables', { target, pathRewrite: {}, router: {}, on: {}, plugins: [] }],
    ['nothing where something may be', { target, pathRewrite: null, plugins: undefined, logger: undefined }],
  ])('%s', async (_case, options) => {
    const theirs = await ORIGINALS[4]();
    const [ours, other] = [createProxyMiddleware, theirs.createProxyMiddleware].map((make) =>
      shape(thrownBy(() => make(options))),
    );
    expect(ours).toEqual(other);
  });

  test('no options at all', () => {
    expect(shape(thrownBy(() => createProxyMiddleware()))).toEqual({
      name: 'HttpProxyMiddlewareError',
      message: '[HPM] Missing "target" option. Example: {target: "http://www.example.org"}',
      code: 'ERR_CONFIG_FACTORY_TARGET_MISSING',
    });
  });
});

test.each([
  ['router', 'table'],
  ['router', new Map()],
  ['router', ['/a']],
  ['router', 5],
  ['plugins', {}],
  ['plugins', [5]],
  ['plugins', () => {}],
  ['on', 5],
  ['on', 'error'],
  ['on', { proxyReq: 5 }],
  ['logger', 5],
  ['logger', {}],
  ['logger', { info() {} }],
  ['onError', {}],
  ['onProxyReq', 'x'],
])('what could not work is refused by name: %s: %p', (name, value) => {
  const error = thrownBy(() => createProxyMiddleware({ target, [name]: value }));
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: 'ERR_PROXY_INVALID_OPTION', option: name });
  expect(error.message).toMatch(new RegExp(`\\b${name}\\b`));
});

test('the function has three parameters, an upgrade of three, and needs no this', () => {
  const middleware = createProxyMiddleware({ target });
  expect(middleware).toHaveLength(3);
  expect(middleware.upgrade).toHaveLength(3);
  expect(middleware.constructor.name).toBe('AsyncFunction');
});
