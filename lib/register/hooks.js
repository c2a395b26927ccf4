'use strict';

const Module = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { askedFor, forVersion, pathOf, sayMissing, urlOf, warn } = require('./replacements.js');

/** Once for each thread, however often the entry is named. */
function install() {
  if (Module[INSTALLED]) return;
  Module[INSTALLED] = true;
  sayLoaded();
  if (Module.registerHooks) {
    Module.registerHooks({ resolve });
    return;
  }
  redirectRequire();
  Module.register('./import-hooks.mjs', pathToFileURL(__filename));
}

/** Of the package's other copies, too. */
const INSTALLED = Symbol.for('rs-proxy-middleware.register');

/** What was loaded before keeps what it has; only a preloaded hook comes before everything else. */
function sayLoaded() {
  const names = Object.keys(Module._cache).map((file) => LOADED.exec(file)?.[1]);
  for (const name of new Set(names)) {
    if (name !== undefined) warn(`${name} was loaded before and stays; use node --import or --require`);
  }
}

const LOADED = /[\\/]node_modules[\\/](http-proxy(?:-3|-middleware)?|httpxy)[\\/]/;

/** For `require` and `import` alike. */
function resolve(specifier, context, nextResolve) {
  const asked = askedFor(specifier);
  if (asked === null) return nextResolve(specifier, context);
  if (asked.replacement === undefined) {
    sayMissing(specifier);
    return nextResolve(specifier, context);
  }
  const original = () => fileURLToPath(nextResolve(specifier, context).url);
  const file = replacementFor(asked, original);
  const kind = context.conditions.includes('import') ? 'import' : 'require';
  return { url: urlOf(file[kind]), shortCircuit: true };
}

/** Before Node 22.15 there are hooks for `import` alone. */
function redirectRequire() {
  const { _resolveFilename: resolveFilename } = Module;
  Module._resolveFilename = function redirected(specifier, ...rest) {
    const original = () => resolveFilename.call(this, specifier, ...rest);
    const asked = askedFor(specifier);
    if (asked === null) return original();
    if (asked.replacement !== undefined) return pathOf(replacementFor(asked, original).require);
    sayMissing(specifier);
    return original();
  };
}

function replacementFor({ isVersioned, replacement }, original) {
  return isVersioned ? forVersion(foundOrNot(original)) : replacement;
}

/** An original that is not installed is no obstacle. */
function foundOrNot(original) {
  try {
    return original();
  } catch (error) {
    if (NOT_FOUND.has(error.code)) return undefined;
    throw error;
  }
}

const NOT_FOUND = new Set(['ERR_MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED', 'MODULE_NOT_FOUND']);

module.exports = { NOT_FOUND, install };
