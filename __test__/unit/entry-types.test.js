'use strict';

/** The declarations say what there is, for `import` as for `require`. That they compile in every set-up is a gate of `npm run lint`. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ts = require('typescript5');
const HttpProxy = require('rs-proxy-middleware');

const ROOT = path.join(__dirname, '..', '..');
const FILES = ['index.d.ts', 'index.d.mts'].map((name) => path.join(ROOT, name));

const program = ts.createProgram(FILES, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
});
const checker = program.getTypeChecker();
const [required, imported] = FILES.map((file) => {
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(file));
  return new Map(checker.getExportsOfModule(symbol).map((name) => [name.getName(), name]));
});

/** Names that have a value, not only a type. */
function values(symbols) {
  const isValue = (symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return (target.flags & ts.SymbolFlags.Value) !== 0;
  };
  return [...symbols].filter(([, symbol]) => isValue(symbol)).map(([name]) => name);
}

test('import and require see the same names', () => {
  const own = [...required.keys()].filter((name) => name !== 'prototype');
  expect([...imported.keys()].sort()).toEqual(own.sort());
});

test('every name that has a value is there, and every one that is there is declared', () => {
  // @types/http-proxy calls the class so; in http-proxy itself there is no such name.
  const declared = values(imported).filter((name) => name !== 'Server');
  expect(declared.sort()).toEqual(Object.keys(HttpProxy).sort());
});

test.each(['ServerOptions', 'ProxyFetchOptions'])('every option of %s is described', (name) => {
  const options = checker.getDeclaredTypeOfSymbol(imported.get(name)).getProperties();
  const bare = options.filter((option) => option.getDocumentationComment(checker).length === 0);
  expect(options.length).toBeGreaterThan(5);
  expect(bare.map((option) => option.getName())).toEqual([]);
});

describe('the paths of the package', () => {
  const RESOLUTIONS = ts.ModuleResolutionKind;
  const settings = [
    ['node10', { module: ts.ModuleKind.CommonJS, moduleResolution: RESOLUTIONS.Node10 }],
    ['nodenext', { module: ts.ModuleKind.NodeNext, moduleResolution: RESOLUTIONS.NodeNext }],
    ['bundler', { module: ts.ModuleKind.ESNext, moduleResolution: RESOLUTIONS.Bundler }],
  ];
  const paths = {
    '': 'index.d.ts',
    '/dist': 'index.d.ts',
    '/dist/index.js': 'index.d.ts',
    '/dist/types': 'index.d.ts',
    '/dist/types.js': 'index.d.ts',
    '/hono': 'lib/adapters/hono.d.ts',
    '/legacy': 'lib/middleware/legacy/index.d.ts',
    '/lib/http-proxy': 'index.d.ts',
    '/register': 'lib/register/index.d.ts',
    '/vite': 'lib/vite/index.d.ts',
  };
  let folder;

  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'types-'));
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'http-proxy-middleware'), 'junction');
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  const all = settings.flatMap(([name, options]) =>
    Object.entries(paths).map(([deep, file]) => [name, deep, file, options]),
  );

  test.each(all)('%s finds the types of %p', (name, deep, file, options) => {
    const from = path.join(folder, 'user.cts');
    const found = ts.resolveModuleName(`http-proxy-middleware${deep}`, from, options, ts.sys).resolvedModule;
    // Those for `import` say the same.
    const declared = found && path.relative(ROOT, found.resolvedFileName).replace(/\.mts$/, '.ts');
    expect(declared).toBe(path.normalize(file));
  });
});
