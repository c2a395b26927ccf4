'use strict';

/** The ways into the package: `import` and `require` by its name, with and without `new`. */

const { EventEmitter } = require('node:events');
const entry = require('rs-proxy-middleware');
const { runChild } = require('../support/child.js');
const { closeAll } = require('../support/peers.js');

afterEach(closeAll);

const NAMES = Object.keys(entry).filter((name) => name !== 'default');

describe('import, in a process of its own', () => {
  let seen;

  beforeAll(async () => {
    const { code, stdout, stderr } = await runChild('entries.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    seen = JSON.parse(stdout);
  });

  test('gives every name, and a default', () => {
    expect(seen.exported).toEqual([...seen.requiredNames, 'module.exports'].sort());
    expect(seen.isWhole).toBe(true);
  });

  test('finds every name in the CommonJS file, too', () => {
    expect(seen.bareNames).toEqual(expect.arrayContaining(seen.requiredNames));
  });

  test('gives the very functions that require gives: there is one instance of the package', () => {
    expect(seen).toMatchObject({ sameAsRequired: NAMES, sameAsDefault: NAMES, defaultIsRequired: true });
  });

  test('makes proxies that are instances of the class, however they are made, with the options they were given', () => {
    expect(seen.instances).toEqual(Object.keys(seen.answers).slice(0, 6));
    expect(seen.keepOptions).toBe(true);
  });

  test('makes proxies and middlewares that proxy', () => {
    expect(Object.keys(seen.answers)).toHaveLength(9);
    expect(new Set(Object.values(seen.answers))).toEqual(new Set(['200 /a?b']));
  });
});

describe('require', () => {
  test('by name and by path give the same', () => {
    expect(entry).toBe(require('../../index.js'));
  });

  test('gives functions that can be replaced, as mocks do', () => {
    for (const name of NAMES) {
      expect(Object.getOwnPropertyDescriptor(entry, name)).toMatchObject({
        value: expect.any(Function),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  });
});

describe('a proxy', () => {
  const options = { target: 'http://127.0.0.1:1' };

  test.each([
    ['createProxyServer()', () => entry.createProxyServer(options)],
    ['new createProxyServer()', () => new entry.createProxyServer(options)],
    ['new ProxyServer()', () => new entry.ProxyServer(options)],
  ])('of %s', (_how, make) => {
    const proxy = make();
    expect(proxy).toBeInstanceOf(entry.ProxyServer);
    expect(proxy).toBeInstanceOf(EventEmitter);
    expect(proxy.options).toBe(options);
    // Users replace it, and call it without its object.
    expect(Object.getOwnPropertyDescriptor(proxy, 'web')).toMatchObject({ writable: true, enumerable: true });
  });

  test.each([[undefined], [null], [{}]])('may be made of %p and be given its target later', (none) => {
    expect(entry.createProxyServer(none).options).toEqual({});
  });

  test('may be made of options that are frozen', () => {
    const frozen = Object.freeze({ ...options });
    expect(entry.createProxyServer(frozen).options).toBe(frozen);
  });
});
